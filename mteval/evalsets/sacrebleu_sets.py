"""sacreBLEU's test sets by name, from its own code and cache: references, documents, origlang, WMT's submissions."""

from __future__ import annotations

import difflib
import tarfile
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import langcodes

from mteval import network
from mteval.errors import ConfigError, DataError, ParityError, UnavailableError
from mteval.evalsets.base import EvalSetReader
from mteval.files import read_lines
from mteval.lang import LangPair
from mteval.needs import Need
from mteval.segment import Document, EvalSet, Hypotheses, Segment

_ABOUT = ("docid", "origlang", "genre", "domain")
"""Fields that are about the segments, not texts of theirs."""

_BROKEN = (ValueError, KeyError, AssertionError, SyntaxError, EOFError, tarfile.TarError, zipfile.BadZipFile)
"""What sacreBLEU's readers, lxml (a SyntaxError) and the archives raise on files that are not whole."""

_OLD = {"cz": "cs"}
"""Codes that are no language's, as WMT wrote them until 2010."""


class SacrebleuSet(EvalSetReader):
    """Reads a test set that sacreBLEU knows, in the direction in which sacreBLEU lists the lang pair.

    Texts, references, document ids and original languages are those of ``sacrebleu -t SET -l PAIR --echo all``, which
    it downloads into its cache (``SACREBLEU``, or ``~/.sacrebleu``) and checks by MD5. Of WMT's sets from 2021 on these
    are the segments that have a reference, without the test suites. References are called ``refA`` by their translator,
    ``ref0`` by their number, or ``ref`` if there is but one; an empty one counts as missing. A document whose id
    returns after another document is a second document, ``ID (2)``.

    Args:
        test_set: as ``wmt24``, ``wmt21/AB`` or ``mtedx/test``; ``sacrebleu --list`` shows them all.
        references: ``official`` for those that sacreBLEU scores against (``wmt21/AB`` has two), ``all`` for every one
            that the files hold.
        systems: which submissions are read as stored hypotheses: by name, or ``[all]``; sets of WMT from
            ``wmt21/systems`` and ``wmt22`` on hold them.
    """

    def __init__(
        self, test_set: str, references: Literal["official", "all"] = "official", systems: Sequence[str] = ()
    ) -> None:
        if references not in ("official", "all"):
            raise ConfigError("references", f"{references!r} is no choice of references", "choose official or all")
        self._name = test_set
        self._references = references
        self._systems = tuple(systems)

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        remedy = f"sacrebleu -t {self._name} -l {pair} --echo src > /dev/null, on a machine with a network"
        lack = self._lack(pair) if str(pair) in self._dataset.langpairs else f"it has no {pair}"
        return (Need("data", f"{self._name} {pair} (sacreBLEU)", lack is None, lack or f"in {self._folder}", remedy),)

    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        fields = self._fields(pair)
        count = len(fields["src"])
        for name, lines in fields.items():
            if len(lines) != count:
                raise ParityError(
                    str(self._file(pair, name)),
                    f"{len(lines)} lines for {count} segments",
                    f"delete {self._folder} and run again, so that sacreBLEU makes it anew",
                )
        documents, segments = self._texts(pair, fields)
        return EvalSet(
            name=self._name,
            pair=pair,
            documents=tuple(documents),
            segments=tuple(segments),
            hypotheses={name: Hypotheses(name, tuple(fields[name])) for name in self._submissions(pair, fields)},
        )

    @cached_property
    def _dataset(self) -> Any:
        """sacreBLEU's own object for the test set."""
        from sacrebleu.dataset import DATASETS

        if self._name not in DATASETS:
            raise ConfigError(
                "evalset.test_set",
                f"sacreBLEU has no test set {self._name!r}",
                f"name one of its own, as {_nearest(self._name, DATASETS)}",
            )
        return DATASETS[self._name]

    @property
    def _folder(self) -> Path:
        return Path(self._dataset._outdir)

    def _file(self, pair: LangPair, field: str) -> Path:
        return Path(self._dataset._get_txt_file_path(str(pair), field))

    def _is_xml(self) -> bool:
        from sacrebleu.dataset.wmt_xml import WMTXMLDataset

        return isinstance(self._dataset, WMTXMLDataset)

    def _lack(self, pair: LangPair) -> str | None:
        """What of the lang pair is not in sacreBLEU's cache; ``None`` if nothing would be downloaded."""
        dataset, raw = self._dataset, Path(self._dataset._rawdir)
        if not self._is_xml() and all(self._file(pair, field).exists() for field in dataset.fieldnames(str(pair))):
            return None
        for url in dataset.data:
            archive = raw / dataset._get_tarball_filename(url)
            if not archive.exists() or not archive.stat().st_size:
                return f"not in sacreBLEU's cache ({dataset._outdir})"
        given = dataset.langpairs[str(pair)]
        paths = map(_plain, [given["path"]] if isinstance(given, dict) else given)
        missing = next((path for path in paths if not (raw / path).exists()), None)
        return None if missing is None else f"{raw} is incomplete: it has no {missing}"

    def _fields(self, pair: LangPair) -> Mapping[str, list[str]]:
        """The lines of each field that is wanted, downloaded and made by sacreBLEU if need be."""
        dataset = self._dataset
        if str(pair) not in dataset.langpairs:
            raise ConfigError(
                f"lang_pairs.{pair}",
                f"{self._name} has no {pair}",
                f"choose one that it has, as {_nearest(str(pair), dataset.langpairs)}",
            )
        lack = self._lack(pair)
        if lack is not None and network.offline():
            raise UnavailableError(
                f"{self._name} {pair}",
                f"{lack}, and this run is offline",
                f"run sacrebleu -t {self._name} -l {pair} --echo src where there is a network, and copy the folder",
            )
        with self._downloading(pair):
            files = dict(zip(dataset.fieldnames(str(pair)), map(Path, dataset.get_files(str(pair))), strict=True))
            official = {Path(file) for file in dataset.get_reference_files(str(pair))}
        wanted = {
            name: file
            for name, file in files.items()
            if not _is_reference(name) or self._references == "all" or file in official
        }
        if not any(map(_is_reference, wanted)):
            raise DataError(str(self._folder), f"{self._name} {pair} holds no reference", "choose another test set")
        return {name: read_lines(file) for name, file in wanted.items()}

    @contextmanager
    def _downloading(self, pair: LangPair) -> Iterator[None]:
        """What can go wrong while sacreBLEU downloads and unpacks, as one error."""
        where, again = f"{self._name} {pair}", f"delete {self._folder} and run again"
        try:
            yield
        except SystemExit:  # sacreBLEU ends the process when a download is not what it should be
            raise UnavailableError(where, "the download is not the file that sacreBLEU knows", again) from None
        except FileNotFoundError as error:
            raise DataError(where, f"sacreBLEU's cache lacks {error.filename}", again) from None
        except OSError as error:
            problem = f"cannot be downloaded ({getattr(error, 'reason', None) or error})"
            raise UnavailableError(where, problem, "check the network, or copy sacreBLEU's folder here") from None
        except _BROKEN as error:
            raise DataError(where, f"sacreBLEU cannot read its files ({error})", again) from None

    def _submissions(self, pair: LangPair, fields: Collection[str]) -> list[str]:
        """The names of the submissions that are wanted."""
        there = [name for name in fields if name != "src" and name not in _ABOUT and not _is_reference(name)]
        if "all" in self._systems:
            return there
        for name in self._systems:
            if name not in there:
                names = _nearest(name, there) if there else "none, with systems=[]: it holds no submissions"
                raise ConfigError("evalset.systems", f"{self._name} {pair} has no submission {name!r}", f"name {names}")
        return list(self._systems)

    def _texts(self, pair: LangPair, fields: Mapping[str, Sequence[str]]) -> tuple[list[Document], list[Segment]]:
        references = {_reference_name(field): lines for field, lines in fields.items() if _is_reference(field)}
        ids = fields.get("docid") or [""] * len(fields["src"])
        origlangs = fields.get("origlang") or [""] * len(ids)
        where = self._file(pair, "src")
        documents: list[Document] = []
        segments: list[Segment] = []
        times: dict[str, int] = {}
        last, at = None, 0
        for row, (source, given, origlang) in enumerate(zip(fields["src"], ids, origlangs, strict=True)):
            if given != last:
                times[given] = times.get(given, 0) + 1
                name = (given or self._name) + (f" ({times[given]})" if times[given] > 1 else "")
                documents.append(Document(name, pair.source, origlang=_language(origlang)))
                last, at = given, 0
            at += 1
            segments.append(
                Segment(
                    id=f"{documents[-1].id}:{at}",
                    source=source,
                    document=documents[-1].id,
                    where=f"{where}:{row + 1}",
                    references={name: lines[row] for name, lines in references.items() if lines[row]},
                )
            )
        return documents, segments


def _is_reference(field: str) -> bool:
    return field == "ref" or field.startswith("ref:")


def _reference_name(field: str) -> str:
    """``refA`` for ``ref:A``, ``ref:refA`` and the like."""
    return "ref" + field.removeprefix("ref").removeprefix(":").removeprefix("ref")


def _plain(path: str) -> str:
    """A path as the MTNT sets list it, without the number of its column."""
    column, _, rest = path.partition(":")
    return rest if column.isdigit() and rest else path


def _language(code: str) -> str | None:
    """An ``origlang``, but for one that names no language."""
    found = _OLD.get(code.strip(), code.strip()).replace("-", "_")
    return found if found and found != "und" and langcodes.tag_is_valid(found) else None


def _nearest(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=5, cutoff=0.5) or sorted(known)[:20]
    return ", ".join(close)
