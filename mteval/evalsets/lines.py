"""An eval set in plain line files, as Moses has them: a source a line, and references and hypotheses beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mteval.errors import ConfigError, DataError
from mteval.evalsets.base import EvalSetReader
from mteval.evalsets.rows import Row, assembled, checked_origlang, origlang_of
from mteval.files import check_parity, read_lines, resolve
from mteval.lang import LangPair
from mteval.needs import Need, file
from mteval.segment import EvalSet


class Lines(EvalSetReader):
    """Reads files of one text a line, line by line beside each other.

    ``{lang_pair}``, ``{source}`` and ``{target}`` in a file's name are filled in. Only a line feed ends a line; a
    carriage return before it is left out. A source and a reference may not be empty, a hypothesis may.

    Args:
        source: the file of the sources.
        references: files by the reference's name.
        hypotheses: files by system.
        documents: the file of the documents' ids; ``None`` for one document.
        origlangs: the file of the languages that each segment's document was first written in; ``None`` for none.
        origlang: that language, where no file says it; ``None`` for unknown.
        name: the test set's name; ``None`` for the source file's.
    """

    def __init__(
        self,
        source: str,
        references: Mapping[str, str] | None = None,
        hypotheses: Mapping[str, str] | None = None,
        documents: str | None = None,
        origlangs: str | None = None,
        origlang: str | None = None,
        name: str | None = None,
    ) -> None:
        self._source = source
        self._references = dict(references or {})
        self._hypotheses = dict(hypotheses or {})
        for key, files in (("references", self._references), ("hypotheses", self._hypotheses)):
            for who, path in files.items():
                if not isinstance(who, str) or not who or not isinstance(path, str):
                    raise ConfigError(f"{key}.{who}", f"{path!r} is no file's name", "write NAME: FILE, in quotes")
        self._beside = {
            key: path for key, path in (("documents", documents), ("origlangs", origlangs)) if path is not None
        }
        self._origlang = checked_origlang(origlang)
        self._name = name

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return tuple(file(resolve(pair.fill(path)), f"correct evalset.{key}") for key, path in self._files.items())

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        for other in pairs:
            self._check_apart(pair, other)
        path = resolve(pair.fill(self._source))
        sources = read_lines(path)
        if not sources:
            raise DataError(str(path), "is empty", "give a file with a source a line")

        def beside(key: str, what: str, *, empty: bool = False) -> list[str]:
            return _beside(resolve(pair.fill(self._files[key])), what, path, len(sources), empty=empty)

        references = {name: beside(f"references.{name}", "references") for name in self._references}
        hypotheses = {name: beside(f"hypotheses.{name}", "hypotheses", empty=True) for name in self._hypotheses}
        documents = beside("documents", "document ids") if "documents" in self._beside else None
        origlangs = self._originals(pair, beside("origlangs", "languages")) if "origlangs" in self._beside else None
        rows = []
        for at, source in enumerate(sources):
            where = f"{path}:{at + 1}"
            _check_text(where, source)
            rows.append(
                Row(
                    where,
                    source,
                    documents[at] if documents else None,
                    references={name: lines[at] for name, lines in references.items()},
                    hypotheses={name: lines[at] for name, lines in hypotheses.items()},
                    origlang=origlangs[at] if origlangs else None,
                )
            )
        return assembled(self._name or _stem(path), pair, rows, self._origlang)

    def _originals(self, pair: LangPair, lines: Sequence[str]) -> list[str | None]:
        path = resolve(pair.fill(self._beside["origlangs"]))
        return [origlang_of(f"{path}:{number}", line.strip()) for number, line in enumerate(lines, start=1)]

    @property
    def _files(self) -> dict[str, str]:
        """All files, by the config's key."""
        found = {"source": self._source}
        found |= {f"references.{name}": path for name, path in self._references.items()}
        found |= {f"hypotheses.{name}": path for name, path in self._hypotheses.items()}
        return found | self._beside

    def _check_apart(self, pair: LangPair, other: LangPair) -> None:
        """Make sure that no file would be read as another language in another lang pair of the run."""
        for key, path in self._files.items():
            if key in self._beside:
                continue
            mine, theirs = (pair.source, other.source) if key == "source" else (pair.target, other.target)
            if mine != theirs and pair.fill(path) == other.fill(path):
                place = "{source}" if key == "source" else "{target}"
                raise ConfigError(
                    f"evalset.{key}",
                    f"{path} would be in {mine} in {pair} and in {theirs} in {other}",
                    f"choose one lang pair, or write {place} into the file's name",
                )


def _beside(path: Path, what: str, source: Path, expected: int, *, empty: bool) -> list[str]:
    """The lines of a file that stands beside the sources.

    Args:
        what: what it holds, for errors.
        source: the file of the sources, which has ``expected`` lines.
        empty: whether lines may be.
    """
    lines = read_lines(path)
    check_parity(str(path), len(lines), expected, what, f"sources in {source}")
    for number, line in enumerate(lines, start=1):
        _check_text(f"{path}:{number}", line)
        if not empty and not line.strip():
            problem = f"the line is empty, among {what}"
            raise DataError(f"{path}:{number}", problem, "write one for every source, or take that source out")
    return lines


def _check_text(where: str, line: str) -> None:
    if "\0" in line:
        raise DataError(where, "holds a NUL character", "take it out: it belongs to no text")


def _stem(path: Path) -> str:
    """A file's name without its compression and language: ``newstest`` for ``newstest.ro.gz``."""
    return (path.with_suffix("") if path.suffix in (".gz", ".xz") else path).stem
