"""Writes ``mt-metrics-eval/``: the run as a data folder of google-research/mt-metrics-eval, for judging metrics."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mteval.errors import ConfigError, OutputError
from mteval.evalsets.mt_metrics_eval import ABOUT, NOTHING
from mteval.files import dump_json, write_text
from mteval.metrics.base import MetricCard
from mteval.report.base import PairResult, Report, RunResult, SystemResult

_FOLDER = "mt-metrics-eval"
_DOMAIN = "all"
"""The domain of every document, since an eval set knows none."""


class MtMetricsEvalFolder(Report):
    """Writes ``mt-metrics-eval/TEST_SET/`` with sources, documents, references, outputs, gold scores and the metrics'
    scores of segments, documents and systems; ``mteval.evalsets.mt_metrics_eval`` reads it back.

    The official tool reads it too, with ``EvalSet(TEST_SET, LANG_PAIR, True, info=…, path=FOLDER, strict=True)``.

    - Scores are raw. Higher is always better there, so those of metrics of which lower is better (TER, MetricX) are
      negated, as MetricX's authors do.
    - A reference that ran as a system has the name of the reference; canaries are left out.
    - A metric that has no score for a segment, a document or a system is left out at that level, since the official
      tool would count the gap as 0.
    - Names are percent-encoded, hyphens and dots in a reference's name too.
    - A file with a text that does not fit on a line is ``.jsonl`` in place of ``.txt``, which tools of 2025 on read.

    ``mteval.json`` in each test set's folder says what was negated and left out, and every signature.

    Args:
        human_scores: the name under which gold scores are written.
    """

    def __init__(self, human_scores: str = "gold") -> None:
        if not human_scores or quote(human_scores, safe="") != human_scores:
            problem = f"{human_scores!r} cannot be part of a file's name there"
            raise ConfigError("human_scores", problem, "write letters, digits, hyphens and dots")
        self._human_scores = human_scores

    def write(self, result: RunResult, folder: Path) -> Path:
        path, partial = folder / _FOLDER, folder / f".{_FOLDER}.{os.getpid()}.part"
        texts: dict[str, str] = {}
        about: dict[str, dict[str, Any]] = {}
        for pair in result.pairs:
            written = _Written(pair, result.metrics)
            written.all(self._human_scores)
            name = encoded(pair.eval_set.name)
            texts |= {f"{name}/{file}": text for file, text in written.files.items()}
            about.setdefault(name, {})[str(pair.eval_set.pair)] = written.about()
        texts |= {f"{name}/{ABOUT}": dump_json(told, indent=2) + "\n" for name, told in about.items()}
        try:
            partial.mkdir(parents=True)
            for file, text in texts.items():
                write_text(partial / file, text)
            if path.exists():
                shutil.rmtree(path)
            partial.replace(path)
        except OSError as error:
            problem = f"cannot be written ({error.strerror})"
            raise OutputError(str(path), problem, "choose another folder with output=FOLDER") from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return path


@dataclass
class _Written:
    """One lang pair's files, by their path in the test set's folder.

    Attributes:
        left_out: what could not be written, a sentence each.
    """

    pair: PairResult
    metrics: Mapping[str, MetricCard]
    files: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def all(self, human_scores: str) -> None:
        eval_set, lang_pair = self.pair.eval_set, str(self.pair.eval_set.pair)
        segments = eval_set.scored
        self._texts(f"sources/{lang_pair}", "source", [segment.source for segment in segments])
        lines = (f"{_DOMAIN}\t{encoded(segment.document)}\n" for segment in segments)
        self.files[f"documents/{lang_pair}.docs"] = "".join(lines)
        for name in dict.fromkeys(name for segment in segments for name in segment.references):
            given = [segment.references.get(name) for segment in segments]
            self._texts(f"references/{lang_pair}.{encoded_reference(name)}", "target", given)
        systems = self._systems()
        for name, system in systems.items():
            self._texts(f"system-outputs/{lang_pair}/{name}", "hypothesis", system.hypotheses.texts)
        if gold := "".join(self._gold(systems)):
            self.files[f"human-scores/{lang_pair}.{human_scores}.seg.score"] = gold
        for metric, card in self.metrics.items():
            self._scores(metric, card, systems)

    def about(self) -> dict[str, Any]:
        """What the files cannot say of themselves."""
        return {
            "names": "percent-encoded",
            "negated": [name for name, card in self.metrics.items() if not card.higher_is_better],
            "left_out": self.left_out,
            "systems": {system.name: system.signature for system in self.pair.systems if system.kind != "canary"},
            "metrics": {
                metric: sorted({s.scores[metric].signature for s in self.pair.systems if metric in s.scores})
                for metric in self.metrics
            },
        }

    def _texts(self, stem: str, field: str, texts: Sequence[str | None]) -> None:
        """Write texts, one a segment, as lines if each fits on one."""
        if all(text is None or _fits(text) for text in texts):
            lines = (f"{NOTHING if text is None else text}\n" for text in texts)
            self.files[f"{stem}.txt"] = "".join(lines)
        else:
            self.files[f"{stem}.jsonl"] = "".join(f"{dump_json({field: text})}\n" for text in texts)

    def _systems(self) -> dict[str, SystemResult]:
        """The systems that are written, by the names of their files."""
        segments = self.pair.eval_set.scored
        found: dict[str, SystemResult] = {}
        for system in self.pair.systems:
            if system.kind == "canary":
                continue
            name = encoded(system.name)
            if system.kind == "reference":
                for reference in self.pair.eval_set.reference_names:
                    if all(
                        s.references[reference] == t for s, t in zip(segments, system.hypotheses.texts, strict=True)
                    ):
                        name = encoded_reference(reference)
                        break
            if name in found:
                self.left_out.append(f"system {system.name}: {found[name].name} is written under its name")
            else:
                found[name] = system
        return found

    def _gold(self, systems: Mapping[str, SystemResult]) -> Iterator[str]:
        segments = self.pair.eval_set.scored
        references = dict.fromkeys(name for segment in segments for name in segment.references)
        by_own = {name: encoded_reference(name) for name in references}
        by_own |= {system.name: name for name, system in systems.items()}
        for system in dict.fromkeys(system for segment in segments for system in segment.gold):
            name = by_own.get(system, encoded(system))
            if name not in systems:
                self.left_out.append(f"gold scores of {system}: it has no output")
                continue
            for segment in segments:
                yield f"{name}\t{segment.gold.get(system)}\n"

    def _scores(self, metric: str, card: MetricCard, systems: Mapping[str, SystemResult]) -> None:
        """Write one metric's scores at each level."""
        eval_set = self.pair.eval_set
        used = [encoded_reference(name) for name in eval_set.reference_names] if card.needs_reference else []
        scored = {name: system for name, system in systems.items() if name not in used}
        documents = [document for document, rows in eval_set.rows.items() if rows]
        levels: Mapping[str, Mapping[str, Sequence[float | None]]] = {
            "seg": {n: s.segment_scores[metric].scores for n, s in scored.items() if metric in s.segment_scores},
            "doc": {
                name: [system.document_scores[metric].scores.get(document) for document in documents]
                for name, system in scored.items()
                if metric in system.document_scores
            },
            "sys": {name: [system.scores[metric].score] for name, system in scored.items() if metric in system.scores},
        }
        for level, found in levels.items():
            lack = [system.name for name, system in scored.items() if name not in found or None in found[name]]
            if lack or not scored:
                why = f"no score of {', '.join(lack)}" if lack else "no system but its references"
                self.left_out.append(f"metric {metric} at level {level}: {why}")
                continue
            name = f"{encoded(metric)}-{'.'.join(used) or 'src'}.{level}.score"
            self.files[f"metric-scores/{eval_set.pair}/{name}"] = "".join(_lines(found, card.higher_is_better))


def encoded(name: str) -> str:
    """A name as it stands in files' names and in lines: percent-encoded, with no dot before it."""
    text = quote(name, safe="")
    return f"%2E{text[1:]}" if text.startswith(".") else text


def encoded_reference(name: str) -> str:
    """A reference's name, in which hyphens and dots have a meaning of their own, and two names are taken."""
    text = quote(name, safe="").replace("-", "%2D").replace(".", "%2E")
    return f"%{ord(name[0]):X}{text[1:]}" if text in ("all", "src") else text


def _fits(text: str) -> bool:
    """Whether a text is the same once it was read from a line of its own."""
    return text == text.rstrip() and not {"\n", "\r", "\ufeff"} & set(text) and text != NOTHING


def _lines(scores: Mapping[str, Iterable[float | None]], higher_is_better: bool) -> Iterator[str]:
    for system, found in scores.items():
        for score in found:
            if score is not None:  # a metric with a gap was left out before
                yield f"{system}\t{score if higher_is_better else 0.0 - score!r}\n"
