"""What went wrong with a request: whether it is worth asking again, when, and what a person can do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from mteval.chat.base import quoted
from mteval.chat.client_limits import retry_after
from mteval.chat.client_replies import Garbage, said_of
from mteval.errors import ConfigError, MtevalError, UnavailableError

Kind = Literal["again", "busy", "filtered", "final"]
"""Ask again; ask again, but let nobody ask for a while; the service's filter refused what was said; for good."""

_BUSY = (429, 503, 529)
_AGAIN = (408, 409, 425)
_HOPELESS = (501, 505)  # of the server's errors, those that say what it will never do
_SPENT = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
_FILTERED = ("content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation")
_KEY_LIKE = re.compile(r"\b(sk|pk|gsk|hf|xai)[-_][\w*.-]{4,}")


@dataclass(frozen=True)
class Fault:
    """One request that brought no answer.

    Attributes:
        said: what happened, in words, with the endpoint's own; no key is in them.
        status: the HTTP status; ``None`` where there was no answer, or none that could be read.
        wait: the seconds that the endpoint asks to wait.
        spent: whether a quota is used up, which no waiting mends.
    """

    kind: Kind
    said: str
    status: int | None = None
    wait: float | None = None
    spent: bool = False


def masked(text: str, secret: str | None) -> str:
    """A text without a key in it, nor anything that looks like one."""
    if secret:
        text = text.replace(secret, "***")
    return _KEY_LIKE.sub(lambda found: f"{found.group(1)}-***", text)


def fault_of(error: Exception, secret: str | None, timeout: float) -> Fault | None:
    """What an exception of the SDK's means; ``None`` for one that is no fault of a request.

    Args:
        secret: the key, which a server may have put into its error.
        timeout: how long was waited, for the message.
    """
    import openai

    if isinstance(error, Garbage):
        if error.code is not None and error.code >= 300:
            return Fault(_kind(error.code, ""), masked(str(error), secret), error.code)
        return Fault("again", masked(str(error), secret))
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return Fault("again", f"no answer within {timeout:g} s")
    if isinstance(error, openai.APIStatusError):
        return _of_status(error, secret)
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__
        why = f"{type(cause).__name__}: {cause}" if cause else str(error)
        return Fault("again", masked(f"the connection failed ({' '.join(why.split())})", secret))
    return None


def _of_status(error: Any, secret: str | None) -> Fault:
    status = int(error.status_code)
    body = error.body
    codes = {str(body.get(key)) for key in ("code", "type")} if isinstance(body, dict) else set()
    inner = body.get("innererror") if isinstance(body, dict) else None
    codes |= {str(inner.get("code"))} if isinstance(inner, dict) else set()
    words = said_of(body) if body else ""
    said = f"HTTP {status}" + (f", {quoted(masked(words, secret))}" if words.strip() else "")
    target = error.response.headers.get("location")
    if 300 <= status < 400 and target:
        said = f"HTTP {status} to {masked(str(target), secret)}"
    spent = status in (402, 429) and bool(codes & {*_SPENT})
    kind: Kind = "final" if spent else _kind(status, "filtered" if codes & {*_FILTERED} else "")
    return Fault(kind, said, status, retry_after(error.response.headers), spent)


def _kind(status: int, filtered: str) -> Kind:
    if status in _BUSY:
        return "busy"
    if status in _AGAIN or (status >= 500 and status not in _HOPELESS):
        return "again"
    return "filtered" if filtered else "final"


def error_of(fault: Fault, host: str, model: str, key: str | None, asked: str) -> MtevalError:
    """The one clear error for a fault that asking again does not mend.

    Args:
        host: of the endpoint.
        key: the name of the environment variable that holds the key.
        asked: what for, as ``segment 000:1.1``.
    """
    status, said = fault.status, fault.said
    if fault.spent:
        remedy = "raise the limit or top up the account, and run again: what is in the store is not asked for again"
        return UnavailableError("client.key", f"the quota of {host} is used up ({said})", remedy)
    if status == 401:
        problem = f"{host} does not accept the key in {key} ({said})" if key else f"{host} wants a key ({said})"
        remedy = (
            f"export {key}=…, with a key that is valid there"
            if key
            else "set client.key to the name of the variable that holds it"
        )
        return UnavailableError("client.key", problem, remedy)
    if status in (402, 403):
        remedy = "use a key that may do that, or choose another model"
        return UnavailableError("client.key", f"{host} does not allow the use of {model} ({said})", remedy)
    if status == 404:
        problem = f"{host} has no model {model}, or nothing at that address ({said})"
        return ConfigError("client.model", problem, "correct client.model or client.base_url, which often ends in /v1")
    if status is not None and 300 <= status < 400:
        return ConfigError("client.base_url", f"{host} sends elsewhere ({said})", "write the address that is meant")
    problem = f"{host} refuses the request for {asked} ({said})"
    return ConfigError("client", problem, "correct the setting that it complains of, or shorten that text")
