"""The languages that encoders were pre-trained on, by the encoder's name: outside them a learned metric is a guess.

Codes are base codes, as ``mteval.lang.base_language`` gives them. Where an encoder names a macrolanguage (Arabic,
Swahili), the member that FLORES and NTREX write instead (``arb``, ``swh``) is in the set too. Romanised variants are
not languages of their own here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mteval.errors import ConfigError
from mteval.lang import base_language, check_code

# The model cards of facebook/xlm-roberta-xl and -xxl, which name the languages of XLM-R (Conneau et al. 2020): 93, and
# 100 with traditional Chinese, Burmese in Zawgyi and five romanised variants. Their `tl` is `fil` here.
_XLM_R = (
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fil fr fy ga gd gl gu ha he hi hr hu hy id "
    "is it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt ro ru sa sd si sk "
    "sl so sq sr su sv sw ta te th tr ug uk ur uz vi xh yi zh"
)
# The model card of google/rembert (Chung et al. 2021, "Rethinking embedding coupling in pre-trained language models"):
# it speaks of 110 languages, and names these 103. Its `iw` is `he` here.
_REMBERT = (
    "af am ar az be bg bn bs ca ceb co cs cy da de el en eo es et eu fa fi fil fr fy ga gd gl gu ha haw he hi hmn hr "
    "ht hu hy id ig is it ja jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my ne nl no ny pa pl ps "
    "pt ro ru sd si sk sl sm sn so sq sr st su sv sw ta te tg th tr uk ur uz vi xh yi yo zh zu"
)
# The model card of google/mt5-xl (Xue et al. 2021, "mT5"): mC4's 101 languages. Its `iw` is `he` here.
_MT5 = (
    "af am ar az be bg bn ca ceb co cs cy da de el en eo es et eu fa fi fil fr fy ga gd gl gu ha haw he hi hmn ht hu "
    "hy id ig is it ja jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my ne nl no ny pa pl ps pt ro ru "
    "sd si sk sl sm sn so sq sr st su sv sw ta te tg th tr uk ur uz vi xh yi yo zh zu"
)
# Multilingual BERT's list (https://github.com/google-research/bert, multilingual.md), the cased model's: 104, of which
# two are Chinese, two are `sr` here, and Norwegian is Bokmål and Nynorsk.
_MBERT = (
    "af an ar ast az azb ba bar be bg bn bpy br bs ca ce ceb cs cv cy da de el en es et eu fa fi fil fr fy ga gl gu he "
    "hi hr ht hu hy id io is it ja jv ka kk kn ko ky la lb lmo lt lv mg min mk ml mn mr ms my nb nds ne new nl nn no "
    "oc pa pl pms pnb pt ro ru scn sco sk sl sq sr su sv sw ta te tg th tr tt uk ur uz vi vo war yo zh"
)
# What was added to XLM-R by Davlan/afro-xlmr-large (Alabi et al. 2022), by its model card,
_AFRO = "af am ar en fr ha ig mg ny om pcm rn rw sn so st sw xh yo zu"
# and by Davlan/afro-xlmr-large-76L (Adelani et al. 2024, "SIB-200"), by its model card.
_AFRO_76 = (
    "af am ar arz bci bem bm cjk din dyu ee efi en ff fon fr gaa guw ha ig iso kab kam kbp kg ki kj kmb kqn kr kwy ln "
    "loz lg lu lua lue lun luo mg mos nqo nso nus ny nyk om pcm pt rn rnd rw sg sn so ss st sw taq ti tiv tll tn toi "
    "ts tum tw tzm umb ve wal wo xh yo zne zu"
)
# The member of a macrolanguage that its text is in, all or nearly all of it, by ISO 639-3.
_MEMBERS = {
    "ar": "arb",
    "az": "azj",
    "et": "ekk",
    "fa": "pes",
    "ff": "fuv",
    "ku": "kmr",
    "lv": "lvs",
    "mg": "plt",
    "mn": "khk",
    "ms": "zsm",
    "ne": "npi",
    "no": "nb",
    "om": "gaz",
    "or": "ory",
    "ps": "pbt",
    "sq": "als",
    "sw": "swh",
    "uz": "uzn",
    "yi": "ydd",
    "zh": "cmn",
}


def _set(*codes: str) -> frozenset[str]:
    found = {code for some in codes for code in some.split()}
    return frozenset(found | {_MEMBERS[code] for code in found if code in _MEMBERS})


LANGUAGE_SETS: Mapping[str, frozenset[str]] = {
    "xlm-r": _set(_XLM_R),
    # InfoXLM goes on from XLM-R's weights (https://github.com/microsoft/unilm/tree/master/infoxlm), and the cards of
    # the CometKiwi models name XLM-R's languages as its own.
    "infoxlm": _set(_XLM_R),
    "rembert": _set(_REMBERT),
    "mt5": _set(_MT5),
    "mbert": _set(_MBERT),
    "afro-xlm-r": _set(_XLM_R, _AFRO),
    "afro-xlm-r-76": _set(_XLM_R, _AFRO_76),
}
"""By an encoder's name, the base codes of the languages that it was pre-trained on."""


def language_codes(languages: str | Sequence[str] | None, where: str) -> tuple[str, ...] | None:
    """The base codes of a metric's languages, in order.

    Args:
        languages: the name of a set in ``LANGUAGE_SETS``, a list of codes, or ``None`` where nothing is known.
        where: the config key, for errors.

    Raises:
        ConfigError: there is no such set, or one of the codes is no language code.
    """
    if languages is None:
        return None
    if isinstance(languages, str) and languages in LANGUAGE_SETS:
        return tuple(sorted(LANGUAGE_SETS[languages]))
    if isinstance(languages, str) or not isinstance(languages, Sequence) or not languages:
        names = ", ".join(LANGUAGE_SETS)
        raise ConfigError(where, f"is {languages!r}", f"give null, one of {names}, or a list of language codes")
    return tuple(sorted({base_language(check_code(code, where)) for code in languages}))
