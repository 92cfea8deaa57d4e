"""Candidates for a segment's hypothesis, pooled from one or several systems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mteval.errors import ConfigError, ContractError
from mteval.lang import LangPair
from mteval.needs import Need
from mteval.segment import EvalSet, Segment
from mteval.setting_checks import check_counts
from mteval.systems.base import Output, Proposer, System, SystemCard
from mteval.systems.parts import card_of, in_order, nested, parts_of, spans


@dataclass(frozen=True)
class Candidate:
    """One hypothesis that may be chosen, and the name of the system that it is from."""

    system: str
    output: Output


class Pool:
    """Systems whose hypotheses are chosen from: those that can propose several give ``count``, others one.

    Args:
        systems: by name; their order is that of the candidates.
        count: how many hypotheses each proposes.
        chunk: segments whose candidates are held at once.

    Raises:
        ConfigError: a setting is wrong, or there would never be anything to choose from.
    """

    def __init__(self, systems: Mapping[str, System], count: int, chunk: int) -> None:
        self._systems = parts_of("systems", systems, System)
        check_counts(("count", count), ("chunk", chunk))
        if sum(count if isinstance(system, Proposer) else 1 for system in self._systems.values()) < 2:
            problem = f"{', '.join(self._systems)} gives one hypothesis, which leaves nothing to choose from"
            raise ConfigError("systems", problem, "name several systems, or one that proposes several with count")
        self.count = count
        self._chunk = chunk

    def card(self, optimised_with: Sequence[str]) -> SystemCard:
        """The card of what chooses from the pool by metrics of these names and families."""
        return card_of(self._systems.values(), optimised_with)

    def declines(self, eval_set: EvalSet) -> str | None:
        """Why one of the systems does not translate an eval set; ``None`` if all do."""
        for name, system in self._systems.items():
            if reason := system.declines(eval_set):
                return f"{name}: {reason}"
        return None

    def check(self, pair: LangPair) -> None:
        """Make sure that all systems can translate, and propose as many as they are to."""
        for system in self._systems.values():
            system.check(pair)
            if isinstance(system, Proposer):
                system.signature_of_proposals(pair, self.count)  # which says if it could not

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        """What all systems need."""
        return tuple(dict.fromkeys(need for system in self._systems.values() for need in system.needs(pair)))

    def signature(self, pair: LangPair) -> str:
        """The systems' signatures, of their proposals where they propose, as one setting."""
        found = {
            name: system.signature_of_proposals(pair, self.count)
            if isinstance(system, Proposer)
            else system.signature(pair)
            for name, system in self._systems.items()
        }
        return "+".join(nested(name, signature) for name, signature in found.items())

    def close(self) -> None:
        """Give up what takes memory."""
        for system in self._systems.values():
            system.close()

    def candidates(self, segments: Sequence[Segment], pair: LangPair) -> Iterator[list[tuple[int, list[Candidate]]]]:
        """The candidates of each segment, in the order of the segments and of the systems, a chunk at a time.

        Yields:
            The positions of a chunk's segments, each with its candidates, equal ones as often as they were drawn.
        """
        for span in spans(segments, self.card(()), self._chunk):
            asked = [segments[position] for position in span]
            pooled: list[list[Candidate]] = [[] for _ in asked]
            for name, system in self._systems.items():
                for into, outputs in zip(pooled, self._of(name, system, asked, pair), strict=True):
                    into.extend(Candidate(name, output) for output in outputs)
            yield list(zip(span, pooled, strict=True))

    def _of(
        self, name: str, system: System, segments: Sequence[Segment], pair: LangPair
    ) -> Sequence[tuple[Output, ...]]:
        who = f"system {name}"
        if not isinstance(system, Proposer):
            return [(output,) for output in in_order(system.translate(segments, pair, {}), len(segments), who)]
        proposed = in_order(system.propose(segments, pair, self.count), len(segments), who)
        for segment, outputs in zip(segments, proposed, strict=True):
            if not 0 < len(outputs) <= self.count:
                problem = f"proposed {len(outputs)} of {self.count} hypotheses of segment {segment.id}"
                raise ContractError(who, problem, "report it")
        return proposed
