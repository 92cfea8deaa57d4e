"""Apertium, a rule-based machine-translation engine (Forcada et al. 2011), as a chain of modes."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path

from mteval.errors import ConfigError, ContractError, UnavailableError
from mteval.lang import LangPair
from mteval.needs import Need, file, program
from mteval.segment import EvalSet, Segment
from mteval.signature import Signature
from mteval.systems.base import Output, System, SystemCard

DEBIAN_PACKAGES: Mapping[str, str] = {
    "pt-es": "apertium-es-pt",
    "es-pt": "apertium-es-pt",
    "por-cat": "apertium-por-cat",
    "cat-por": "apertium-por-cat",
    "ro-es": "apertium-es-ro",
    "spa-eng": "apertium-eng-spa",
    "eng-spa": "apertium-eng-spa",
    "cat-eng": "apertium-eng-cat",
}
"""Which Debian package brings a mode, for the modes of the shipped configs."""

_MODES = Path("/usr/share/apertium/modes")

# What has a meaning in Apertium's stream format and must be escaped to be plain text.
_RESERVED = re.compile(r"([\\\[\]{}^$/<>@])")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# lrx-proc (Apertium's lexical selection) runs on past the end of a segment that holds a caret outside a word, even an
# escaped one, so a caret travels as a character for private use; a text that holds that one itself sends both in pairs.
_CARET, _ITSELF = "\ue05e", "\ue05f"
# Empty superblanks at the end of each segment, which Apertium's own format handlers put there too: without them a
# rule could wait for the next segment's first word.
_END = "[][\n]"


def to_stream(text: str) -> str:
    """A segment in Apertium's stream format, where nothing in it can be taken for markup or for its end."""
    safe = text.replace(_ITSELF, _ITSELF * 2).replace(_CARET, _ITSELF + _CARET).replace("^", _CARET)
    return _RESERVED.sub(r"\\\1", safe).replace("\n", "[\n]") + _END


def from_stream(chunk: str) -> str:
    """The text of a segment that comes back in Apertium's stream format.

    Raises:
        ContractError: its end is not there, so that segments may have run together.
    """
    if not chunk.endswith(_END):
        raise ContractError("apertium", f"a segment's end is missing in {chunk[-60:]!r}", "report this text")
    body = chunk.removesuffix(_END).replace("[\n]", "\n")
    plain = _ESCAPED.sub(r"\1", body)
    return _CARETS.sub(lambda found: "^" if found.group() == _CARET else found.group()[1], plain)


_CARETS = re.compile(f"{_ITSELF}{_ITSELF}|{_ITSELF}{_CARET}|{_CARET}")


@lru_cache(maxsize=32)
def _digest(mode: str) -> str:
    """A digest of everything that a mode is made of: its pipeline and the compiled data it names."""
    pipeline = (_MODES / f"{mode}.mode").read_bytes()
    digest = hashlib.sha256(pipeline)
    for name in re.findall(rb"'([^']+)'", pipeline):
        data = Path(name.decode())
        if data.is_file():
            digest.update(data.read_bytes())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=32)
def _stages(mode: str, mark_unknown: bool) -> tuple[tuple[str, ...], ...]:
    """The programs of a mode's pipeline with their arguments, as ``apertium -z -f none`` would run them."""
    shown = subprocess.run(
        ["apertium-wblank-mode", "-z", str(_MODES / f"{mode}.mode")], capture_output=True, text=True, check=False
    )
    if shown.returncode != 0:
        raise UnavailableError("apertium", f"mode {mode} cannot be read: {shown.stderr.strip()}", "install it again")
    words = shlex.split(shown.stdout)
    stages: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            stages.append([])
        elif word == "$1":
            stages[-1].append("-g" if mark_unknown else "-n")
        elif word != "$2":
            stages[-1].append(word)
    return tuple(tuple(stage) for stage in stages)


@lru_cache(maxsize=1)
def _version() -> str:
    shown = subprocess.run(["apertium", "-V"], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+\.\d+", shown.stdout + shown.stderr)
    return found.group() if found else "unknown"


class Apertium(System):
    """Translates through one or more Apertium modes, each fed by the one before.

    Each segment comes out as if ``apertium`` had been started for it alone.

    Args:
        modes: for each lang pair, the names of the modes in order: ``{pt-en: [pt-es, spa-eng]}``.
        mark_unknown: keep Apertium's ``*`` before words that it does not know.
        chunk: segments that go through the pipeline together before their hypotheses are handed on.
        timeout: seconds that one program of the pipeline may take for a chunk.
    """

    def __init__(
        self,
        modes: Mapping[str, Sequence[str]],
        mark_unknown: bool = False,
        chunk: int = 1000,
        timeout: float = 600,
    ) -> None:
        self._modes = {LangPair.parse(pair, "apertium.modes"): tuple(chain) for pair, chain in modes.items()}
        for pair, chain in self._modes.items():
            if not chain:
                raise ConfigError(
                    f"apertium.modes.{pair}", "names no mode", "name at least one, as in [pt-es, spa-eng]"
                )
        if chunk < 1:
            raise ConfigError("apertium.chunk", f"{chunk} is too small", "give at least 1")
        self._mark_unknown = mark_unknown
        self._chunk = chunk
        self._timeout = timeout

    @property
    def card(self) -> SystemCard:
        return SystemCard(reusable=True)

    def declines(self, eval_set: EvalSet) -> str | None:
        return None if eval_set.pair in self._modes else f"no chain of Apertium modes for {eval_set.pair}"

    def check(self, pair: LangPair) -> None:
        packages = sorted({DEBIAN_PACKAGES.get(mode, f"apertium-{mode}") for mode in self._modes[pair]})
        remedy = f"install Debian's packages apertium {' '.join(packages)}, or choose other systems with systems=[…]"
        if shutil.which("apertium") is None:
            raise UnavailableError("apertium", "the program is not installed", remedy)
        for mode in self._modes[pair]:
            if not (_MODES / f"{mode}.mode").is_file():
                raise UnavailableError("apertium", f"mode {mode} is not installed", remedy)

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        remedy = "install Debian's package apertium"
        packages = {mode: DEBIAN_PACKAGES.get(mode, f"apertium-{mode}") for mode in self._modes.get(pair, ())}
        return (
            program("apertium", remedy),
            *(
                replace(file(_MODES / f"{mode}.mode", f"install Debian's package {package}"), name=f"mode {mode}")
                for mode, package in packages.items()
            ),
        )

    def signature(self, pair: LangPair) -> Signature:
        chain = "+".join(f"{mode}@{_digest(mode)}" for mode in self._modes[pair])
        unknown = "marked" if self._mark_unknown else "plain"
        settings = {"system": "apertium", "version": _version(), "modes": chain, "unknown": unknown}
        return Signature.of({**settings, "context": "segment"})

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        numbered = enumerate(segments)
        while part := list(islice(numbered, self._chunk)):
            texts = [segment.source for _, segment in part]
            for mode in self._modes[pair]:
                texts = self._run(mode, texts)
            yield from ((index, Output(text)) for (index, _), text in zip(part, texts, strict=True))

    def close(self) -> None:
        pass

    def _run(self, mode: str, texts: Sequence[str]) -> list[str]:
        # A NUL ends a segment in the stream, so a text that holds one goes in pieces and is put together again.
        pieces = [text.split("\0") for text in texts]
        chunks = [to_stream(piece) for parts in pieces for piece in parts]
        for stage in _stages(mode, self._mark_unknown):
            # The tagger remembers what it read before, so that a segment's tags, and its hypothesis, would depend on
            # the segments before it: it gets a process for each. No other program was seen to remember anything. On
            # FLORES dev ro-en this gives other hypotheses for a third of the segments and 13.20 BLEU instead of 13.62.
            if stage[0] == "apertium-tagger":
                with ThreadPoolExecutor(os.cpu_count()) as pool:
                    chunks = list(pool.map(lambda chunk, stage=stage: self._pipe(mode, stage, [chunk])[0], chunks))
            else:
                chunks = self._pipe(mode, stage, chunks)
        done = map(from_stream, chunks)
        return ["\0".join(islice(done, len(parts))) for parts in pieces]

    def _pipe(self, mode: str, stage: Sequence[str], chunks: Sequence[str]) -> list[str]:
        """What one program of a mode's pipeline makes of segments in the stream format, one for one."""
        stream = "".join(f"{chunk}\0" for chunk in chunks)
        try:
            done = subprocess.run(
                stage,
                input=stream.encode("utf-8"),
                capture_output=True,
                timeout=self._timeout,
                check=False,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )
        except subprocess.TimeoutExpired:
            raise UnavailableError(
                "apertium", f"mode {mode} took over {self._timeout:g} s", "raise its timeout or lower its chunk"
            ) from None
        except FileNotFoundError:
            raise UnavailableError(
                "apertium", f"mode {mode} needs {stage[0]}, which is not installed", "install Debian's package apertium"
            ) from None
        if done.returncode != 0:
            said = done.stderr.decode("utf-8", errors="replace").strip() or "no message"
            problem = f"{stage[0]} of mode {mode} failed: {said}"
            raise UnavailableError("apertium", problem, "install its Debian package again")
        # A program may add a NUL of its own at the very end; what follows ours must be empty.
        found = done.stdout.decode("utf-8", errors="replace").split("\0")
        if len(found) <= len(chunks) or any(found[len(chunks) :]):
            problem = f"{stage[0]} of mode {mode} gave back other segments than the {len(chunks)} it got"
            raise ContractError("apertium", problem, "report this text")
        return found[: len(chunks)]
