"""Round trips: a test set's sources, translated into another language and back, with themselves as references.

Round-trip scores need no human reference. Moon et al. 2020 ("Revisiting Round-Trip Translation for Quality
Estimation") and Zhuo et al. 2023 ("Rethinking Round-Trip Translation for Machine Translation Evaluation") measured what
they say: somewhat of how two neural systems of one lang pair compare, little of a single translation, and nothing of a
system that copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mteval.errors import ConfigError
from mteval.evalsets.base import EvalSetReader, RoundTripReader
from mteval.lang import LangPair, check_code, same_language
from mteval.needs import Need
from mteval.segment import EvalSet

REFERENCE = "source"
"""The name under which the sources stand as references."""


class RoundTrip(RoundTripReader):
    """Gives the sources of another test set as an eval set from their language into itself, as ``pt-pt``.

    The systems are chains (``mteval.systems.chain.Chain``) through the language between, whichever that is. References,
    hypotheses and human scores of the other test set are of its own lang pair, and are left out.

    Args:
        of: reads the other test set, nested as ``configs/evalset`` has it.
        target: the target of the lang pair in which that is read; any that it has, since only its sources count.

    Raises:
        ConfigError: a setting is wrong.
    """

    def __init__(self, of: EvalSetReader, target: str) -> None:
        if not isinstance(of, EvalSetReader) or isinstance(of, RoundTripReader):
            raise ConfigError("evalset.of", "reads no test set", "nest an option of configs/evalset, but for this one")
        self._of = of
        self._target = check_code(target, "evalset.target")

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return self._of.needs(self._read_as(pair))

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        if not pair.round_trip:
            remedy = f"write lang_pairs=[{pair.source}-{pair.source}]; the systems say what it goes through"
            raise ConfigError(f"lang_pairs.{pair}", "a round trip ends in the language that it begins in", remedy)
        found = self._of.load(self._read_as(pair), [self._read_as(one) for one in pairs])
        segments = [
            replace(segment, references={REFERENCE: segment.source}, notes=None, gold={}) for segment in found.segments
        ]
        return replace(found, name=f"{found.name} (round trip)", pair=pair, segments=tuple(segments), hypotheses={})

    def _read_as(self, pair: LangPair) -> LangPair:
        if same_language(pair.source, self._target):
            remedy = "name another that the test set has, as in evalset.target=en"
            raise ConfigError("evalset.target", f"{pair.source}-{self._target} is no lang pair", remedy)
        return LangPair(pair.source, self._target)
