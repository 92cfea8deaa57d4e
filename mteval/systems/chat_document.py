"""A whole document in one question: segments between numbered tags, and answers that are read strictly by number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mteval.chat.base import Message, Reply
from mteval.chat.client_replies import quoted
from mteval.systems.base import Output
from mteval.systems.chat_prompt import Prompt
from mteval.usage import Usage

FORMAT = 1
"""How documents are written; a change makes other translations, and adds 1."""


class Misaligned(Exception):
    """An answer that does not give every number once, in order; says what it gives."""


def tag_for(sources: Sequence[str]) -> str:
    """The name of a tag that no source holds: ``seg``, or one like it."""
    text, tag = "\n".join(sources), "seg"
    while re.search(rf"</?{tag}\b", text):
        tag += "x"
    return tag


def numbered(texts: Sequence[str], tag: str) -> str:
    """Texts between tags that count them from 1, a line each: ``<seg id="1">…</seg>``."""
    return "\n".join(f'<{tag} id="{number}">{text}</{tag}>' for number, text in enumerate(texts, start=1))


def read_numbered(answer: str, count: int, tag: str) -> tuple[list[str], str]:
    """The texts of an answer, and whatever stands outside the tags.

    Args:
        count: how many there must be.

    Raises:
        Misaligned: they are not exactly that many, numbered from 1 in order, each with its end.
    """
    texts: list[str] = []
    outside: list[str] = []
    inside: str | None = None
    at = 0
    for found in re.finditer(
        rf"<{tag}\s{{1,9}}id\s{{0,9}}=\s{{0,9}}[\"']?(\d{{1,9}})[\"']?\s{{0,9}}>|</{tag}>", answer
    ):
        between, number = answer[at : found.start()], found.group(1)
        at = found.end()
        if (number is None) is (inside is None):
            problem = f"a tag that does not fit after segment {len(texts)} ({found.group()})"
            raise Misaligned(problem)
        if number is None:
            texts.append(between.strip())
            inside = None
            continue
        if int(number) != len(texts) + 1:
            raise Misaligned(f"number {int(number)} where {len(texts) + 1} is due, of {count}")
        outside.append(between.strip())
        inside = number
    if inside is not None:
        raise Misaligned(f"no end of segment {inside}, of {count}")
    if len(texts) != count:
        raise Misaligned(f"{len(texts)} segments, not {count}")
    outside.append(answer[at:].strip())
    return texts, " ".join(filter(None, outside))


class Asked:
    """A document that is being asked for, or several that are the same.

    Args:
        documents: their ids.
        sources: of each.
        told: what the model is told besides.
        count: how many translations are wanted.

    Attributes:
        answers: how many came.
        problem: what was wrong with the last one that could not be read.
    """

    def __init__(self, documents: Sequence[str], sources: Sequence[str], told: Prompt, count: int) -> None:
        self.documents = documents
        self.sources = sources
        self.answers = 0
        self.problem = ""
        self._tag = tag_for(sources)
        self._first = told.conversation(numbered(sources, self._tag))
        self._next: list[tuple[Message, ...]] = [self._first]
        self._found: list[list[Output]] = []
        self._count = count
        self._paid = Usage()

    @property
    def missing(self) -> int:
        """How many translations are still to come."""
        return self._count - len(self._found)

    def questions(self) -> list[tuple[Message, ...]]:
        """What is to be asked now: first the document, then whatever of its answers could not be read."""
        asked, self._next = self._next, []
        return asked

    def take(self, reply: Reply, answer: str, notices: Sequence[str]) -> None:
        """Read an answer, or note what to ask again.

        Args:
            answer: what of the reply is the answer.
            notices: what must be said of that.
        """
        self.answers += 1
        self._paid += reply.usage
        said = (*reply.notices, *notices)
        if reply.ended in ("refused", "filtered"):
            self._found.append(
                [Output("", tuple(f"{one} (of the whole document)" for one in said))] * len(self.sources)
            )
            return
        try:
            texts, outside = read_numbered(answer, len(self.sources), self._tag)
        except Misaligned as error:
            self.problem = "; ".join((f"with {error}", *said, f"it begins {quoted(answer)}"))
            again = (
                f"That answer cannot be used: it has {error}. Answer again with exactly {len(self.sources)} segments, "
                f'each between its own tags, from <{self._tag} id="1"> to <{self._tag} id="{len(self.sources)}">, in '
                "order, and with nothing else."
            )
            turns = (Message("assistant", answer), Message("user", again)) if answer else ()
            self._next.append((*self._first, *turns))
            return
        if outside:
            said = (*said, f"the answer holds text outside its segments, which is left out: {quoted(outside)}")
        self._found.append([Output(text, said if at == 0 else ()) for at, text in enumerate(texts)])

    def outputs(self) -> Iterator[tuple[str, int, tuple[Output, ...]]]:
        """Each segment's document, place and translations; what all answers took is with one of them."""
        for document in self.documents:
            for place in range(len(self.sources)):
                outputs = [found[place] for found in self._found]
                if place == 0 and document == self.documents[-1]:
                    outputs[0] = replace(outputs[0], usage=self._paid)
                yield document, place, tuple(outputs)
