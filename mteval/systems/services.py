"""What systems that ask a translation service share: its settings checked, and texts handed to it in batches."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import langcodes

from mteval.errors import ConfigError, UnavailableError
from mteval.lang import check_code
from mteval.network import is_local
from mteval.segment import EvalSet, Segment
from mteval.systems.base import Output
from mteval.usage import Usage

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Limits:
    """What a service takes in one request.

    Attributes:
        texts: how many texts.
        size: how much of them together, as ``measure`` counts it.
        measure: the size of one text.
        unit: what that is counted in: ``bytes``.
    """

    texts: int
    size: int
    measure: Callable[[str], int]
    unit: str

    def too_long(self, eval_set: EvalSet) -> str | None:
        """Which segment is longer than the service takes, in words; ``None`` if none is."""
        for segment in eval_set.scored:
            if (size := self.measure(segment.source)) > self.size:
                return f"segment {segment.id} has {size} {self.unit}, and {self.size} are taken at once"
        return None

    def batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        """Texts in their order, as many at once as may be."""
        batch: list[str] = []
        size = 0
        for text in texts:
            more = self.measure(text)
            if batch and (len(batch) == self.texts or size + more > self.size):
                yield batch
                batch, size = [], 0
            batch.append(text)
            size += more
        if batch:
            yield batch


def translated(
    segments: Sequence[Segment],
    limits: Limits,
    ask: Callable[[list[str]], tuple[list[str], int]],
    price: float | None,
    who: str,
) -> Iterator[tuple[int, Output]]:
    """The outputs of segments; equal sources are asked for once, and blank ones not at all.

    What a request cost stands on the first output of its batch, since the service counts requests, not texts.

    Args:
        ask: gives the translations of a batch, in order, and how many characters they are charged as.
        price: US dollars for a million characters; ``None`` if it is not known.
        who: the service, for errors.

    Raises:
        UnavailableError: it gave more translations or fewer than it got texts, or one that is none.
    """
    positions: dict[str, list[int]] = {}
    for position, segment in enumerate(segments):
        if segment.source.strip():
            positions.setdefault(segment.source, []).append(position)
        else:
            yield position, Output("")
    for batch in limits.batches(list(positions)):
        texts, characters = ask(batch)
        if len(texts) != len(batch) or not all(isinstance(text, str) for text in texts):
            problem = f"gave {len(texts)} translations of {len(batch)} texts"
            raise UnavailableError(who, problem, "run again; what is done is kept in the store")
        cost = None if price is None else characters * price / 1e6
        usage = Usage(requests=1, characters=characters, cost=cost)
        for source, text in zip(batch, texts, strict=True):
            for position in positions[source]:
                yield position, Output(text, usage=usage)
                usage = Usage()


def secret(variable: str, where: str) -> str:
    """What an environment variable holds, without the white space around it.

    Raises:
        UnavailableError: it is not set, or holds what no request's header can.
    """
    found = os.environ.get(variable, "").strip()
    if not found:
        raise UnavailableError(where, f"{variable} is not set", f"export {variable}=…, never in a config")
    if not all("!" <= letter <= "~" for letter in found):
        raise UnavailableError(where, f"{variable} holds white space or letters that no key has", "copy the key again")
    return found


def check_variable(name: object, key: str) -> str:
    """The name of an environment variable; what is none is not shown, since it may be the secret itself.

    Raises:
        ConfigError: it is none.
    """
    if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
        remedy = "write the name of the variable that holds the secret, never the secret itself"
        raise ConfigError(key, "is not the name of an environment variable", remedy)
    return name


def check_endpoint(endpoint: object, key: str) -> str | None:
    """An address that secrets may be sent to, without a slash at its end; ``None`` for the service's own.

    Raises:
        ConfigError: it is no address, or neither encrypted nor this machine's own.
    """
    if endpoint is None:
        return None
    if not isinstance(endpoint, str) or not urlsplit(endpoint).hostname or urlsplit(endpoint).username:
        raise ConfigError(key, f"{endpoint!r} is no address", "write it as in https://api.example.com")
    if urlsplit(endpoint).scheme != "https" and not is_local(endpoint):
        raise ConfigError(key, f"{endpoint} is not encrypted", "write https://")
    return endpoint.rstrip("/")


def check_batch(size: object, key: str, most: int) -> None:
    """How many texts a request holds.

    Raises:
        ConfigError: it is no whole number from 1 to ``most``.
    """
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= most:
        raise ConfigError(key, f"{size!r} is not from 1 to {most}", "correct it")


def check_price(price: object, key: str) -> None:
    """US dollars for a million characters.

    Raises:
        ConfigError: it is no such number.
    """
    if price is not None and (not isinstance(price, int | float) or isinstance(price, bool) or not 0 <= price < 1e9):
        raise ConfigError(key, f"{price!r} is no price", "write US dollars for a million characters, as in 20.0")


def check_codes(codes: Mapping[str, str] | None, key: str) -> dict[str, str]:
    """A service's own codes by language, as ``{en: EN-GB}``.

    Raises:
        ConfigError: a language is unknown, or a code is no text.
    """
    if codes is None:
        return {}
    if not isinstance(codes, Mapping):
        raise ConfigError(key, f"{codes!r} is not a mapping", "write it as in {en: EN-GB}")
    for language, code in codes.items():
        check_code(language, key)
        if not isinstance(code, str) or not code.strip():
            raise ConfigError(f"{key}.{language}", f"{code!r} is not a code", "write it in quotes")
    return dict(codes)


def tag(language: str) -> str:
    """A language's code in its shortest standard form: ``pt`` for ``por``, ``pt-BR`` for ``pt_BR``."""
    return langcodes.standardize_tag(language)


def without(error: object, hidden: str) -> str:
    """What somebody else's error says, in one line, with a secret taken out of it."""
    return " ".join(str(error).split()).replace(hidden, "…")
