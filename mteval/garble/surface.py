"""Signs on the surface of a text: torn hyphens, stray spaces, broken characters.

Each is an artefact of a tool rather than a proof of bad language, so all share one family: together they make a text
suspect and never more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mteval.garble.base import Evidence, Family, Signal, Text
from mteval.garble.settings import check_strength, word_set
from mteval.gate import entities
from mteval.lang import base_language

# What may stand right of a hyphen that hangs a word back: European languages write it only in lists ("pre- and
# post-war" hangs the other way), as a dash with a space on both sides, before numbers, and before options (" -v").
_DETACHED = re.compile(r"(?<=[^\W\d_]) [-‐‑][^\W\d_]{2,}")
_SECOND_DASH = re.compile(r"[^-‐‑.!?;:]{0,80}[-‐‑](?=[\s,.;:!?]|\Z)")
_LEFT_WORD = re.compile(r"[^\W\d_]+\Z")

# Object pronouns that Portuguese and Romanian join to a verb with a hyphen.
_CLITICS = {
    "pt": word_set(
        "se me te lhe lhes nos vos lo la los las no na nas os as mo ma mos mas lho lha ei ás emos eis ão ia"
    ),
    "ro": word_set("se mi ți ţi îi i l o le ne vă va le i-o l-a și şi"),
}


@dataclass(frozen=True)
class DetachedHyphens(Signal):
    """Sees a hyphen torn off the word before it: ``segunda -feira``, ``disse -lhe``.

    Args:
        strength: of one torn word.
        clitic_strength: of one torn pronoun (Portuguese and Romanian), which cannot be a dash put carelessly.

    Raises:
        ConfigError: a strength is not above 0 and up to 1.
    """

    strength: float = 0.4
    clitic_strength: float = 0.5

    def __post_init__(self) -> None:
        check_strength("garble.detached_hyphens.strength", self.strength)
        check_strength("garble.detached_hyphens.clitic_strength", self.clitic_strength)

    @property
    def family(self) -> Family:
        return "surface"

    def blind(self, text: Text) -> str | None:
        return None

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        clitics = _CLITICS.get(base_language(text.language), frozenset())
        for line in text.lines:
            for match in _DETACHED.finditer(line.text):
                right = match.group()[2:]
                if not (right.islower() or right.istitle()):  # "-AudioStream": code
                    continue
                if _is_dash(line.text, match.end()):
                    continue
                # 60 characters are longer than any word and keep the scan linear on a text without spaces
                found = _LEFT_WORD.search(line.text[max(0, match.start() - 60) : match.start()])
                start = match.start() - len(found.group()) if found else match.start()
                strength = self.clitic_strength if right.casefold() in clitics else self.strength
                message = f"The hyphen in “{line.text[start : match.end()]}” is torn off the word before it."
                yield Evidence(name, self.family, line.segment, start, match.end(), strength, message)


def _is_dash(text: str, end: int) -> bool:
    """Whether the hyphen before the word that ends here is a dash put carelessly: ``ele -como eu- veio``."""
    return bool(_SECOND_DASH.match(text, end))


_STRAY = re.compile(r"(?<=\w) (?:[,;](?=\s|\Z)|\.(?=\s+[^\W\d_]|\s*\Z))|(?<=[^\W\d_])  +(?=[^\W\d_])")


@dataclass(frozen=True)
class Spacing(Signal):
    """Sees a space before a comma, semicolon or full stop, and a gap of several spaces between two words.

    A text that puts a space before *all* its commas and full stops was tokenised, by people or tools, and says nothing.

    Args:
        strength: of one stray space before a mark.
        gap_strength: of one gap of several spaces.
        tokenised_share: the share of commas, semicolons and full stops with a space before them from which a text
            counts as tokenised.

    Raises:
        ConfigError: a setting is not above 0 and up to 1.
    """

    strength: float = 0.05
    gap_strength: float = 0.1
    tokenised_share: float = 0.5

    def __post_init__(self) -> None:
        check_strength("garble.spacing.strength", self.strength)
        check_strength("garble.spacing.gap_strength", self.gap_strength)
        check_strength("garble.spacing.tokenised_share", self.tokenised_share)

    @property
    def family(self) -> Family:
        return "surface"

    def blind(self, text: Text) -> str | None:
        if base_language(text.language) == "fr":
            return "French rightly puts spaces before punctuation"
        spaced = sum(len(re.findall(r"\w [,;.]", line.text)) for line in text.lines)
        joined = sum(len(re.findall(r"\w[,;.]", line.text)) for line in text.lines)
        if spaced > 2 and spaced >= self.tokenised_share * (spaced + joined):
            return "the text is tokenised: spaces before punctuation are its style"
        return None

    def look(self, name: str, text: Text) -> Iterable[Evidence]:
        for line in text.lines:
            for match in _STRAY.finditer(line.text):
                around = line.text[max(0, match.start() - 15) : match.end() + 10].strip()
                if match.group().isspace():
                    strength, said = self.gap_strength, f"Several spaces stand between two words in “…{around}…”."
                else:
                    mark = match.group().strip()
                    strength, said = self.strength, f"A space stands before “{mark}” in “…{around}…”."
                yield Evidence(name, self.family, line.segment, *match.span(), strength, said)


# UTF-8 read as Windows-1252 or Latin-1: Ã followed by a continuation byte's character, and the same for Ä, Å, È, â€.
_MOJIBAKE = re.compile(
    r"(?<![A-ZÀ-Ý])(?:Ã[\u0080-\u00bfŠŒŽšœžŸƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]|Ä[\u0080-\u0083ƒ‚]|È[\u0098-\u009b˜™š›]|Å[\u009e\u009f\u00a0-\u00a3žŸ]|"
    r"â€[\u0080-\u00bf˜™šœžŸ“”¦¢]|Â[\u00a0-\u00bf])+"
)
_LOST = re.compile("�+")


@dataclass(frozen=True)
class BrokenCharacters(Signal):
    """Sees HTML entities, UTF-8 that was read in another encoding (``informaÃ§Ã£o``) and characters that were lost.

    Entities in a hypothesis whose source has them too are the source's and not reported.

    Args:
        entity_strength: of one HTML entity.
        mojibake_strength: of one run of wrongly decoded or lost characters.

    Raises:
        ConfigError: a strength is not above 0 and up to 1.
    """

    entity_strength: float = 0.03
    mojibake_strength: float = 0.4

    def __post_init__(self) -> None:
        check_strength("garble.broken_characters.entity_strength", self.entity_strength)
        check_strength("garble.broken_characters.mojibake_strength", self.mojibake_strength)

    @property
    def family(self) -> Family:
        return "surface"

    def blind(self, text: Text) -> str | None:
        return None

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        for line in text.lines:
            if not (line.source and entities(line.source)):
                for start, end in entities(line.text):
                    message = f"“{line.text[start:end]}” is an HTML entity where a character should stand."
                    yield Evidence(name, self.family, line.segment, start, end, self.entity_strength, message)
            for pattern, said in ((_MOJIBAKE, "is text read in a wrong encoding"), (_LOST, "stands for a lost letter")):
                for match in pattern.finditer(line.text):
                    message = f"“{match.group()}” {said}, in “{_word_at(line.text, *match.span())}”."
                    yield Evidence(name, self.family, line.segment, *match.span(), self.mojibake_strength, message)


def _word_at(text: str, start: int, end: int) -> str:
    left = text[max(0, start - 20) : start].rpartition(" ")[2]
    return left + text[start:end] + text[end : end + 20].partition(" ")[0]
