"""What an endpoint's answer says, read strictly: an answer that is cut, garbled or of another shape is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mteval.chat.base import QUOTED, Ended, Reply, quoted
from mteval.files import is_text
from mteval.usage import Usage

_ENDED: Mapping[str, Ended] = {
    **dict.fromkeys(("stop", "eos", "eos_token", "end_turn", "stop_sequence"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "model_length"), "length"),
    "content_filter": "filtered",
}
"""What the usual servers write into ``finish_reason``."""


class Garbage(Exception):
    """An answer that is none; says what is wrong with it.

    Attributes:
        code: the error that the endpoint says it is, where it says one in a body that came as a success.
    """

    def __init__(self, problem: str, code: int | None = None) -> None:
        self.code = code
        super().__init__(problem)


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens.

    Attributes:
        cached: for those of the input that the service had in its cache; the same as ``input`` where it is ``None``.
    """

    input: float
    output: float
    cached: float | None = None

    def of(self, tokens_in: int, tokens_out: int, tokens_cached: int) -> float:
        """What a request cost."""
        cached = self.input if self.cached is None else self.cached
        fresh = tokens_in - min(tokens_cached, tokens_in)
        return (fresh * self.input + (tokens_in - fresh) * cached + tokens_out * self.output) / 1e6


def read(body: bytes, most: int, price: Price | None, max_tokens: int | None) -> list[Reply]:
    """The replies that an answer's body holds, at least one.

    Args:
        most: how many were asked for.
        max_tokens: how long each may be, for the notice that one was cut.

    Raises:
        Garbage: it holds none, more than were asked for, or something else.
    """
    answer = _parsed(body)
    error = answer.get("error")
    if error:
        code = error.get("code") if isinstance(error, dict) else None
        raise Garbage(f"an error: {quoted(said_of(error))}", code if isinstance(code, int) else None)
    choices = answer.get("choices")
    if not isinstance(choices, list) or not 0 < len(choices) <= most:
        count = f"{len(choices)} choices" if isinstance(choices, list) else "no choices"
        raise Garbage(f"an answer with {count} where {most} were asked for: {quoted(body.decode('utf-8', 'replace'))}")
    model = answer.get("model")
    named = model if isinstance(model, str) else ""
    usage = _usage(answer.get("usage"), price)
    return [
        _reply(choice, usage if at == 0 else Usage(), max_tokens, named if is_text(named) else "")
        for at, choice in enumerate(choices)
    ]


def said_of(error: object) -> str:
    """The words of an error, as the usual servers wrap them."""
    if isinstance(error, dict):
        for key in ("message", "error", "detail", "msg"):
            if error.get(key):
                return said_of(error[key])
    if isinstance(error, list) and error:
        return said_of(error[0])
    return error if isinstance(error, str) else json.dumps(error)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):  # of which an error of decoding is one
        shown = quoted(body[: 4 * QUOTED].decode("utf-8", "replace"))
        raise Garbage(f"no JSON but {shown}" if body else "an empty body") from None
    if not isinstance(answer, dict):
        raise Garbage(f"a JSON {type(answer).__name__}, not an object")
    return answer


def _reply(choice: object, usage: Usage, max_tokens: int | None, model: str) -> Reply:
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise Garbage("an answer without a message")
    text = _text(message.get("content"))
    refusal = message.get("refusal")
    said = str(choice.get("finish_reason"))
    ended: Ended = "refused" if isinstance(refusal, str) and refusal else _ENDED.get(said, "unknown")
    if text is None and ended in ("stop", "unknown"):
        raise Garbage(f"an answer without content (finish_reason: {said})")
    notices = [] if ended == "stop" else [_notice(ended, refusal, said, max_tokens)]
    whole = text or ""
    if not is_text(whole):  # as where a letter outside the basic plane was cut in two
        whole = whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        notices.append("the answer held half of a surrogate pair, which is no text: it stands there as U+FFFD")
    return Reply(whole, ended, tuple(notices), usage, model)


def _notice(ended: Ended, refusal: object, said: str, max_tokens: int | None) -> str:
    if ended == "refused":
        return f"the model refused: {quoted(str(refusal).encode('utf-8', 'replace').decode('utf-8'))}"
    if ended == "filtered":
        return "the service's filter stopped the answer"
    if ended == "length":
        limit = "its limit" if max_tokens is None else f"{max_tokens} tokens (max_tokens)"
        return f"the answer has no end after {limit}: it was cut"
    return f"the endpoint does not say that the answer is whole (finish_reason: {said})"


def _text(content: object) -> str | None:
    """The text of a message, which some servers give in parts, others (thoughts, sounds) among them."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
        content = "".join(part for part in parts if isinstance(part, str)) if parts else None
    if content is not None and not isinstance(content, str):
        raise Garbage(f"a message whose content is a JSON {type(content).__name__}")
    return content


def _usage(told: object, price: Price | None) -> Usage:
    """What the service says that it took; nothing is guessed where it does not say."""
    if not isinstance(told, dict):
        return Usage(requests=1)
    given, made = _count(told.get("prompt_tokens")), _count(told.get("completion_tokens"))
    if given is None or made is None:
        return Usage(1, given or 0, made or 0)
    details = told.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    return Usage(1, given, made, cost=None if price is None else price.of(given, made, cached or 0))


def _count(number: object) -> int | None:
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else None
