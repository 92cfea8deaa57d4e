"""MQM annotations in JSON Lines, one judged hypothesis a line, as Bio-MQM has them: errors become gold scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from mteval.errors import ConfigError, DataError
from mteval.evalsets.base import EvalSetReader
from mteval.evalsets.rows import Row, assembled, is_of_pair
from mteval.files import read_jsonl, resolve
from mteval.lang import LangPair
from mteval.needs import Need, file
from mteval.segment import EvalSet

WEIGHTS: Mapping[str, float] = {"critical": 5, "major": 5, "minor": 1, "neutral": 0}
"""Those of WMT (Freitag et al. 2021), which has no critical errors beside major ones."""

EXCEPTIONS: Sequence[Mapping[str, Any]] = (
    {"category": "Fluency", "subcategory": "Punctuation", "severity": "minor", "weight": 0.1},
    {"category": "Linguistic conventions", "subcategory": "Punctuation", "severity": "minor", "weight": 0.1},
)
"""Errors of another weight, from the same place; the second is how Bio-MQM calls the first."""

_NAMES = {
    "source": ("source", "src"),
    "hypothesis": ("hypothesis", "tgt"),
    "errors": ("errors", "errors_tgt"),
    "document": ("document", "doc_id"),
    "category": ("category", "error_category"),
    "subcategory": ("subcategory", "error_subcategory"),
}
"""What a field is called: in mteval's words, or in Bio-MQM's."""


class Weights:
    """What an error counts.

    Args:
        weights: by severity; ``None`` for ``WEIGHTS``.
        exceptions: as ``EXCEPTIONS``, which stand for ``None``.
    """

    def __init__(
        self, weights: Mapping[str, float] | None = None, exceptions: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        self._weights = _weights(WEIGHTS if weights is None else weights)
        self._exceptions = tuple(map(_exception, EXCEPTIONS if exceptions is None else exceptions))

    def of(self, where: str, severity: Any, category: Any, subcategory: Any) -> float:
        """The weight of an error, which is 0 or more.

        Raises:
            DataError: no weight is known of its severity; ``where`` names its place.
        """
        told = {"severity": _plain(severity), "category": _plain(category), "subcategory": _plain(subcategory)}
        for exception in self._exceptions:
            if all(told[what] == value for what, value in exception[0].items()):
                return exception[1]
        if told["severity"] not in self._weights:
            known = ", ".join(self._weights)
            raise DataError(where, f"an error of severity {told['severity']!r}", f"weigh it beside {known} in weights")
        return self._weights[told["severity"]]


@dataclass
class _Judged:
    """A segment, while its lines come."""

    where: str
    source: str
    document: str | None
    id: str | None
    hypotheses: dict[str, str] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    penalties: dict[str, list[float]] = field(default_factory=dict)


class Mqm(EvalSetReader):
    """Reads JSON Lines of judged hypotheses.

    A line has ``source``, ``hypothesis``, ``system`` and ``errors`` (each with ``severity``, ``category`` and
    ``subcategory``), and may have ``document``, ``segment``, ``ref`` (a list of references), and the languages as
    ``lang_src`` and ``lang_tgt``. Bio-MQM's own names of these (``src``, ``tgt``, ``errors_tgt``, ``doc_id``,
    ``error_category``, ``error_subcategory``) are known.

    A gold score is the negative sum of a hypothesis's error weights, averaged over annotators: 0 is the best there is.
    Lines with one source in one document (and one ``segment``, if they tell it) are one segment. Translations by people
    are references.

    Args:
        path: the file (``.jsonl``, ``.jsonl.gz`` or ``.jsonl.xz``); ``{lang_pair}``, ``{source}`` and ``{target}`` in
            it are filled in.
        name: the test set's name; ``None`` for the file's.
        weights: of errors by severity, in small letters.
        exceptions: errors of other weights: each has ``weight`` and some of ``severity``, ``category`` and
            ``subcategory``; the first that fits counts.
        references: what the names of people look like among the systems, as ``reference*``.
        people: whether what people wrote is judged as the hypotheses of a system as well.
        complete: whether segments are left out that lack a system or a reference that others have.
    """

    def __init__(
        self,
        path: str,
        name: str | None = None,
        weights: Mapping[str, float] | None = None,
        exceptions: Sequence[Mapping[str, Any]] | None = None,
        references: str = "reference*",
        people: bool = False,
        complete: bool = False,
    ) -> None:
        self._path = path
        self._name = name
        self._weights = Weights(weights, exceptions)
        self._references = references
        self._people = people
        self._complete = complete

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return (file(resolve(pair.fill(self._path)), "correct evalset.path"),)

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        path = resolve(pair.fill(self._path))
        found: dict[tuple[str | None, str | None, str], _Judged] = {}
        told = "{lang_pair}" in self._path or "{target}" in self._path
        for where, line in read_jsonl(path):
            languages = [line[key] for key in ("lang_src", "lang_tgt") if isinstance(line.get(key), str)]
            if is_of_pair(where, "-".join(languages) if len(languages) == 2 else None, pair, pairs, told=told):
                self._add(found, where, line)
        if not found:
            raise DataError(str(path), f"holds no segment of {pair}", "give judged hypotheses, or other lang_pairs")
        in_order = list(found.values())
        first = {one.document: at for at, one in reversed(list(enumerate(in_order)))}
        together = sorted(in_order, key=lambda one: first[one.document])
        judged, notices = self._completed(together)
        if together != in_order:
            notices.append("lines of one document are apart in the file: its segments are put together")
        name = self._name or path.name.split(".jsonl")[0]
        return assembled(name, pair, map(_row, judged), notices=notices)

    def _add(self, found: dict[Any, _Judged], where: str, line: Mapping[str, Any]) -> None:
        source, hypothesis = (_text(where, line, what) for what in ("source", "hypothesis"))
        system, document = _text(where, line, "system"), _of(line, "document")
        segment = line.get("segment")
        names = tuple(None if name is None else str(name) for name in (document, segment))
        id_ = None if segment is None else f"{names[0]}:{names[1]}" if names[0] else names[1]
        one = found.setdefault((*names, source), _Judged(where, source, names[0], id_))
        person = fnmatchcase(system, self._references)
        if person:
            _keep(where, one.references, system, hypothesis)
        if not person or self._people:
            _keep(where, one.hypotheses, system, hypothesis)
            one.penalties.setdefault(system, []).append(
                sum(self._weight(where, error) for error in _errors(where, line))
            )
        for number, reference in enumerate(line.get("ref") or (), start=1):
            if not person and isinstance(reference, str) and reference.strip():
                one.references.setdefault(f"ref{number}", reference)

    def _weight(self, where: str, error: Mapping[str, Any]) -> float:
        told = [_of(error, what) for what in ("severity", "category", "subcategory")]
        return self._weights.of(where, *told)

    def _completed(self, judged: Sequence[_Judged]) -> tuple[list[_Judged], list[str]]:
        """The segments that are kept, and what is said of others."""
        systems = {system for one in judged for system in one.hypotheses}
        references = {name for one in judged for name in one.references}
        if not self._complete:
            for one in judged:
                if lacking := sorted(systems - set(one.hypotheses)):
                    problem = f"no hypothesis of {lacking[0]}, which has one of other segments"
                    raise DataError(one.where, problem, "leave such segments out with evalset.complete=true")
            return list(judged), []
        kept = [one for one in judged if systems == set(one.hypotheses) and references == set(one.references)]
        if not kept:
            raise DataError(judged[0].where, "no segment has all systems and references", "set evalset.complete=false")
        lost = len(judged) - len(kept)
        return kept, [f"{lost} segments are left out that lack a system or a reference"] if lost else []


def _row(one: _Judged) -> Row:
    gold = {system: -sum(found) / len(found) + 0.0 for system, found in one.penalties.items()}
    return Row(one.where, one.source, one.document, one.id, one.references, one.hypotheses, gold)


def _keep(where: str, into: dict[str, str], system: str, text: str) -> None:
    if into.setdefault(system, text) != text:
        problem = f"another hypothesis of {system} for the same segment than on an earlier line"
        raise DataError(where, problem, "tell segments apart by document and segment")


def _of(line: Mapping[str, Any], what: str) -> Any:
    return next((line[name] for name in _NAMES.get(what, (what,)) if name in line), None)


def _text(where: str, line: Mapping[str, Any], what: str) -> str:
    text = _of(line, what)
    if not isinstance(text, str) or (what != "hypothesis" and not text.strip()):
        raise DataError(where, f"has no {what}", f"write it as {' or '.join(_NAMES.get(what, (what,)))}")
    return text


def _errors(where: str, line: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = _of(line, "errors")
    if not isinstance(found, list) or not all(isinstance(error, dict) for error in found):
        raise DataError(where, "has no list of errors", "write errors as a list of objects, [] for none")
    yield from found


def _plain(name: Any) -> str:
    """A category or severity as it is compared: ``Linguistic_conventions`` is ``linguistic conventions``."""
    return str(name or "").replace("_", " ").strip().lower()


def _weights(given: Mapping[str, Any]) -> dict[str, float]:
    return {_plain(name): _number(f"weights.{name}", weight) for name, weight in given.items()}


def _exception(given: Mapping[str, Any]) -> tuple[dict[str, str], float]:
    known = {"severity", "category", "subcategory"}
    if not isinstance(given, Mapping) or "weight" not in given or not set(given) - {"weight"} <= known:
        problem = f"{given!r} is no exception"
        raise ConfigError("exceptions", problem, f"give weight and some of {', '.join(sorted(known))}")
    told = {what: _plain(given[what]) for what in given if what != "weight"}
    return told, _number("exceptions.weight", given["weight"])


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise ConfigError(key, f"{value!r} is no weight", "give a number from 0 up")
    return float(value)
