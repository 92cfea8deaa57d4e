"""A document that a language model is asked for whole, until its answer can be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mteval.chat.base import Message, Reply, quoted
from mteval.chat.document import Misaligned, asked_again, numbered, read_numbered, tag_for
from mteval.chat.prompt import Prompt
from mteval.systems.base import Output
from mteval.usage import Usage


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
        said = (*reply.notices, *notices)
        if reply.ended == "unasked" and self.answers:  # there is no room to ask again
            self.problem = "; ".join((self.problem, *said))
            return
        self.answers += 1
        self._paid += reply.usage
        if reply.ended in ("refused", "filtered", "unasked"):
            self._found.append(
                [Output("", tuple(f"{one} (of the whole document)" for one in said))] * len(self.sources)
            )
            return
        try:
            texts, outside = read_numbered(answer, len(self.sources), self._tag)
        except Misaligned as error:
            self.problem = "; ".join((f"with {error}", *said, f"it begins {quoted(answer)}"))
            again = asked_again(str(error), len(self.sources), self._tag)
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
