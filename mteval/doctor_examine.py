"""The check-up itself: each plug-in's needs, lang pairs and references against this machine; nothing is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mteval.doctor_facts import Surroundings, facts_of
from mteval.doctor_parts import Fact, Part
from mteval.errors import MtevalError
from mteval.evalsets.base import EvalSetReader
from mteval.lang import LangPair
from mteval.metrics.base import Metric
from mteval.needs import Need, lacking
from mteval.plan import Plan, check_references, ranked_of, warnings_of
from mteval.report.plain import counted
from mteval.segment import EvalSet
from mteval.systems.base import System


@dataclass(frozen=True)
class Candidate:
    """A plug-in that is to be examined.

    Attributes:
        built: the plug-in, or why it cannot be built.
        example: the overrides of an example that it was built with, since it has no values of its own.
    """

    group: str
    name: str
    built: System | Metric | EvalSetReader | MtevalError
    example: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Seen:
    """What a candidate says of itself."""

    needs: tuple[Need, ...] = ()
    facts: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()
    unused: bool = False


class Examination:
    """Examines plug-ins against the lang pairs of one run.

    Args:
        candidates: what is to be examined.
        reader: the eval set's; it is read where all that it needs is on this machine.
        pairs: the lang pairs.
    """

    def __init__(self, candidates: Sequence[Candidate], reader: EvalSetReader, pairs: Sequence[LangPair]) -> None:
        self._candidates = candidates
        self._reader = reader
        self._pairs = pairs
        self._sets: dict[LangPair, EvalSet] = {}
        self._unread: dict[LangPair, Fact] = {}
        for pair in pairs:
            self._read(reader, pair)
        self._declined: dict[tuple[str, LangPair], str] = {}
        self._seen = [self._see(candidate) for candidate in candidates]

    @property
    def needs(self) -> list[Need]:
        """All that the candidates need."""
        return [need for seen in self._seen for need in seen.needs]

    def parts(self, around: Surroundings) -> list[Part]:
        """What is to be said of each candidate, in their order."""
        found = []
        for candidate, seen in zip(self._candidates, self._seen, strict=True):
            facts = facts_of(seen.needs, around, example=bool(candidate.example))
            notes = [f"looked at with its example: {' '.join(candidate.example)}"] if candidate.example else []
            every = (*seen.facts, *facts)
            found.append(Part(candidate.group, candidate.name, every, (*notes, *seen.notes), seen.unused))
        return found

    def pair_parts(self) -> list[Part]:
        """Of each lang pair, what is translated there and by whom."""
        systems = {one.name: one.built for one in self._candidates if isinstance(one.built, System)}
        return [self._pair_part(pair, systems) for pair in self._pairs]

    def _pair_part(self, pair: LangPair, systems: Mapping[str, System]) -> Part:
        eval_set = self._sets.get(pair)
        given = list(eval_set.hypotheses) if eval_set else []
        ranked = [*given, *(name for name in ranked_of(systems) if (name, pair) not in self._declined)]
        facts = []
        if eval_set is None:
            facts.append(self._unread[pair])
        else:
            segments, documents = len(eval_set.scored), len(eval_set.documents)
            size = f"{counted(segments, 'segment')} in {counted(documents, 'document')}"
            references = counted(len(eval_set.reference_names), "reference")
            facts.append(Fact(eval_set.name, True, f"{size}, {references}"))
        if eval_set is None:
            facts.append(Fact("systems", None, "which systems translate it was not looked at"))
        elif ranked:
            facts.append(Fact("systems", True, ", ".join(ranked)))
        else:
            facts.append(Fact("systems", False, "no system translates it", "choose one that does, with systems=[…]"))
        return Part("lang_pairs", str(pair), tuple(facts))

    def _read(self, reader: EvalSetReader, pair: LangPair) -> None:
        what = "eval set"
        try:
            if away := [need for need in reader.needs(pair) if need.found is not True]:
                said = f"not read, since {away[0].name} is not here: what depends on its segments was not looked at"
                self._unread[pair] = Fact(what, None, said)
                return
            self._sets[pair] = reader.load(pair, self._pairs)
        except MtevalError as error:
            self._unread[pair] = Fact(what, False, f"{error.where}: {error.problem}", error.remedy)

    def _see(self, candidate: Candidate) -> _Seen:
        built = candidate.built
        try:
            if isinstance(built, System):
                return self._see_system(candidate.name, built)
            if isinstance(built, Metric):
                return self._see_metric(candidate.name, built)
            if isinstance(built, EvalSetReader):
                return self._see_reader(built, example=bool(candidate.example))
            raise built
        except MtevalError as error:
            return _Seen(facts=(Fact(error.where, False, error.problem, error.remedy),))

    def _see_reader(self, reader: EvalSetReader, *, example: bool) -> _Seen:
        needs = {pair: reader.needs(pair) for pair in self._pairs}
        if reader is self._reader or example:
            notes = [] if example else warnings_of([Plan(one, {}, {}) for one in self._sets.values()], {})
            return _Seen(_once([need for found in needs.values() for need in found]), notes=tuple(notes))
        # One that the run does not read may be made for other lang pairs than the run's.
        lacks = {
            pair: found[0].name for pair, of in needs.items() if (found := [n for n in lacking(of) if n.kind == "file"])
        }
        asked = [need for pair, found in needs.items() if pair not in lacks for need in found]
        told = tuple(f"not in {pair}: there is no {name}" for pair, name in lacks.items())
        return _Seen(_once(asked), notes=told, unused=not asked and bool(lacks))

    def _see_system(self, name: str, system: System) -> _Seen:
        facts: list[Fact] = []
        needs: list[Need] = []
        for pair in self._pairs:
            eval_set, reason = self._sets.get(pair), None
            try:
                reason = None if eval_set is None else system.declines(eval_set)
            except MtevalError as error:
                if not lacking(system.needs(pair)):  # or its needs say it
                    facts.append(Fact(error.where, False, error.problem, error.remedy))
            if reason is not None:
                self._declined[name, pair] = reason
            else:
                needs += system.needs(pair)
        reasons = [(pair, self._declined[name, pair]) for pair in self._pairs if (name, pair) in self._declined]
        notes = tuple(f"not in {pair}: {reason}" for pair, reason in reasons)
        return _Seen(_once(needs), tuple(facts), notes, unused=bool(reasons) and len(reasons) == len(self._pairs))

    def _see_metric(self, name: str, metric: Metric) -> _Seen:
        facts: list[Fact] = []
        notes: list[str] = []
        systems = {one.name: one.built for one in self._candidates if isinstance(one.built, System)}
        for pair in self._pairs:
            eval_set = self._sets.get(pair)
            if eval_set is not None and metric.card.needs_reference:
                try:
                    check_references(name, eval_set)
                except MtevalError as error:
                    facts.append(Fact(error.where, False, error.problem, error.remedy))
            bare = EvalSet("unread", pair, (), ())  # so that nothing of the eval set itself is said of the metric
            running = {one: system for one, system in systems.items() if (one, pair) not in self._declined}
            notes += warnings_of([Plan(bare, running, {})], {name: metric.card})
        return _Seen(_once(metric.needs()), tuple(facts), tuple(notes))


def _once(needs: Sequence[Need]) -> tuple[Need, ...]:
    """Needs without those that are there twice, as one checkpoint for two lang pairs."""
    return tuple({(need.kind, need.name, need.revision): need for need in needs}.values())
