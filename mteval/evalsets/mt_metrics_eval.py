"""mt-metrics-eval's folders: sources, documents, references, outputs of systems and human scores of one test set."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from mteval.errors import ConfigError, DataError, ParityError
from mteval.evalsets.base import EvalSetReader
from mteval.files import check_parity, read_jsonl, read_lines, resolve
from mteval.lang import LangPair, check_code
from mteval.needs import Need, file
from mteval.segment import Document, EvalSet, Hypotheses, Segment

NOTHING = "[No translation supplied]"
"""The line that stands for a text that is not there."""

ABOUT = "mteval.json"
"""What says of a folder that mteval wrote it, and so that names in it are percent-encoded."""

STANDARD = ("mqm", "esa", "da-sqm", "wmt", "wmt-appraise", "wmt-raw", "wmt-z")
"""Human scores of segments by which mt-metrics-eval judges metrics, the first that a lang pair has."""

_STANDARD_OF = {"wmt20": "wmt-raw"}
"""The test set for which its standard is another though the first is there."""


class MtMetricsEval(EvalSetReader):
    """Reads one test set of google-research/mt-metrics-eval (``mt-metrics-eval-v2/wmt23``), or one that mteval wrote.

    In the folder are ``sources/LP.txt``, ``documents/LP.docs`` (a line a segment: domain and document),
    ``references/LP.NAME.txt``, ``system-outputs/LP/SYSTEM.txt`` and ``human-scores/LP.NAME.seg.score``; texts may be in
    ``.jsonl`` in place of ``.txt``, under ``source``, ``target`` and ``hypothesis``. As the official tool does, white
    space at the end of a line is left out, and ``[No translation supplied]`` is no text: a reference then lacks the
    segment, a system gave nothing for it. The human scores of segments are gold scores, those that are ``None`` left
    out; domains, and scores of anything but segments, are not read.

    Args:
        path: the folder; ``{lang_pair}``, ``{source}`` and ``{target}`` in it are filled in.
        name: the test set's name; ``None`` for the folder's.
        human_scores: which human scores are gold, as ``mqm``; ``none`` for none; ``None`` for those that the official
            tool takes as its standard, or the only ones that there are.
        systems: whose outputs are read as hypotheses, by name; ``None`` for all.
        people: whether references that stand among the outputs are read as hypotheses as well.
        origlang: the language in which all documents were first written, which the format does not tell; ``{source}``
            for the lang pair's, as in WMT's test sets from 2019 on.
    """

    def __init__(
        self,
        path: str,
        name: str | None = None,
        human_scores: str | None = None,
        systems: Sequence[str] | None = None,
        people: bool = False,
        origlang: str | None = None,
    ) -> None:
        if origlang is not None and "{" not in origlang:
            check_code(origlang, "origlang")
        self._path = path
        self._name = name
        self._human_scores = human_scores
        self._systems = None if systems is None else tuple(systems)
        self._people = people
        self._origlang = origlang

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        folder, remedy = resolve(pair.fill(self._path)), "correct evalset.path, or choose other lang_pairs"
        sources = _texts_file(folder / "sources", f"{pair}")
        return (file(sources, remedy), file(folder / "documents" / f"{pair}.docs", remedy))

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        folder = resolve(pair.fill(self._path))
        if not folder.is_dir():
            raise DataError(str(folder), "no such folder", "give a test set's folder as evalset.path")
        where = _texts_file(folder / "sources", f"{pair}")
        if not where.is_file():
            raise DataError(str(where), f"no such file: {folder.name} has no {pair}", _there(folder))
        sources = read_texts(where, "source")
        if not sources:
            raise DataError(str(where), "holds no segment", "fetch it again")
        ours = (folder / ABOUT).is_file()
        names = _documents(folder / "documents" / f"{pair}.docs", len(sources), ours)
        references = self._texts(folder, f"references/{pair}.", "target", len(sources), ours)
        outputs = self._texts(folder, f"system-outputs/{pair}/", "hypothesis", len(sources), ours)
        gold = self._gold(folder, pair, len(sources), outputs, ours)
        segments: list[Segment] = []
        at = 0
        for row, (source, document) in enumerate(zip(sources, names, strict=True)):
            if not source or not source.strip():
                raise DataError(f"{where}:{row + 1}", "has no source text", "fetch the file again")
            at = at + 1 if row and names[row - 1] == document else 1
            segments.append(
                Segment(
                    id=f"{document}:{at}",
                    source=source,
                    document=document,
                    where=f"{where}:{row + 1}",
                    references={name: text for name, texts in references.items() if (text := texts[row])},
                    gold={system: score for system, scores in gold.items() if (score := scores[row]) is not None},
                )
            )
        origlang = None if self._origlang is None else check_code(pair.fill(self._origlang), "evalset.origlang")
        return EvalSet(
            name=self._name or (unquote(folder.name) if ours else folder.name),
            pair=pair,
            documents=tuple(Document(name, pair.source, origlang=origlang) for name in dict.fromkeys(names)),
            segments=tuple(segments),
            hypotheses={
                system: _hypotheses(system, outputs[system], segments)
                for system in self._chosen(folder, pair, outputs, references)
            },
        )

    def _texts(self, folder: Path, beginning: str, field: str, count: int, ours: bool) -> dict[str, list[str | None]]:
        """The texts of all files whose path begins so, by what follows in their name."""
        parent, stem = (folder / f"{beginning}x").parent, beginning.rpartition("/")[2]
        found: dict[str, list[str | None]] = {}
        for path in sorted(parent.glob(f"{stem}*")):
            if path.suffix not in (".txt", ".jsonl") or path.name.startswith("."):
                continue
            name = path.name.removeprefix(stem).removesuffix(path.suffix)
            name = unquote(name) if ours else name
            if name in found:
                raise DataError(str(path), f"{name} is there twice, as .txt and as .jsonl", "delete one of the two")
            found[name] = read_texts(path, field)
            check_parity(str(path), len(found[name]), count, "lines", f"segments of {folder.name}")
        return found

    def _chosen(
        self, folder: Path, pair: LangPair, outputs: Mapping[str, object], references: Mapping[str, object]
    ) -> list[str]:
        if self._systems is None:
            return [system for system in outputs if self._people or system not in references]
        for system in self._systems:
            if system not in outputs:
                problem = f"{folder.name} {pair} has no output of {system!r}"
                raise ConfigError("evalset.systems", problem, f"name one of {', '.join(outputs) or 'none'}")
        return list(self._systems)

    def _gold(
        self, folder: Path, pair: LangPair, count: int, systems: Mapping[str, object], ours: bool
    ) -> dict[str, list[float | None]]:
        """The human scores of each system's segments."""
        files = {
            path.name.removeprefix(f"{pair}.").removesuffix(".seg.score"): path
            for path in sorted((folder / "human-scores").glob(f"{pair}.*.seg.score"))
        }
        wanted = self._human_scores
        if wanted == "none" or (wanted is None and not files):
            return {}
        if wanted is None:
            first = _STANDARD_OF.get(folder.name)
            known = [name for name in (first, *STANDARD) if name in files] or (list(files) if len(files) == 1 else [])
            wanted = known[0] if known else None
        if wanted not in files:
            problem = (
                f"{folder.name} {pair} has no human scores {wanted!r} of segments" if wanted else "there are several"
            )
            raise ConfigError("evalset.human_scores", problem, f"name one of {', '.join(files) or 'none'}, or none")
        found = read_scores(files[wanted], ours)
        for system, scores in found.items():
            if system not in systems:
                raise DataError(str(files[wanted]), f"scores {system!r}, which has no output", "fetch the folder again")
            check_parity(str(files[wanted]), len(scores), count, f"scores of {system}", f"segments of {folder.name}")
        return found


def read_texts(path: Path, field: str) -> list[str | None]:
    """The texts of a file, one a segment; ``None`` where there is none.

    Args:
        field: where a line of a ``.jsonl`` has its text.
    """
    if path.suffix == ".txt":
        return [None if line.rstrip() == NOTHING else line.rstrip() for line in read_lines(path)]
    texts: list[str | None] = []
    for where, row in read_jsonl(path):
        text = row.get(field, "")
        if field not in row or not isinstance(text, str | None):
            raise DataError(where, f"has no text in {field!r}", "write it there, or null for none")
        texts.append(text)
    return texts


def read_scores(path: Path, ours: bool = False) -> dict[str, list[float | None]]:
    """The scores of a ``.score`` file by system, each system's in order; ``None`` where there is none.

    Args:
        ours: whether names are percent-encoded, as mteval writes them.
    """
    found: dict[str, list[float | None]] = {}
    for number, line in enumerate(read_lines(path), start=1):
        where, parts = f"{path}:{number}", line.split()
        if len(parts) != 2:
            raise DataError(where, "is not a system and its score", "write SYSTEM SCORE, or None for no score")
        system, told = unquote(parts[0]) if ours else parts[0], parts[1]
        try:
            score = None if told == "None" else float(told)
        except ValueError:
            raise DataError(where, f"{told!r} is no score", "write a number, or None for no score") from None
        if score is not None and not math.isfinite(score):
            raise DataError(where, f"{told} is no score", "write None for no score")
        found.setdefault(system, []).append(score)
    return found


def _texts_file(folder: Path, stem: str) -> Path:
    """Where a file of texts is: ``.txt``, or ``.jsonl`` where only that is there."""
    path = folder / f"{stem}.jsonl"
    return path if path.is_file() and not (folder / f"{stem}.txt").exists() else folder / f"{stem}.txt"


def _there(folder: Path) -> str:
    """Which lang pairs a folder has, as a remedy."""
    pairs = sorted({path.name.rpartition(".")[0] for path in (folder / "sources").glob("*-*.*")})
    return f"choose from {', '.join(pairs)}" if pairs else "give a folder that holds sources/, as mt-metrics-eval's do"


def _documents(path: Path, count: int, ours: bool) -> list[str]:
    """The document of each segment."""
    names: list[str] = []
    seen: set[str] = set()
    lines = read_lines(path)
    for number, line in enumerate(lines, start=1):
        parts = line.split()
        if len(parts) < 2:
            raise DataError(f"{path}:{number}", "is not a domain and a document", "write DOMAIN DOCUMENT a line")
        name = unquote(parts[1]) if ours else parts[1]
        if name in seen and names[-1] != name:
            raise DataError(f"{path}:{number}", f"document {name!r} begins again", "put its lines together")
        seen.add(name)
        names.append(name)
    if len(names) != count:
        raise ParityError(str(path), f"{len(names)} lines for {count} segments", "give one line a segment, in order")
    return names


def _hypotheses(system: str, texts: Sequence[str | None], segments: Sequence[Segment]) -> Hypotheses:
    lacking = (segment.id for segment, text in zip(segments, texts, strict=True) if text is None)
    notices = (f"segment {segment}: no translation was supplied" for segment in lacking)
    return Hypotheses(system, tuple(text or "" for text in texts), tuple(notices))
