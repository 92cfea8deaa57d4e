"""A client of chat models behind any endpoint that speaks OpenAI's protocol: OpenAI, vLLM, llama.cpp, Ollama, …"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from mteval import network
from mteval.chat.base import Conversation, Reply
from mteval.chat.client_limits import Pace
from mteval.chat.client_probe import probe
from mteval.chat.client_replies import Price
from mteval.chat.client_session import Endpoint, Session
from mteval.chat.client_thread import stream
from mteval.errors import ConfigError, UnavailableError
from mteval.needs import Need, key, package
from mteval.setting_checks import check_counts

OPENAI = "https://api.openai.com/v1"
REQUIREMENT = "openai>=2,<4"

_VARIABLE = re.compile("[A-Z][A-Z0-9_]*")
_OWN = ("model", "messages", "n", "stream", "temperature", "top_p", "max_tokens", "seed")
"""What ``extra`` may not hold, since settings of their own say it or the client does."""


class ChatClient:
    """Asks a chat model, many things side by side, and asks again what goes wrong on the way.

    It is built by Hydra as a node of whoever uses it, who calls the argument ``client``: errors name its keys as
    ``client.model``. Nothing is imported, and no key is read, before it is used.

    Answers of 408, 409, 425, 429 and 5xx, broken connections, time-outs and bodies that are cut or garbled are asked
    for again, after waits that double. ``Retry-After`` is obeyed however long it is (a day at most). When one request
    is told to wait, by 429, 503 or that header, all wait.

    Args:
        model: its name at the endpoint.
        base_url: of the endpoint, as ``http://localhost:8000/v1``; ``None`` is OpenAI's. What the environment says
            (``OPENAI_BASE_URL``) does not count.
        key: the *name* of the environment variable that holds the key, never the key; ``None`` for a server that wants
            none.
        endpoint: what signatures call the endpoint; ``None`` for its host, port and path. A name of one's own holds
            where the same server moves between machines or ports, and parts what a bare ``localhost`` would not.
        temperature, top_p, max_tokens, seed: decoding; ``None`` leaves it to the endpoint, which is what models need
            that take no temperature. OpenAI's own endpoint is told ``max_tokens`` by its newer name.
        extra: what else each request's body holds, as ``{top_k: 40}``.
        concurrency: how many requests are under way at once, at most.
        attempts: how often a request is tried; one that is told to wait while others are served does not count.
        timeout: seconds that an answer may take, whole.
        backoff: seconds to wait after the first attempt; it doubles, up to a minute.
        requests_per_minute, tokens_per_minute: limits that are kept to, spread evenly; ``None`` for none.
        price: US dollars for a million tokens, ``{input: 0.5, output: 1.5}``, and ``cached`` where input that the
            service had in its cache costs less; ``None`` where it is not known.

    Raises:
        ConfigError: a setting is wrong; its key is named, and a key's value is not shown.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        key: str | None = "OPENAI_API_KEY",
        endpoint: str | None = None,
        temperature: float | None = 0.0,
        top_p: float | None = None,
        max_tokens: int | None = None,
        seed: int | None = None,
        extra: Mapping[str, Any] | None = None,
        concurrency: int = 8,
        attempts: int = 6,
        timeout: float = 60.0,
        backoff: float = 1.0,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        price: Mapping[str, float] | None = None,
    ) -> None:
        if not isinstance(model, str) or not model.strip():
            raise ConfigError("client.model", f"{model!r} names no model", "write its name at the endpoint, in quotes")
        if key is not None and (not isinstance(key, str) or not _VARIABLE.fullmatch(key)):
            problem = "it is not the name of an environment variable"  # it may be a key, and is not shown
            raise ConfigError("client.key", problem, "write the name alone, as OPENAI_API_KEY; null for no key")
        check_counts(("client.concurrency", concurrency), ("client.attempts", attempts))
        for name, number in (("timeout", timeout), ("backoff", backoff)):
            if not _is_number(number) or number <= 0:
                raise ConfigError(f"client.{name}", f"{number!r} is not a number of seconds above 0", "correct it")
        for name, limit in (("requests_per_minute", requests_per_minute), ("tokens_per_minute", tokens_per_minute)):
            if limit is not None and (not _is_number(limit) or limit <= 0):
                raise ConfigError(f"client.{name}", f"{limit!r} is not a number above 0", "write null for no limit")
        _check_decoding(temperature, top_p, max_tokens, seed)
        if endpoint is not None and (not isinstance(endpoint, str) or not endpoint.strip() or "|" in endpoint):
            raise ConfigError("client.endpoint", f"{endpoint!r} is no name", "write a short one, or null for the host")
        self.model = model
        self.base_url = OPENAI if base_url is None else _checked(base_url)
        self.key = key
        self.temperature = None if temperature is None else float(temperature)
        self.top_p = None if top_p is None else float(top_p)
        self.max_tokens = max_tokens
        self.seed = seed
        self.extra = _extra(extra)
        self.price = _price(price)
        self.concurrency = concurrency
        self.attempts = attempts
        self.timeout = float(timeout)
        self.backoff = float(backoff)
        parts = urlsplit(self.base_url)
        self.host = parts.netloc
        self.endpoint = endpoint or f"{parts.netloc}{parts.path}"
        self._pace = Pace(requests_per_minute, tokens_per_minute)
        self._answers = False

    @property
    def settings(self) -> dict[str, str]:
        """All that changes an answer but what is asked, for a signature: the endpoint, the model and the decoding."""
        decoding = {"temperature": self.temperature, "top_p": self.top_p, "max_tokens": self.max_tokens}
        return {
            "endpoint": self.endpoint,
            "model": self.model,
            **{name: "default" if value is None else str(value) for name, value in decoding.items()},
            "seed": "no" if self.seed is None else str(self.seed),
            "extra": json.dumps(self.extra, sort_keys=True, ensure_ascii=False) if self.extra else "no",
        }

    def needs(self) -> tuple[Need, ...]:
        """What must be there before it can ask: the SDK, the key and the endpoint, which is not tried."""
        remedy = "start the server, or correct base_url"
        return (
            package(REQUIREMENT, "chat"),
            *(() if self.key is None else (key(self.key),)),
            Need("endpoint", self.host, None, f"model {self.model}", remedy, url=self.base_url),
        )

    def check(self) -> None:
        """Make sure that the endpoint answers and takes the key, by asking which models it has; done once.

        An endpoint that has no such list is taken to be there.

        Raises:
            UnavailableError: the SDK is not installed, the key is not set or not taken, this run is offline, or the
                endpoint is down.
        """
        endpoint = self._endpoint()
        if not self._answers:
            for _ in stream(partial(probe, endpoint, min(self.timeout, 30.0), self.backoff)):
                pass
            self._answers = True

    def ask(
        self, conversations: Sequence[Conversation], names: Sequence[str] | None = None
    ) -> Iterator[tuple[int, Reply]]:
        """Have each conversation answered once.

        Args:
            conversations: any number of them.
            names: what each is called in errors, as ``segment 000:1.1``.

        Yields:
            A conversation's position and the reply, as they come, in any order, each position exactly once.

        Raises:
            UnavailableError: the endpoint does not answer, however often it is asked, or takes no key.
            ConfigError: the endpoint refuses a request. What was asked beside the request that failed has been yielded
                before either is raised.
        """
        for position, replies in self.sample(conversations, 1, names):
            yield position, replies[0]

    def sample(
        self, conversations: Sequence[Conversation], count: int, names: Sequence[str] | None = None
    ) -> Iterator[tuple[int, tuple[Reply, ...]]]:
        """Have each conversation answered ``count`` times, in one request where the endpoint knows ``n``.

        Args:
            count: at least 1; equal answers stay as often as they came.

        Yields:
            A conversation's position and exactly ``count`` replies, as ``ask`` does.

        Raises:
            MtevalError: as ``ask``.
        """
        if not conversations:
            return
        session = Session(
            endpoint=self._endpoint(),
            settings=self._sent,
            seed=self.seed,
            max_tokens=self.max_tokens,
            price=self.price,
            concurrency=self.concurrency,
            attempts=self.attempts,
            timeout=self.timeout,
            backoff=self.backoff,
            pace=self._pace,
        )
        called = names or [f"conversation {number}" for number in range(1, len(conversations) + 1)]
        if len(called) != len(conversations):
            raise ValueError(f"{len(called)} names for {len(conversations)} conversations")
        yield from stream(partial(session.ask, conversations, count, called))

    @property
    def _sent(self) -> dict[str, Any]:
        """What each request says beside the conversation."""
        length = "max_completion_tokens" if self._official else "max_tokens"
        decoding = {"temperature": self.temperature, "top_p": self.top_p, length: self.max_tokens}
        return {**{name: value for name, value in decoding.items() if value is not None}, **self.extra}

    @property
    def _official(self) -> bool:
        return urlsplit(self.base_url).hostname == urlsplit(OPENAI).hostname

    def _endpoint(self) -> Endpoint:
        """Where to ask, with the key, once all is there that this machine must have."""
        sdk = package(REQUIREMENT, "chat")
        if not sdk.found:
            raise UnavailableError("package openai", sdk.detail, sdk.remedy)
        network.check_online("client.base_url", self.base_url)
        secret = None
        if self.key is not None:
            secret = os.environ.get(self.key, "").strip()
            if not secret:
                remedy = f"export {self.key}=…, never in a config; for a server that wants no key, set client.key=null"
                raise UnavailableError("client.key", f"the environment variable {self.key} is not set", remedy)
            if not secret.isascii() or not secret.isprintable():
                problem = f"what {self.key} holds is no key: it has letters that no key has"
                raise UnavailableError("client.key", problem, f"export {self.key}=… anew")
        local = network.is_local(self.base_url)
        return Endpoint(self.base_url, self.host, self.model, self.key, secret, self._official, local)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check_decoding(temperature: object, top_p: object, max_tokens: object, seed: object) -> None:
    for name, number, most in (("temperature", temperature, 2.0), ("top_p", top_p, 1.0)):
        if number is not None and not (isinstance(number, int | float) and _is_number(number) and 0 <= number <= most):
            raise ConfigError(
                f"client.{name}", f"{number!r} is not between 0 and {most:g}", "correct it, or write null"
            )
    for name, count, least in (("max_tokens", max_tokens, 1), ("seed", seed, 0)):
        if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < least):
            problem = f"{count!r} is not a whole number from {least} on"
            raise ConfigError(f"client.{name}", problem, "correct it, or write null")


def _checked(url: object) -> str:
    """An endpoint's address, without a slash at its end."""
    wanted = "write it as in http://localhost:8000/v1"
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        port = parts.port
    except ValueError:
        raise ConfigError("client.base_url", "it is no address", wanted) from None
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        problem = "it holds a name, a password or a question, and may hold a secret"  # so it is not shown
        raise ConfigError("client.base_url", problem, f"{wanted}; a key is named under client.key")
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or re.search(r"[\s|]", str(url)):
        raise ConfigError("client.base_url", f"{url!r} is no address of an endpoint", wanted)
    return str(url).rstrip("/")


def _extra(extra: Mapping[str, Any] | None) -> dict[str, Any]:
    if extra is not None and not isinstance(extra, Mapping):
        raise ConfigError("client.extra", f"{extra!r} is not a mapping", "write it as in {top_k: 40}")
    for name in extra or {}:
        if name in _OWN:
            raise ConfigError(
                f"client.extra.{name}", "it is not for extra to say", f"set client.{name} if there is one"
            )
    return dict(extra or {})


def _price(price: Mapping[str, float] | None) -> Price | None:
    if price is None:
        return None
    wanted = "write it as in {input: 0.5, output: 1.5}, in US dollars for a million tokens"
    known = {"input", "output", "cached"}
    if not isinstance(price, Mapping) or not {"input", "output"} <= set(price) <= known:
        raise ConfigError("client.price", f"{price!r} is no price", wanted)
    for name, number in price.items():
        if not _is_number(number) or number < 0:
            raise ConfigError(f"client.price.{name}", f"{number!r} is not a sum", wanted)
    return Price(**price)
