"""What is said to a chat model and what it says back: the types that the client and whoever uses it share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from mteval.usage import Usage

Role = Literal["system", "user", "assistant"]

Ended = Literal["stop", "length", "refused", "filtered", "unasked", "unknown"]
"""Why an answer ended: the model was done; it reached ``max_tokens`` or its own limit; it refused in so many words; the
service's filter stepped in; nothing was asked, since the conversation leaves a local model no room for an answer; the
service did not say, or said what is no such thing (a call of a tool)."""

QUOTED = 200
"""How many characters of an answer or an error a message quotes."""


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


Conversation = Sequence[Message]
"""What a model is to answer, its last message the user's."""


@dataclass(frozen=True)
class Reply:
    """One answer to a conversation.

    Attributes:
        text: the answer, to the letter; empty where there is none.
        ended: why it ended.
        notices: what must not pass in silence, a sentence each: every ``ended`` but ``stop``, with the words of a
            refusal; letters that were no text.
        usage: what the request took that brought it. Of several answers to one conversation the first of each request
            has all of that, and the others nothing, so that their sum is right.
        model: the name by which the endpoint calls what answered, as ``gpt-4o-2024-08-06``; empty if it says none.
    """

    text: str
    ended: Ended = "stop"
    notices: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    model: str = ""


def quoted(text: str) -> str:
    """The beginning of a text, on one line and in quotation marks."""
    line = " ".join(text.split())
    return f"“{line[:QUOTED]}…”" if len(line) > QUOTED else f"“{line}”"
