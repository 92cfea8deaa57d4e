"""What systems that ask a language model share: each segment asked for once, or whole documents until they align."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from mteval.chat.base import Conversation, Reply
from mteval.chat.extract import Extract
from mteval.chat.prompt import Prompt
from mteval.errors import ParityError
from mteval.segment import Segment
from mteval.systems.asking_document import Asked
from mteval.systems.base import Output
from mteval.usage import Usage

UNITS = ("segment", "document")

Ask = Callable[[Sequence[Conversation], int, Sequence[str]], Iterator[tuple[int, tuple[Reply, ...]]]]
"""Has conversations answered: takes them, how many answers each is to have and what each is called in errors; yields a
conversation's position and its answers, each position exactly once, in any order."""

Made = Iterator[tuple[int, tuple[Output, ...]]]
"""A segment's position and its hypotheses, as many as are wanted."""


@dataclass(frozen=True)
class Asking:
    """Asks for translations in one lang pair; segments without text are not asked for, and have empty hypotheses.

    Attributes:
        told: what the model is told besides a source.
        extract: takes the hypothesis out of an answer.
        ask: has conversations answered.
    """

    told: Prompt
    extract: Extract
    ask: Ask

    def segments(self, segments: Sequence[Segment], count: int) -> Made:
        """Translate segment by segment, equal sources once."""
        positions: dict[str, list[int]] = {}
        for position, segment in enumerate(segments):
            if segment.source.strip():
                positions.setdefault(segment.source, []).append(position)
            else:
                yield position, (Output(""),)
        sources = list(positions)
        names = [f"segment {segments[positions[source][0]].id}" for source in sources]
        conversations = [self.told.conversation(source) for source in sources]
        for at, replies in self.ask(conversations, count, names):
            outputs = tuple(map(self._output, replies))
            *copies, last = positions[sources[at]]
            for position in copies:  # what was asked once is paid once
                yield position, tuple(replace(output, usage=Usage()) for output in outputs)
            yield last, outputs

    def documents(self, segments: Sequence[Segment], count: int, attempts: int, model: str, limit: str) -> Made:
        """Translate documents, equal ones once: all are asked for, then again those whose answer cannot be read.

        Args:
            attempts: how often each is asked for at most.
            model: its name, for errors.
            limit: the key of the setting that says how long an answer may be, for errors.

        Raises:
            ParityError: no answer to a document could be read. All others were yielded before.
        """
        rows: dict[str, list[int]] = {}
        for position, segment in enumerate(segments):
            if segment.source.strip():
                rows.setdefault(segment.document, []).append(position)
            else:
                yield position, (Output(""),)
        alike: dict[tuple[str, ...], list[str]] = {}
        for document, of_document in rows.items():
            alike.setdefault(tuple(segments[row].source for row in of_document), []).append(document)
        asked = [Asked(documents, sources, self.told, count) for sources, documents in alike.items()]
        for attempt in range(attempts):
            questions = [(one, question) for one in asked for question in one.questions()]
            conversations = [question for _, question in questions]
            names = [f"document {one.documents[0]}" for one, _ in questions]
            for at, replies in self.ask(conversations, 1 if attempt else count, names):
                one = questions[at][0]
                for reply in replies:
                    one.take(reply, *self.extract(reply.text))
                if not one.missing:
                    yield from ((rows[name][place], outputs) for name, place, outputs in one.outputs())
        for one in asked:
            if one.missing:
                answers = f"{one.answers} answer{'s' * (one.answers != 1)} of {model}"
                problem = f"{answers} did not give its {len(one.sources)} segments, the last one {one.problem}"
                remedy = f"raise {limit} if it was cut, choose another model, or unit=segment"
                raise ParityError(f"document {one.documents[0]}", problem, remedy)

    def _output(self, reply: Reply) -> Output:
        text, notices = self.extract(reply.text)
        return Output(text, (*reply.notices, *notices), reply.usage)
