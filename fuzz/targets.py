"""What is fuzzed: each target takes any bytes, and may answer them with an error for the user, never with another."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import lzma
import pickle
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from mteval.answers import chatter, refusal
from mteval.chat.document import Misaligned, read_numbered
from mteval.chat.extract import Extract
from mteval.composition import compose, mended
from mteval.config import build_judges
from mteval.errors import MtevalError
from mteval.evalsets.base import EvalSetReader
from mteval.evalsets.documents import DocumentFolder
from mteval.evalsets.jsonl import JsonLines
from mteval.evalsets.lines import Lines
from mteval.evalsets.mt_metrics_eval import MtMetricsEval
from mteval.evalsets.table import Table
from mteval.evalsets.tmx import Tmx
from mteval.evalsets.wmt_xml import WmtXml
from mteval.evalsets.xliff import Xliff
from mteval.files import open_stream, read_yaml, stream_lines
from mteval.flagging import Judges
from mteval.garble.base import Evidence
from mteval.identification import identify
from mteval.lang import LangPair
from mteval.metrics.comet_contents import glanced
from mteval.metrics.gemba_answers import read_errors, read_score, spans_of
from mteval.report.base import Report, RunResult, VerdictStream
from mteval.report.comma import Csv
from mteval.report.fakes import fake_result
from mteval.report.html import Html
from mteval.report.jsonfile import Json
from mteval.report.latex import Latex
from mteval.report.markdown import Markdown
from mteval.report.mt_metrics_eval import MtMetricsEvalFolder
from mteval.report.terminal_stream import TerminalStream
from mteval.report.verdicts_stream import JsonStream
from mteval.segment import Hypotheses
from mteval.systems.apertium import from_stream, to_stream
from mteval.unjudged.base import Told
from mteval.unjudged.lines import read_json_lines
from mteval.unjudged.texts import read_text_file

Target = Callable[[bytes], None]

LANGUAGES = ("pt", "ro", "en", "zh", "ar")
PAIR = LangPair("ro", "en")


class Refused(Exception):
    """A checkpoint was refused."""


def _refuse(problem: str, remedy: str) -> NoReturn:
    raise Refused(problem, remedy)


@contextlib.contextmanager
def _answered() -> Iterator[None]:
    """Lets pass what a user is told in one line: an error of mteval's."""
    try:
        yield
    except MtevalError as error:
        assert "\n" not in str(error)


def _load(make: Callable[[Path], EvalSetReader], files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as given:
        folder = Path(given)
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        with _answered():
            reader = make(folder)
            reader.load(PAIR, [PAIR])


def jsonl(data: bytes) -> None:
    _load(lambda folder: JsonLines(str(folder / "a.jsonl")), {"a.jsonl": data})


def lines(data: bytes) -> None:
    source, _, rest = data.partition(b"\xff")
    files = {"a.ro": source, "a.en": rest}
    _load(lambda at: Lines(str(at / "a.ro"), {"r": str(at / "a.en")}, {"s": str(at / "a.en")}), files)


def table(data: bytes) -> None:
    suffix = ("csv", "tsv", "csv.gz", "parquet")[data[0] % 4 if data else 0]
    _load(lambda at: Table(str(at / f"a.{suffix}"), references={"r": "reference"}), {f"a.{suffix}": data[1:]})


def tmx(data: bytes) -> None:
    _load(lambda at: Tmx(str(at / "a.tmx")), {"a.tmx": data})


def xliff(data: bytes) -> None:
    _load(lambda at: Xliff(str(at / "a.xlf")), {"a.xlf": data})


def wmt_xml(data: bytes) -> None:
    _load(lambda at: WmtXml(str(at / "a.xml")), {"a.xml": data})


def documents(data: bytes) -> None:
    text, _, manifest = data.partition(b"\xff")
    files = {"in/a.txt": text, "in/MANIFEST.jsonl": manifest, "refs/a.jsonl": manifest}
    _load(lambda at: DocumentFolder("d", str(at / "in"), {"r": str(at / "refs")}, "ro"), files)


def mt_metrics_eval(data: bytes) -> None:
    parts = [*data.split(b"\xff"), b"", b"", b"", b""]
    files = {
        "documents/ro-en.docs": parts[0],
        "sources/ro-en.txt": parts[1],
        "references/ro-en.refA.txt": parts[2],
        "system-outputs/ro-en/s.txt": parts[3],
        "human-scores/ro-en.mqm.seg.score": parts[4],
    }
    _load(lambda at: MtMetricsEval(str(at), human_scores="mqm"), files)


def yaml(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, _answered():
        (path := Path(folder, "a.yaml")).write_bytes(data)
        read_yaml(path)


def compressed(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, _answered():
        suffix = (".gz", ".xz", "")[data[0] % 3 if data else 0]
        (path := Path(folder, f"a{suffix}")).write_bytes(data[1:])
        with open_stream(path) as file:
            list(stream_lines(file, "a"))


def checkpoint(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(Refused):
        (path := Path(folder, "a.ckpt")).write_bytes(data)
        glanced(path, _refuse)


@cache
def judges() -> Judges:
    """The default gate, signals and detector, and chrF."""
    return build_judges(compose(["metrics=[chrf]"], []))


def _streams() -> tuple[VerdictStream, ...]:
    console = Console(file=io.StringIO(), width=80)
    return JsonStream(io.StringIO()), TerminalStream(console, io.StringIO(), several=True)


def flag_lines(data: bytes) -> None:
    streams = _streams()
    with _answered():
        for text, verdict in judges().judge(read_json_lines(stream_lines(io.BytesIO(data), "a"), "a", Told())):
            for stream in streams:
                stream.write(text, verdict, shown=True)
    for stream in streams:
        stream.end()


def flag_text(data: bytes) -> None:
    code = LANGUAGES[data[0] % len(LANGUAGES)] if data else None
    with _answered():
        text = read_text_file(stream_lines(io.BytesIO(data[1:]), "a"), "a", Told(code))
        for one, verdict in judges().judge([text]):
            for stream in _streams():
                stream.write(one, verdict, shown=True)


def translation(data: bytes) -> None:
    """A source and a hypothesis, through the gate, the signals that compare them, and those that look at one alone."""
    source, _, hypothesis = _text(data[1:]).partition("\0")
    codes = LANGUAGES[(data or b"\0")[0] % len(LANGUAGES)], LANGUAGES[(data or b"\0")[0] // 8 % len(LANGUAGES)]
    line = {"document": "d", "source": source, "hypothesis": hypothesis, "reference": hypothesis[::-1]}
    line |= {"source_language": codes[0], "language": codes[1]}
    with _answered():
        list(judges().judge(read_json_lines([("a:1", json.dumps(line))], "a", Told())))


def answer(data: bytes) -> None:
    """What a language model says, through all that reads it."""
    text = _text(data)
    half = len(text) // 2
    for languages in (frozenset({"en", "ro"}), frozenset({"pt", "de"})):
        for found in (refusal(text[:half], text[half:], languages), chatter(text[:half], text[half:], languages)):
            assert found is None or 0 <= found[0] <= found[1] <= len(text) - half
    read_score(text)
    errors = read_errors(text)
    spans_of(errors or (), text[:half])
    with contextlib.suppress(Misaligned):
        read_numbered(text, 3, "s")
    with contextlib.suppress(MtevalError):
        Extract(r"<t>(.*?)</t>")(text)
    identify(text, frozenset({"ro", "en"}))
    assert from_stream(to_stream(text)) == text.replace("\0", "") or "\0" in text


def override(data: bytes) -> None:
    with _answered():
        compose([mended(_text(data))], [])


FORMATS: Sequence[Report] = (Markdown(), Csv(), Json(), Latex(), Html())


def hostile_result(text: str) -> RunResult:
    """A small result in which every text that others gave is this one."""
    result = fake_result(name=text or "s", hypothesis=text)
    pairs = []
    for pair in result.pairs:
        eval_set = pair.eval_set
        segments = tuple(replace(one, source=text or one.source, notes=text) for one in eval_set.segments)
        systems = tuple(
            replace(
                one,
                hypotheses=Hypotheses(one.hypotheses.system, tuple(text for _ in one.hypotheses.texts), (text,)),
                signature=text,
                notices=(text,),
                spans={},
                verdicts=tuple(
                    replace(verdict, evidence=tuple(_saying(found, text) for found in verdict.evidence))
                    for verdict in one.verdicts
                ),
            )
            for one in pair.systems
        )
        pairs.append(
            replace(pair, eval_set=replace(eval_set, name=text or "e", segments=segments), systems=systems, declined={
                "x": text
            })
        )  # fmt: skip
    return replace(result, pairs=tuple(pairs), warnings=(text,))


def _saying(found: Evidence, text: str) -> Evidence:
    return replace(found, start=None, end=None, message=text)


def reports(data: bytes) -> None:
    result = hostile_result(_text(data))
    with tempfile.TemporaryDirectory() as given:
        folder = Path(given, "a", "b", "c")
        folder.mkdir(parents=True)
        for report in (*FORMATS, MtMetricsEvalFolder()):
            with _answered():
                path = report.write(result, folder)
                assert path.resolve().is_relative_to(folder.resolve())
        for above in folder.parents[:3]:
            assert len(list(above.iterdir())) == 1, f"something was written into {above}"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _checkpoint() -> bytes:
    """A checkpoint as ``torch.save`` writes it, with nothing in it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("archive/data.pkl", pickle.dumps({"hyper_parameters": {"a": 1}, "state_dict": {}}, 2))
        packed.writestr("archive/version", "3")
    return file.getvalue()


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (
        *(jsonl, lines, table, tmx, xliff, wmt_xml, documents, mt_metrics_eval, yaml, compressed, checkpoint),
        *(flag_lines, flag_text, translation, answer, override, reports),
    )
}

SEEDS: dict[str, Sequence[bytes]] = {
    "jsonl": [b'{"source": "a", "references": {"r": "b"}, "hypotheses": {"s": "c"}, "document": "d", "id": "1"}\n'],
    "lines": ["Bună.\nDa.\n".encode() + b"\xffGood.\nYes.\n"],
    "table": [b"\0source,reference\na,b\n", b'\1source\treference\n"a"\tb\n'],
    "tmx": [
        b'<?xml version="1.0"?><!DOCTYPE tmx SYSTEM "tmx14.dtd"><tmx version="1.4"><header srclang="ro"/><body><tu>'
        b'<tuv xml:lang="ro"><seg>a<bpt i="1">x</bpt></seg></tuv><tuv xml:lang="en"><seg>b</seg></tuv></tu></body>'
        b"</tmx>"
    ],
    "xliff": [
        b'<xliff version="1.2"><file original="f" source-language="ro" target-language="en"><body><trans-unit id="1">'
        b"<source>a</source><target>b</target></trans-unit></body></file></xliff>",
        b'<xliff version="2.0" srcLang="ro" trgLang="en" xmlns="urn:oasis:names:tc:xliff:document:2.0"><file id="f">'
        b'<unit id="1"><segment><source>a</source><target>b</target></segment></unit></file></xliff>',
    ],
    "wmt_xml": [
        b'<dataset id="x"><doc id="d" origlang="ro"><src lang="ro"><p><seg id="1">a</seg></p></src><ref lang="en" '
        b'translator="A"><p><seg id="1">b</seg></p></ref><hyp system="s"><p><seg id="1">c</seg></p></hyp></doc>'
        b"</dataset>"
    ],
    "documents": ["Bună ziua.\n\nDa.\n".encode() + b'\xff{"id": "a:1.1", "file": "a.txt", "text": "x"}\n'],
    "mt_metrics_eval": [b"d\tx\nd\tx\n\xffa\nb\n\xffc\nd\n\xffe\nf\n\xffs\t1\ns\tNone\n"],
    "yaml": [b"a: &x [1, {b: c}]\nd: *x\n"],
    "compressed": [b"\0" + gzip.compress(b"a\nb\n", mtime=0), b"\1" + lzma.compress(b"a\nb\n"), b"\2a\r\nb\n"],
    "checkpoint": [_checkpoint()],
    "flag_lines": [
        b'{"document": "d", "text": "One. Two."}\n{"source": "a", "hypothesis": "b", "reference": "c"}\n',
        b'{"lines": ["a", "b"], "language": "pt"}\n{"source": "a", "hypotheses": {"s": "b"}, "lang_pair": "ro-en"}\n',
    ],
    "flag_text": ["\0O líder norte -coreano disse “sim”. Kim Kim foi.\n\nDa.\n".encode()],
    "translation": [b"\x09Kim Jong Un a spus 1.000 de lei.\0Kim Kim &quot;said&quot; 1,000 lei lei lei lei."],
    "answer": [
        b"I'm sorry, but I can't translate that.",
        b'Major:\naccuracy - "x"\nScore: 95/100',
        b"<s1>a</s1><s2>b</s2>",
    ],
    "override": [
        b"+systems.x={_target_: os.system, a: [1,2]}",
        b"metrics=[chrf]",
        b"seed=1",
        b"baseline='${oc.env:HOME}'",
    ],
    "reports": [b"=cmd|' /C calc'!A0", b"<script>alert(1)</script>", b"\\input{/etc/passwd} | `x` ](javascript:1)"],
}
