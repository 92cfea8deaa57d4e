"""Chat models behind any endpoint that speaks OpenAI's protocol, asked to translate segments or whole documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mteval.chat.client import ChatClient
from mteval.chat.document import FORMAT
from mteval.chat.extract import Extract
from mteval.chat.prompt import Prompts
from mteval.errors import ConfigError, UnavailableError
from mteval.lang import LangPair, parse_pairs
from mteval.needs import Need
from mteval.segment import EvalSet, Segment
from mteval.setting_checks import check_choices, check_counts
from mteval.signature import Signature
from mteval.systems.asking import UNITS, Asking, Made
from mteval.systems.base import Output, Proposer, System, SystemCard


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
        check_choices(("unit", unit, UNITS))
        check_counts(("attempts", attempts))
        self._whole = unit == "document"
        self._prompts = Prompts(prompt, system_message, examples, language_names, whole=self._whole)
        self._extract = Extract(extract)
        self._client = _client(client)
        self._pairs = None if pairs is None else parse_pairs(pairs, "pairs")
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
            ConfigError: a language that the prompt names has no name.
        """
        if self._pairs is not None and pair not in self._pairs:
            raise UnavailableError(self._client.model, f"pairs does not list {pair}", f"add {pair} to pairs")
        self._prompts.of(pair)
        self._client.check()

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return self._client.needs()

    def signature(self, pair: LangPair) -> Signature:
        told = self._prompts.of(pair)
        return Signature.of(
            {
                "system": "chat",
                **self._client.settings,
                "unit": f"document@{FORMAT}" if self._whole else "segment",
                "prompt": told.digest,
                "examples": told.digest_of_examples,
                "extract": self._extract.digest,
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

    def propose(self, segments: Sequence[Segment], pair: LangPair, count: int) -> Made:
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

    def _made(self, segments: Sequence[Segment], pair: LangPair, count: int) -> Made:
        asking = Asking(self._prompts.of(pair), self._extract, self._client.sample)
        if self._whole:
            return asking.documents(segments, count, self._attempts, self._client.model, "client.max_tokens")
        return asking.segments(segments, count)


def _client(given: object) -> ChatClient:
    if not isinstance(given, ChatClient):
        problem = f"{type(given).__name__} is no ChatClient"
        raise ConfigError("client", problem, "name mteval.chat.client.ChatClient as its _target_")
    return given
