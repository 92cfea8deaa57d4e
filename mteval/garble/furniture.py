"""Signs that a page's furniture stands in a text: navigation, forms, calls to share or subscribe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mteval.garble.base import Evidence, Family, Signal, Text
from mteval.garble.settings import check_strength
from mteval.lang import base_language

# What stands alone in a line, or begins it, on web pages of each language; English stands on pages of all.
_SAID: Mapping[str, str] = {
    "en": (
        r"leave a (?:reply|comment)|(?:post|add|write) (?:a )?comment|please enter your (?:comment|name|e-?mail)|"
        r"save my name,? e-?mail|log ?in to (?:reply|comment)|share (?:this|on|via)\b|(?:read|see|load) (?:more|also)$|"
        r"read (?:more|also):|read more (?:about|on)\b|click here|subscribe (?:to|now|for)|sign up (?:for|now)|"
        r"follow us|all rights reserved|(?:we|this (?:web)?site) uses? cookies|accept (?:all )?cookies|"
        r"skip to (?:main )?content|related (?:articles|posts)|advertisement$|copyright ©|privacy policy$|"
        r"terms of (?:use|service)$|previous article|next article"
    ),
    "pt": (
        r"deixe (?:um|o seu|seu) coment[áa]rio|comentar$|compartilh(?:e|ar)\b|partilh(?:e|ar)\b|"
        r"(?:leia|saiba|veja|ver) (?:mais|também)$|(?:leia|veja) (?:mais|também)(?::| sobre\b)|clique aqui|"
        r"assine (?:j[áa]|a nossa)|inscreva-se|siga-nos|todos os direitos reservados|"
        r"(?:este site|n[óo]s) (?:usa|utiliza)(?:mos)? cookies|aceitar (?:todos os )?cookies|ir para o conte[úu]do|"
        r"publicidade$|continua depois da publicidade|pol[íi]tica de privacidade$|termos de (?:uso|serviço)$|"
        r"artigos? (?:anterior|relacionados?)"
    ),
    "ro": (
        r"las[ăa] un (?:comentariu|r[ăa]spuns)|(?:adaug[ăa] (?:un )?)?comentariu$|comenteaz[ăa]$|distribuie\b|"
        r"(?:cite[șşs]te|vezi|afl[ăa]) (?:mai (?:mult|multe|departe)|[șşs]i)\b|click aici|aboneaz[ăa]-te|"
        r"urm[ăa]re[șşs]te-ne|toate drepturile rezervate|acest site (?:folose[șşs]te|utilizeaz[ăa]) cookie|"
        r"accept[ăa] (?:toate )?cookie|sari la con[țţt]inut|publicitate$|politica de confiden[țţt]ialitate$|"
        r"termeni [șşs]i condi[țţt]ii$|articol(?:ul)? (?:anterior|urm[ăa]tor)|articole similare"
    ),
}
_PATTERNS = {language: re.compile(rf"\W*({said})", re.IGNORECASE) for language, said in _SAID.items()}
_LONGEST = 120
"""Characters of a line that may be furniture: what is longer is somebody's sentence."""


@dataclass(frozen=True)
class PageFurniture(Signal):
    """Sees lines of a page's furniture inside a text: ``Leave a reply``, ``Leia também:``, ``Distribuie``.

    It says that the text was taken off a page carelessly, and little of the language in it. What the source has too is
    the source's and not reported.

    Args:
        strength: of one line.

    Raises:
        ConfigError: the strength is not above 0 and up to 1.
    """

    strength: float = 0.05

    def __post_init__(self) -> None:
        check_strength("garble.page_furniture.strength", self.strength)

    @property
    def family(self) -> Family:
        return "surface"

    def blind(self, text: Text) -> str | None:
        return None

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        for line in text.lines:
            if line.source is not None and _furniture(line.source, text.source_language):
                continue
            if (match := _furniture(line.text, text.language)) is not None:
                message = f"“{match.group(1)}” is furniture of a page, not part of a text."
                yield Evidence(name, self.family, line.segment, *match.span(1), self.strength, message)


def _furniture(text: str, language: str | None) -> re.Match[str] | None:
    if len(text) > _LONGEST:
        return None
    patterns = (_PATTERNS.get(base_language(language)) if language else None, _PATTERNS["en"])
    return next((match for one in patterns if one is not None and (match := one.match(text.rstrip()))), None)
