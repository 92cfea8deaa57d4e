"""One round of questions to one endpoint: asked side by side, each again until it is answered or all hope is gone."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from mteval.chat.base import Conversation, Reply
from mteval.chat.client_faults import Fault, error_of, fault_of, masked
from mteval.chat.client_limits import Pace, backoff
from mteval.chat.client_replies import Price, read
from mteval.errors import ConfigError, MtevalError, UnavailableError
from mteval.usage import Usage

_LONGEST_WAIT = 24 * 3600.0
"""Seconds: a service that asks to wait longer is not waited for."""

_TOLD_FROM = 30.0
"""Seconds of waiting from which on a person is told of it."""

_EMPTY_TRIES = 2
"""How often a conversation is had that brings an empty answer, which some servers give once in a while."""

_TELLS, _NEEDED = "x-stainless-", "x-stainless-raw-response"
"""The SDK tells of this machine in headers that begin so; one of them it reads itself."""


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers.

    Attributes:
        url: as ``https://api.openai.com/v1``.
        host: as errors call it.
        key: the name of the environment variable that holds the key; ``None`` for none.
        secret: the key itself.
        official: whether it is OpenAI's own.
        local: whether it is on this machine, which no proxy is asked for.
    """

    url: str
    host: str
    model: str
    key: str | None
    secret: str | None = field(repr=False)
    official: bool
    local: bool


@asynccontextmanager
async def opened(endpoint: Endpoint, timeout: float) -> AsyncIterator[Any]:
    """The SDK's client: it obeys the config alone, retries nothing, follows nobody elsewhere and tells nothing of this
    machine."""
    import openai

    async def quiet(request: Any) -> None:
        for name in list(request.headers):
            told = name.lower().startswith(_TELLS) and name.lower() != _NEEDED
            if told or (endpoint.secret is None and name.lower() == "authorization"):
                del request.headers[name]

    http = openai.DefaultAsyncHttpxClient(
        trust_env=not endpoint.local, follow_redirects=False, timeout=timeout, event_hooks={"request": [quiet]}
    )
    sdk = openai.AsyncOpenAI(
        api_key=endpoint.secret or "none",
        base_url=endpoint.url,
        max_retries=0,
        timeout=timeout,
        http_client=http,
    )
    if not endpoint.official:  # what the environment says of OpenAI's accounts is no other's business
        sdk.organization = sdk.project = None
    async with sdk:
        yield sdk


@dataclass
class Session:
    """Asks one endpoint many things.

    Attributes:
        settings: of every request, as the endpoint takes them.
        seed: of each conversation's first answer; the next has the next.
    """

    endpoint: Endpoint
    settings: Mapping[str, Any]
    seed: int | None
    max_tokens: int | None
    price: Price | None
    concurrency: int
    attempts: int
    timeout: float
    backoff: float
    pace: Pace
    _failed: MtevalError | None = field(default=None, init=False)
    _over: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _answered: int = field(default=0, init=False)
    _one_by_one: bool = field(default=False, init=False)

    async def ask(
        self,
        conversations: Sequence[Conversation],
        count: int,
        names: Sequence[str],
        hand: Callable[[tuple[int, tuple[Reply, ...]]], None],
    ) -> None:
        """Have conversations answered ``count`` times each, and hand over each with its position.

        Raises:
            MtevalError: one got no answer, and never will; what was asked beside it is handed over first.
        """
        positions = iter(range(len(conversations)))

        async def work(sdk: Any) -> None:
            for position in positions:
                if self._failed:
                    return
                try:
                    found = await self._replies(sdk, conversations[position], count, names[position])
                except MtevalError as error:
                    self._failed = self._failed or error
                    self._over.set()
                    return
                hand((position, found))

        async with opened(self.endpoint, self.timeout) as sdk:
            await asyncio.gather(*(work(sdk) for _ in range(min(self.concurrency, len(conversations)))))
        if self._failed:
            raise self._failed

    async def _replies(self, sdk: Any, conversation: Conversation, count: int, name: str) -> tuple[Reply, ...]:
        """Answers to one conversation, in as few requests as the endpoint allows."""
        found: list[Reply] = []
        while len(found) < count:
            wanted = 1 if self._one_by_one else count - len(found)
            try:
                got = await self._request(sdk, conversation, wanted, len(found), name)
            except ConfigError:
                if wanted == 1 or self._failed:
                    raise
                # Some endpoints refuse `n`, and others overlook it.
                got = await self._request(sdk, conversation, 1, len(found), name)
                self._one_by_one = True
            found += got
        return tuple(found)

    async def _request(
        self, sdk: Any, conversation: Conversation, wanted: int, before: int, name: str
    ) -> tuple[Reply, ...]:
        """The answers that one request brings, once one comes.

        Args:
            wanted: how many answers to ask for.
            before: how many there are already.
        """
        body: dict[str, Any] = {
            "model": self.endpoint.model,
            "messages": [{"role": said.role, "content": said.content} for said in conversation],
            **self.settings,
            **({} if self.seed is None else {"seed": self.seed + before}),
            **({} if wanted == 1 else {"n": wanted}),
        }
        letters = sum(len(said.content) for said in conversation)
        expected = letters // 3 + wanted * min(self.max_tokens or letters // 3, letters // 3)
        failures, served, empty, paid = 0, self._answered, 1, Usage()
        while True:
            await self._unless_over(self.pace.turn(expected))
            found = await self._tried(sdk, body, wanted)
            if isinstance(found, Fault):
                if found.kind == "filtered":
                    return (Reply("", "filtered", (f"the service's filter refused what was said ({found.said})",)),)
                # Who is told to wait is not given up as long as others are served meanwhile.
                failures = 1 if found.kind == "busy" and self._answered > served else failures + 1
                served = self._answered
                self._give_up(found, failures, name)
                await self._wait(found, failures)
                continue
            self._answered += 1
            used = found[0].usage
            self.pace.settle(expected, used.input_tokens + used.output_tokens or expected)
            if empty < _EMPTY_TRIES and all(not one.text.strip() and one.ended == "stop" for one in found):
                empty, paid = empty + 1, paid + used
                continue
            first = replace(found[0], usage=paid + used)
            return tuple(map(self._without_key, (first, *found[1:])))

    async def _tried(self, sdk: Any, body: Mapping[str, Any], wanted: int) -> list[Reply] | Fault:
        """What one attempt brings: answers, or what went wrong.

        The SDK's errors hold the key, so that none is left as the context of one of ours.
        """
        try:
            return await self._sent(sdk, body, wanted)
        except Exception as error:
            fault = fault_of(error, self.endpoint.secret, self.timeout)
            if fault is None:
                raise
            return fault

    async def _sent(self, sdk: Any, body: Mapping[str, Any], wanted: int) -> list[Reply]:
        own = {key: body[key] for key in body if key in ("model", "messages")}
        rest = {key: body[key] for key in body if key not in own}
        async with asyncio.timeout(self.timeout):  # the SDK's own begins anew with every byte
            answer = await sdk.chat.completions.with_raw_response.create(**own, extra_body=rest)
        return read(answer.http_response.content, wanted, self.price, self.max_tokens)

    def _give_up(self, fault: Fault, failures: int, name: str) -> None:
        """Raise what a fault comes to, if it is not to be tried again."""
        if self._failed:
            raise self._failed
        endpoint = self.endpoint
        if fault.kind == "final":
            raise error_of(fault, endpoint.host, endpoint.model, endpoint.key, name)
        again = "and run again: what is in the store is not asked for again"
        if fault.wait is not None and fault.wait > _LONGEST_WAIT:
            problem = f"{endpoint.host} asks to wait {fault.wait / 3600:.0f} hours ({fault.said})"
            raise UnavailableError("client", problem, f"wait, {again}")
        if failures >= self.attempts:
            problem = f"{endpoint.host} gave no answer for {name} in {failures} attempts (the last: {fault.said})"
            slower = "lower client.concurrency or set client.requests_per_minute" if fault.kind == "busy" else ""
            remedy = slower or "see to the endpoint, or raise client.timeout or client.attempts"
            raise UnavailableError("client.attempts", problem, f"{remedy}, {again}")

    async def _wait(self, fault: Fault, failures: int) -> None:
        """Wait before the next attempt; where the endpoint has too much to do, nobody asks it meanwhile."""
        seconds = fault.wait or backoff(self.backoff, failures)
        if fault.wait is not None and seconds >= _TOLD_FROM:
            print(f"mteval: {self.endpoint.host} asks to wait {seconds:.0f} s", file=sys.stderr)
        if fault.kind == "busy" or fault.wait is not None:
            self.pace.hold(seconds)
        else:
            await self._unless_over(asyncio.sleep(seconds))

    async def _unless_over(self, waiting: Coroutine[Any, Any, None]) -> None:
        """Wait, but no longer than there is something to wait for."""
        wait, over = asyncio.ensure_future(waiting), asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait({wait, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wait.cancel()
            over.cancel()
        if self._failed:
            raise self._failed

    def _without_key(self, reply: Reply) -> Reply:
        secret = self.endpoint.secret
        if secret is None or secret not in reply.text + "".join(reply.notices):
            return reply
        said = (*(masked(one, secret) for one in reply.notices), "the answer held the key: it stands there as ***")
        return replace(reply, text=reply.text.replace(secret, "***"), notices=said)
