"""Chat models behind any endpoint that speaks OpenAI's protocol, asked to translate segments or whole documents."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mteval.chat.base import Reply
from mteval.chat.client import ChatClient
from mteval.chat.client_replies import quoted
from mteval.errors import ConfigError, ParityError, UnavailableError
from mteval.lang import LangPair, parse_pairs
from mteval.needs import Need
from mteval.segment import EvalSet, Segment
from mteval.signature import Signature
from mteval.systems.base import Output, Proposer, System, SystemCard
from mteval.systems.chat_document import FORMAT, Asked, numbered, tag_for
from mteval.systems.chat_prompt import (
    LANGUAGES,
    Example,
    Prompt,
    check_template,
    checked_examples,
    checked_names,
    names_of,
)
from mteval.usage import Usage

_UNITS = ("segment", "document")

_Made = Iterator[tuple[int, tuple[Output, ...]]]


class Chat(System, Proposer):
    """Translates by asking a chat model.

    A hypothesis is the answer to the letter, but for white space around it. Where the model refuses, a filter steps in
    or the answer was cut, what there is of it stands, with a notice; the gate marks refusals and chatter.

    Args:
        client: asks the endpoint; it holds the model and the decoding.
        prompt: what the user says, with ``{source}``, ``{source_language}`` and ``{target_language}``; a brace that is
            meant is doubled. Languages are named in English.
        system_message: what is said before that, with the languages' placeholders; ``None`` for nothing.
        unit: ``segment``, or ``document``: a whole document in one question, its segments between numbered tags. An
            answer must give every number once, in order; one that does not is asked for again.
        examples: turns before the question, by lang pair: ``{pt-en: [{source: Olá., target: Hello.}]}``.
        extract: a regular expression with one group, which is the hypothesis; an answer that it does not match is
            taken whole, with a notice. With ``document`` it is what the numbered segments are read from.
        pairs: the lang pairs that it translates; ``None`` is all.
        language_names: the name of a language by its code, where the usual English one is not wanted.
        attempts: how often a document is asked for until its answer can be read.

    Raises:
        ConfigError: a setting is wrong; its key is named.
    """

    def __init__(
        self,
        client: ChatClient,
        prompt: str,
        system_message: str | None = None,
        unit: str = "segment",
        examples: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
        extract: str | None = None,
        pairs: Sequence[str] | None = None,
        language_names: Mapping[str, str] | None = None,
        attempts: int = 3,
    ) -> None:
        check_template(prompt, "prompt", (*LANGUAGES, "source"), needed=("source",))
        if system_message is not None:
            check_template(system_message, "system_message", LANGUAGES)
        if unit not in _UNITS:
            raise ConfigError("unit", f"{unit!r} is not one of its values", f"choose from {', '.join(_UNITS)}")
        if not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 1:
            raise ConfigError("attempts", f"{attempts!r} is not a whole number above 0", "correct it")
        self._client = _client(client)
        self._prompt = prompt
        self._system_message = system_message
        self._whole = unit == "document"
        self._examples = checked_examples(examples)
        self._extract = None if extract is None else _pattern(extract)
        self._pairs = None if pairs is None else parse_pairs(pairs, "pairs")
        self._names = checked_names(language_names)
        self._attempts = attempts

    @property
    def card(self) -> SystemCard:
        return SystemCard(reusable=True, unit="document" if self._whole else "segment", model=self._client.model)

    def declines(self, eval_set: EvalSet) -> str | None:
        if self._pairs is None or eval_set.pair in self._pairs:
            return None
        return f"{self._client.model} is set up for {', '.join(map(str, self._pairs))}, not for {eval_set.pair}"

    def check(self, pair: LangPair) -> None:
        """Make sure that the endpoint answers, and that the languages have names.

        Raises:
            UnavailableError: the endpoint is down, or its key is missing or not taken.
            ConfigError: a language has no name in English.
        """
        if self._pairs is not None and pair not in self._pairs:
            raise UnavailableError(self._client.model, f"pairs does not list {pair}", f"add {pair} to pairs")
        self._told(pair)
        self._client.check()

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return self._client.needs()

    def signature(self, pair: LangPair) -> Signature:
        told = self._told(pair)
        extract = "no" if self._extract is None else hashlib.sha256(self._extract.pattern.encode()).hexdigest()[:12]
        return Signature.of(
            {
                "system": "chat",
                **self._client.settings,
                "unit": f"document@{FORMAT}" if self._whole else "segment",
                "prompt": told.digest,
                "examples": told.digest_of_examples,
                "extract": extract,
            }
        )

    def signature_of_proposals(self, pair: LangPair, count: int) -> Signature:
        self._check_sampling(count)
        return Signature((*self.signature(pair).settings, ("samples", str(count))))

    def close(self) -> None:
        pass

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        for position, outputs in self._made(segments, pair, 1):
            yield position, outputs[0]

    def propose(self, segments: Sequence[Segment], pair: LangPair, count: int) -> _Made:
        """Sample hypotheses, independent of each other, at the client's temperature.

        Raises:
            ConfigError: it is 0, at which all would be the same.
        """
        self._check_sampling(count)
        yield from self._made(segments, pair, count)

    def _check_sampling(self, count: int) -> None:
        if count > 1 and self._client.temperature == 0:
            problem = f"at temperature 0 the {count} proposals would be one and the same"
            raise ConfigError("client.temperature", problem, "raise it, as to 1.0")

    def _made(self, segments: Sequence[Segment], pair: LangPair, count: int) -> _Made:
        if self._whole:
            return self._documents(segments, self._told(pair), count)
        return self._segments(segments, self._told(pair), count)

    def _segments(self, segments: Sequence[Segment], told: Prompt, count: int) -> _Made:
        positions: dict[str, list[int]] = {}
        for position, segment in enumerate(segments):
            if segment.source.strip():
                positions.setdefault(segment.source, []).append(position)
            else:
                yield position, (Output(""),)
        sources = list(positions)
        names = [f"segment {segments[positions[source][0]].id}" for source in sources]
        conversations = [told.conversation(source) for source in sources]
        for at, replies in self._client.sample(conversations, count, names):
            outputs = tuple(map(self._output, replies))
            *copies, last = positions[sources[at]]
            for position in copies:  # what was asked once is paid once
                yield position, tuple(replace(output, usage=Usage()) for output in outputs)
            yield last, outputs

    def _documents(self, segments: Sequence[Segment], told: Prompt, count: int) -> _Made:
        """Translate documents: all are asked for, then again those whose answer cannot be read."""
        rows: dict[str, list[int]] = {}
        for position, segment in enumerate(segments):
            if segment.source.strip():
                rows.setdefault(segment.document, []).append(position)
            else:
                yield position, (Output(""),)
        alike: dict[tuple[str, ...], list[str]] = {}
        for document, of_document in rows.items():
            alike.setdefault(tuple(segments[row].source for row in of_document), []).append(document)
        asked = [Asked(documents, sources, told, count) for sources, documents in alike.items()]
        for attempt in range(self._attempts):
            questions = [(one, question) for one in asked for question in one.questions()]
            conversations = [question for _, question in questions]
            names = [f"document {one.documents[0]}" for one, _ in questions]
            for at, replies in self._client.sample(conversations, 1 if attempt else count, names):
                one = questions[at][0]
                for reply in replies:
                    one.take(reply, *self._extracted(reply.text))
                if not one.missing:
                    yield from ((rows[name][place], outputs) for name, place, outputs in one.outputs())
        for one in asked:
            if one.missing:
                problem = f"{one.answers} answers of {self._client.model} did not give its {len(one.sources)} segments"
                remedy = "raise client.max_tokens if it was cut, choose another model, or unit=segment"
                raise ParityError(f"document {one.documents[0]}", f"{problem}, the last one {one.problem}", remedy)

    def _output(self, reply: Reply) -> Output:
        text, notices = self._extracted(reply.text)
        return Output(text, (*reply.notices, *notices), reply.usage)

    def _extracted(self, answer: str) -> tuple[str, tuple[str, ...]]:
        """The hypothesis in an answer, and what must be said of it."""
        if self._extract is None or not answer.strip():
            return answer.strip(), ()
        found = self._extract.search(answer)
        if found is None or found.group(1) is None:
            return answer.strip(), (f"extract does not match the answer, which is taken whole: {quoted(answer)}",)
        return found.group(1).strip(), ()

    def _told(self, pair: LangPair) -> Prompt:
        examples = self._examples.get(pair, ())
        if self._whole:
            examples = tuple(
                Example(numbered([one.source], tag), numbered([one.target], tag))
                for one in examples
                for tag in [tag_for([one.source, one.target])]
            )
        return Prompt(self._prompt, self._system_message, names_of(pair, self._names), examples)


def _client(given: object) -> ChatClient:
    if not isinstance(given, ChatClient):
        problem = f"{type(given).__name__} is no ChatClient"
        raise ConfigError("client", problem, "name mteval.chat.client.ChatClient as its _target_")
    return given


def _pattern(extract: object) -> re.Pattern[str]:
    try:
        pattern = re.compile(extract if isinstance(extract, str) else "")
    except re.error as error:
        raise ConfigError("extract", f"{extract!r} is no regular expression ({error})", "correct it") from None
    if pattern.groups != 1:
        problem = f"{extract!r} has {pattern.groups} groups"
        raise ConfigError("extract", problem, "write it with one, as in '<t>(.*?)</t>'; (?:…) is no group")
    return pattern
