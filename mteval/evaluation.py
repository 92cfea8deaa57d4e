"""The way through: translate, gate, score, judge. It knows no Hydra; everything it needs is handed to it, built."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from rich.progress import Progress

from mteval import identification, judging, reuse, reuse_judgements, scoring
from mteval.comparison import Resampling
from mteval.environment import environment
from mteval.errors import ConfigError
from mteval.evalsets.base import EvalSetReader, StreamingReader
from mteval.garble.base import Detector, Signal, Text, Verdict
from mteval.gate import Gate, Mark
from mteval.gathering import Gathered, gather
from mteval.lang import LangPair
from mteval.metrics.base import Metric
from mteval.plan import Plan, check_baseline, check_cut, check_references, keys_of, ranked_of, warnings_of
from mteval.report.base import PairResult, RunResult, SystemResult
from mteval.report.record import settings_of
from mteval.segment import EvalSet, Hypotheses
from mteval.shard import Shard
from mteval.store import Store
from mteval.subset import Subset
from mteval.systems.base import Kind, System
from mteval.systems.given import Given
from mteval.usage import Meter

DEFAULT_RESAMPLING = Resampling(draws=1000, seed=12345, trials=10000)

_ORDER: Mapping[Kind, int] = {"system": 0, "reference": 1, "canary": 2}


@dataclass
class Evaluation:
    """An evaluation of systems on a test set.

    Attributes:
        reader: reads the test set.
        pairs: the lang pairs, in the order of the report.
        systems: by name.
        metrics: by name; systems are ordered by the first.
        gate: marks hypotheses before any metric sees them.
        signals: by name; what looks for evidence of garble.
        detector: weighs the evidence.
        store: holds translations and scores between runs.
        resampling: how confidence intervals and paired tests are made.
        optimised_with: by system name, metrics and families of metrics that it was made to score well by, beside
            those that its card names.
        baseline: the system that the others are compared to; ``None`` for none.
        subset: which part of each eval set is evaluated.
        shard: which of several equal parts of that; ``None`` for all of it.
    """

    reader: EvalSetReader
    pairs: Sequence[LangPair]
    systems: Mapping[str, System]
    metrics: Mapping[str, Metric]
    gate: Gate
    signals: Mapping[str, Signal]
    detector: Detector
    store: Store
    resampling: Resampling = DEFAULT_RESAMPLING
    optimised_with: Mapping[str, Sequence[str]] = field(default_factory=dict)
    baseline: str | None = None
    subset: Subset = field(default_factory=Subset)
    shard: Shard | None = None
    _seconds: dict[str, float] = field(default_factory=dict, init=False)
    _meters: dict[tuple[str, str, str], Meter] = field(default_factory=dict, init=False)

    def plan(self) -> list[Plan]:
        """Read the eval sets and make sure that everything can run, before anything does.

        Raises:
            MtevalError: of any kind; nothing has been translated, scored or written.
        """
        if not self.pairs:
            raise ConfigError("lang_pairs", "there is none", "choose at least one, as in lang_pairs=[pt-en]")
        if not self.metrics and not self.signals:
            raise ConfigError("metrics", "there is neither a metric nor a signal", "choose one, as in metrics=[chrf]")
        self.store.check()
        with self._timed("read"):
            plans = self._plans()
        check_baseline(self.baseline, [name for plan in plans for name in ranked_of(plan.systems)])
        for plan in plans:
            check_cut(plan, self.metrics, bool(self.signals))
        for name, metric in self.metrics.items():
            for plan in plans:
                if metric.card.needs_reference:
                    check_references(name, plan.eval_set)
            with keys_of(metric, f"metrics.{name}"):
                metric.check()
        for plan in plans:
            for name, system in plan.systems.items():
                with keys_of(system, f"systems.{name}"):
                    system.check(plan.eval_set.pair)
        return plans

    def run(self, progress: Progress | None = None) -> RunResult:
        """Go the whole way.

        Args:
            progress: shows a bar for every long step; ``None`` for no bars.

        Raises:
            MtevalError: of any kind; what was translated and scored until then is in the store.
        """
        progress = progress or Progress(disable=True)
        started = time.time()
        with self._timed("check"):
            plans = self.plan()
        results = [self._run_pair(plan, progress, last=plan is plans[-1]) for plan in plans]
        record = {
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
            "environment": environment(),
            **settings_of(self.resampling),
            "store": str(self.store.folder) if self.store.folder else None,
            "shelves": sorted(self.store.used),
            "seconds": {step: round(taken, 3) for step, taken in self._seconds.items()},
            "usage": [
                {"lang_pair": pair, kind: name, **row}
                for (pair, kind, name), meter in self._meters.items()
                if (row := meter.row) is not None
            ],
        }
        cards = {name: metric.card for name, metric in self.metrics.items()}
        warnings = (*warnings_of(plans, cards), *self.store.warnings)
        return RunResult(tuple(results), cards, record, warnings, self.baseline)

    def _plans(self) -> list[Plan]:
        """Each lang pair's work, not yet checked.

        What declines is asked of the whole eval set, so that all shards have the same systems; unless the reader gives
        a shard of it alone, so that the whole is never in memory.
        """
        shard, reader = self.shard, self.reader
        if shard is not None and isinstance(reader, StreamingReader) and self.subset.is_all:
            return [self._plan(reader.load_shard(pair, self.pairs, shard)) for pair in self.pairs]
        eval_sets = self.subset.cut([reader.load(pair, self.pairs) for pair in self.pairs])
        plans = [self._plan(eval_set) for eval_set in eval_sets]
        return plans if shard is None else [self._cut(plan, shard) for plan in plans]

    def _cut(self, plan: Plan, shard: Shard) -> Plan:
        """A shard's share of the work."""
        eval_set = shard.cut(plan.eval_set)
        given = {name: Given(found) for name, found in eval_set.hypotheses.items()}
        return Plan(eval_set, {name: given.get(name, system) for name, system in plan.systems.items()}, plan.declined)

    def _plan(self, eval_set: EvalSet) -> Plan:
        given = {name: Given(hypotheses) for name, hypotheses in eval_set.hypotheses.items()}
        for name in given:
            if name in self.systems:
                raise ConfigError(
                    f"systems.{name}",
                    f"the name is used twice: {eval_set.name} holds hypotheses of a system {name}",
                    "rename one of the two",
                )
        everyone: dict[str, System] = {**given, **self.systems}
        ordered = sorted(everyone, key=lambda name: _ORDER[everyone[name].card.kind])
        declined = {name: reason for name in ordered if (reason := everyone[name].declines(eval_set))}
        systems = {name: everyone[name] for name in ordered if name not in declined}
        ranked = ranked_of(systems)
        if not ranked:
            reasons = "".join(f" ({name}: {reason})" for name, reason in declined.items())
            raise ConfigError(
                "systems", f"none translates {eval_set.pair}{reasons}", "choose one that does, with systems=[…]"
            )
        for name, system in systems.items():
            if system.card.builds_on is not None and system.card.builds_on not in ranked:
                raise ConfigError(
                    f"systems.{name}.of",
                    f"no system {system.card.builds_on} runs in {eval_set.pair}",
                    f"name one of {', '.join(ranked)}",
                )
        return Plan(eval_set, systems, declined)

    def _run_pair(self, plan: Plan, progress: Progress, *, last: bool) -> PairResult:
        eval_set = plan.eval_set
        hypotheses: dict[str, Hypotheses] = {}
        for name, system in plan.systems.items():
            with self._timed(f"translate {eval_set.pair} {name}"), keys_of(system, f"systems.{name}"):
                advance = _bar(progress, f"{eval_set.pair} translate {name}", len(eval_set.scored))
                meter = self._meter(eval_set, "system", name)
                hypotheses[name] = reuse.translate(name, system, eval_set, hypotheses, self.store, advance, meter)
                system.close()
        with self._timed(f"gate {eval_set.pair}"):
            advance = _bar(progress, f"{eval_set.pair} gate", len(hypotheses) * len(eval_set.scored))
            marks = {
                name: reuse_judgements.marks(self.gate, eval_set, found.texts, self.store, advance)
                for name, found in hypotheses.items()
            }
        if last and not self.signals:  # which alone would look at languages once more
            identification.forget()
        scored: dict[str, Gathered] = {name: Gathered() for name in plan.systems}
        signatures = {}
        for name, metric in self.metrics.items():
            with self._timed(f"score {eval_set.pair} {name}"), keys_of(metric, f"metrics.{name}"):
                signatures[name] = self._score(name, metric, plan, hypotheses, marks, scored, progress)
                metric.close()
        with self._timed(f"judge {eval_set.pair}"):
            advance = _bar(progress, f"{eval_set.pair} verdicts", (len(hypotheses) + 1) * len(eval_set.documents))
            sources, verdicts = self._judge_all(plan, hypotheses, marks, scored, advance)
        systems = tuple(
            SystemResult(
                name=name,
                kind=system.card.kind,
                signature=str(system.signature(eval_set.pair)),
                hypotheses=hypotheses[name],
                marks=marks[name],
                scores={},
                segment_scores=scored[name].segments,
                spans=scored[name].spans,
                truncated=scored[name].truncated,
                verdicts=verdicts.get(name, ()),
                notices=(*hypotheses[name].notices, *scored[name].notices),
                recounted=scored[name].recounted,
                optimised_with=tuple(dict.fromkeys((*self.optimised_with.get(name, ()), *system.card.optimised_with))),
            )
            for name, system in plan.systems.items()
        )
        result = PairResult(eval_set, systems, plan.declined, sources)
        with self._timed(f"compare {eval_set.pair}"):
            return scoring.with_scores(result, self.metrics, signatures, self.resampling)

    def _score(
        self,
        name: str,
        metric: Metric,
        plan: Plan,
        hypotheses: Mapping[str, Hypotheses],
        marks: Mapping[str, Sequence[Sequence[Mark]]],
        scored: Mapping[str, Gathered],
        progress: Progress,
    ) -> str:
        """Score all systems by one metric, and say under which signature."""
        eval_set = plan.eval_set
        # A reference against itself would only show that the metric can tell two texts are the same.
        ours = {
            system: found
            for system, found in hypotheses.items()
            if not (metric.card.needs_reference and plan.systems[system].card.kind == "reference")
        }
        meter = self._meter(eval_set, "metric", name)
        advance = _bar(progress, f"{eval_set.pair} score {name}", len(ours) * len(eval_set.scored))
        return gather(name, metric, eval_set, ours, marks, scored, self.store, advance, meter)

    def _judge_all(
        self,
        plan: Plan,
        hypotheses: Mapping[str, Hypotheses],
        marks: Mapping[str, tuple[tuple[Mark, ...], ...]],
        scored: Mapping[str, Gathered],
        advance: reuse.Advance,
    ) -> tuple[tuple[Verdict, ...], dict[str, tuple[Verdict, ...]]]:
        """Verdicts on the source documents, and by system on its documents; none if there is no signal to look."""
        if not self.signals:  # what nothing looked at is not clean
            return (), {}
        kinds = {name: system.card.kind for name, system in plan.systems.items()}
        made = {
            name: judging.Translated(found, marks[name], scored[name].segments, kinds[name] != "reference")
            for name, found in hypotheses.items()
        }
        ranked = [translated for name, translated in made.items() if kinds[name] == "system"]
        sources = self._judge(judging.sources(plan.eval_set, ranked, self.metrics), advance)
        return sources, {
            name: self._judge(judging.translations(plan.eval_set, translated, self.metrics), advance)
            for name, translated in made.items()
        }

    def _judge(self, texts: Sequence[Text], advance: reuse.Advance) -> tuple[Verdict, ...]:
        return reuse_judgements.verdicts(texts, self.signals, self.detector, self.store, advance)

    def _meter(self, eval_set: EvalSet, kind: Literal["system", "metric"], name: str) -> Meter:
        return self._meters.setdefault((str(eval_set.pair), kind, name), Meter())

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        """Count the seconds of a step, less those of the steps within it."""
        started, before = time.perf_counter(), sum(self._seconds.values())
        yield
        within = sum(self._seconds.values()) - before
        self._seconds[step] = time.perf_counter() - started - within


def _bar(progress: Progress, title: str, total: int) -> reuse.Advance:
    """A new progress bar in place of those that are full; what it returns moves it on."""
    for task in progress.tasks:
        progress.update(task.id, visible=not task.finished)
    return partial(progress.advance, progress.add_task(title, total=total))
