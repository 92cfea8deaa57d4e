"""Chat models of the ``transformers`` library on this machine: TowerInstruct, EuroLLM, Gemma, Qwen and their kin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from importlib.metadata import version
from typing import Any

from mteval.chat.base import Conversation, Reply
from mteval.chat.document import FORMAT
from mteval.chat.extract import Extract
from mteval.chat.prompt import Prompts, checked_names
from mteval.checkpoint import PARTS, WITH_CODE, Checkpoint, Part, find, need
from mteval.errors import ConfigError, UnavailableError
from mteval.lang import LangPair, parse_pairs
from mteval.loading import DEVICES, DTYPES
from mteval.needs import Need
from mteval.sampling import Draws, Sampling, parse_sampling
from mteval.segment import EvalSet, Segment
from mteval.setting_checks import check_checkpoint, check_choices, check_counts, check_switches, check_texts
from mteval.signature import Signature
from mteval.systems.asking import UNITS, Asking, Made
from mteval.systems.base import Output, Proposer, System, SystemCard
from mteval.systems.transformers_chat_jobs import Job, batches
from mteval.systems.transformers_chat_model import Model, Written
from mteval.systems.transformers_chat_prompt import FORMS, check_form, check_template_settings, codes_of, messages_of

_PROBE = "mteval"


class TransformersChat(System, Proposer):
    """Asks a chat model for translations, in the form of its own chat template, on one device.

    Decoding follows the settings below alone, greedily unless ``sampling`` is set. Of the checkpoint's own
    ``generation_config`` only token ids and forbidden tokens are kept. An answer ends at the tokens named there, at the
    tokenizer's end, or at what the chat template puts after an answer. A hypothesis is the answer to the letter, but
    for white space around it; the gate marks refusals and chatter.

    A prompt is never cut, since it would lose its instruction. Where it leaves no room for an answer the hypothesis is
    empty, and a notice says so; where it leaves less than ``max_length``, the answer may be as long as the room is.

    Hypotheses, and samples with their seed, do not depend on the batch in fp32, but for rounding. In bf16 and fp16
    rounding is coarse enough that another ``batch_size``, or another device, now and then gives another wording.

    Proposals are samples, and need ``sampling``.

    Args:
        checkpoint: a name on the hub, or a folder with configuration, weights and tokenizer with chat template.
        prompt: what the user says, with ``{source}``, ``{source_language}`` and ``{target_language}``; a brace that is
            meant is doubled. Languages are named in English.
        system_message: what is said before that, with the languages' placeholders; ``None`` for nothing. A chat
            template that takes none, or leaves it out, is named.
        unit: ``segment``, or ``document``: a whole document in one question, its segments between numbered tags. An
            answer must give every number once, in order; one that does not is asked for again.
        examples: turns before the question, by lang pair: ``{pt-en: [{source: Olá., target: Hello.}]}``.
        extract: a regular expression with one group, which is the hypothesis; an answer that it does not match is
            taken whole, with a notice. With ``document`` it is what the numbered segments are read from.
        messages: ``plain``, or ``translategemma`` for the messages that TranslateGemma's chat template takes, which
            writes the prompt.
        language_names: the name of a language by its code, where the usual English one is not wanted (with
            ``translategemma``: the code that the template is given).
        template_settings: what else the chat template takes, as in ``{enable_thinking: false}``.
        attempts: how often a document is asked for until its answer can be read.
        pairs: the lang pairs that it translates, as ``[pt-en, ro-en]``; ``None`` is any.
        revision: a branch, tag or commit on the hub; ``None`` is its main branch.
        gated: whether a licence must be accepted at the hub before it can be had.
        max_length: the most new tokens that an answer has, its end included.
        max_prompt: the most tokens that a prompt has; a longer one is not translated. ``None`` leaves that to the
            model's positions, which may be more than it was trained for.
        batch_size: the most prompt tokens in a batch, padding included; a longer prompt is a batch of its own. Batches
            shrink with the number of hypotheses that are proposed.
        precision: of weights and arithmetic: ``fp32``, ``bf16`` or ``fp16``.
        device: ``cpu``, ``cuda``, or ``auto``: CUDA where there is one.
        sampling: how tokens are drawn: ``temperature``, ``top_p``, ``epsilon_cutoff`` and ``seed``; ``None`` takes the
            likeliest each time.
        trust_remote_code: whether Python code that the checkpoint brings along is run. It may do all that the user may:
            read it first, and name a ``revision``, since another one may hold other code.

    Raises:
        ConfigError: a setting is wrong; its key is named.
    """

    def __init__(
        self,
        checkpoint: str,
        prompt: str | None = None,
        system_message: str | None = None,
        unit: str = "segment",
        examples: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
        extract: str | None = None,
        messages: str = "plain",
        language_names: Mapping[str, str] | None = None,
        template_settings: Mapping[str, object] | None = None,
        attempts: int = 3,
        pairs: Sequence[str] | None = None,
        revision: str | None = None,
        gated: bool = False,
        max_length: int = 512,
        max_prompt: int | None = None,
        batch_size: int = 4096,
        precision: str = "bf16",
        device: str = "auto",
        sampling: Mapping[str, float] | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        check_checkpoint(checkpoint)
        check_texts(("revision", revision))
        check_choices(("unit", unit, UNITS), ("messages", messages, FORMS))
        check_choices(("precision", precision, DTYPES), ("device", device, DEVICES))
        check_counts(("max_length", max_length), ("batch_size", batch_size), ("attempts", attempts))
        if max_prompt is not None:
            check_counts(("max_prompt", max_prompt))
        check_switches(("trust_remote_code", trust_remote_code))
        check_form(messages, unit, prompt, system_message)
        self._whole = unit == "document"
        template = prompt if messages == "plain" else "{source}"
        self._prompts = Prompts(template, system_message, examples, language_names, whole=self._whole)
        self._codes = None if messages == "plain" else checked_names(language_names)
        self._extract = Extract(extract)
        self._attempts = attempts
        self.checkpoint = checkpoint
        self.template_settings = check_template_settings(template_settings)
        self.pairs = None if pairs is None else parse_pairs(pairs, "pairs")
        self.revision = revision
        self.gated = gated
        self.max_length = max_length
        self.max_prompt = max_prompt
        self.batch_size = batch_size
        self.precision = precision
        self.device = device
        self.sampling = parse_sampling(sampling, "sampling")
        self.trust_remote_code = trust_remote_code

    @property
    def card(self) -> SystemCard:
        return SystemCard(reusable=True, unit="document" if self._whole else "segment", model=self.checkpoint)

    def declines(self, eval_set: EvalSet) -> str | None:
        if self.pairs is None or eval_set.pair in self.pairs:
            return None
        return f"{self.checkpoint} is set up for {', '.join(map(str, self.pairs))}, not for {eval_set.pair}"

    def check(self, pair: LangPair) -> None:
        """Make sure that the checkpoint is at hand (downloading it if need be) and its chat template takes the prompt.

        The weights are not loaded yet.

        Raises:
            UnavailableError: the checkpoint or the device is not to be had, or its chat template refuses the languages.
            GatedError: the checkpoint's licence must be accepted first.
            ConfigError: a setting does not fit the checkpoint.
        """
        _ = self._model.tokenizer, self._model.device
        self._check_template(pair)
        room = self._model.positions
        if room is not None and self.max_length >= room:
            raise ConfigError("max_length", f"{self.checkpoint} has {room} positions, prompt included", "lower it")

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        width = {"fp32": 8}.get(self.precision, 4)  # since the files of such checkpoints hold two bytes a weight
        return (need(self.checkpoint, self.revision, width, self.gated, self._parts),)

    def signature(self, pair: LangPair) -> Signature:
        return self._signature(pair, {"sampling": self.sampling or "greedy"})

    def signature_of_proposals(self, pair: LangPair, count: int) -> Signature:
        return self._signature(pair, {"sampling": self._samples(), "proposals": count})

    def close(self) -> None:
        """Give up the memory that the weights take; they are loaded again when they are needed."""
        if "_model" in self.__dict__:
            self._model.release()

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        for position, (output,) in self._made(segments, pair, 1, self.sampling):
            yield position, output

    def propose(self, segments: Sequence[Segment], pair: LangPair, count: int) -> Made:
        return self._made(segments, pair, count, self._samples())

    def _made(self, segments: Sequence[Segment], pair: LangPair, count: int, sampling: Sampling | None) -> Made:
        asking = Asking(self._prompts.of(pair), self._extract, partial(self._ask, pair, sampling))
        if self._whole:
            made = asking.documents(segments, count, self._attempts, self.checkpoint, "max_length")
        else:
            made = asking.segments(segments, count)
        for position, outputs in made:
            mistaken = self._mistaken(segments[position].source)
            yield position, tuple(replace(one, notices=(*mistaken, *one.notices)) for one in outputs)

    def _ask(
        self,
        pair: LangPair,
        sampling: Sampling | None,
        conversations: Sequence[Conversation],
        count: int,
        names: Sequence[str],
    ) -> Iterator[tuple[int, tuple[Reply, ...]]]:
        """Have conversations answered, as ``Ask`` says, as batches are finished."""
        jobs = []
        for at, conversation in enumerate(conversations):
            job = self._job(at, conversation, pair)
            if isinstance(job, Job):
                jobs.append(job)
            else:
                yield at, (job,) * count
        if not jobs:
            return
        ends = self._model.ends(self._probe(pair))
        for batch in batches(jobs, self.batch_size // count):
            rows = [(job, number) for job in batch for number in range(count)]
            draws = None if sampling is None else Draws(sampling, [(job.text, number) for job, number in rows])
            found = self._model.write([job.ids for job, _ in rows], ends, batch[0].most, draws)
            for start, job in zip(range(0, len(found), count), batch, strict=True):
                yield job.at, tuple(self._reply(one, job) for one in found[start : start + count])

    def _job(self, at: int, conversation: Conversation, pair: LangPair) -> Job | Reply:
        """What the model is to answer; what that comes to where it has no room for it."""
        ids, room = self._model.read(self._messages(conversation, pair)), self._model.positions
        limit = min((one for one in (self.max_prompt, room and room - 1) if one is not None), default=None)
        if limit is not None and len(ids) > limit:
            problem = f"the prompt has {len(ids)} tokens, {limit} is the most: it was not translated"
            return Reply("", "unasked", (problem,))
        most = self.max_length if room is None else min(self.max_length, room - len(ids))
        return Job(at, conversation[-1].content, ids, most)

    def _reply(self, answer: Written, job: Job) -> Reply:
        if answer.ended:
            return Reply(answer.text)
        limit = "max_length" if job.most == self.max_length else "all that the prompt leaves room for"
        notice = f"the answer has no end after {job.most} tokens ({limit}): it was cut"
        return Reply(answer.text, "length", (notice,))

    def _messages(self, conversation: Conversation, pair: LangPair) -> list[dict[str, Any]]:
        return messages_of(conversation, None if self._codes is None else codes_of(pair, self._codes))

    def _probe(self, pair: LangPair) -> list[dict[str, Any]]:
        """The messages that ask for a word's translation."""
        return self._messages(self._prompts.of(pair).conversation(_PROBE), pair)

    def _samples(self) -> Sampling:
        """How proposals are drawn."""
        if self.sampling is None:
            raise ConfigError("sampling", "proposals are samples, and it is null", "set it, as in {temperature: 1.0}")
        if self._whole:
            raise ConfigError("unit", "whole documents are translated, not proposed", "set it to segment")
        return self.sampling

    def _mistaken(self, source: str) -> tuple[str, ...]:
        found = [word for word in self._model.control_symbols if word in source]
        return (f"the tokenizer takes {found[0]} in the source for a control symbol",) if found else ()

    def _check_template(self, pair: LangPair) -> None:
        told = self._prompts.of(pair)
        bare = replace(told, system_message=None).conversation(_PROBE)
        if _PROBE not in self._model.rendered(self._messages(bare, pair)):
            problem = f"the chat template of {self.checkpoint} leaves the source out"
            raise ConfigError("messages", problem, "choose the form that it takes")
        if told.system_message is None:
            return
        asked = self._probe(pair)
        problem = f"the chat template of {self.checkpoint} takes no system message"
        try:
            if asked[0]["content"].strip() in self._model.rendered(asked):
                return
        except UnavailableError as error:
            problem += f": {error.problem}"
        raise ConfigError("system_message", problem, "leave it out, and say in prompt what it says")

    def _signature(self, pair: LangPair, how: Mapping[str, object]) -> Signature:
        told = self._prompts.of(pair)
        given = ",".join(f"{key}={value}" for key, value in sorted(self.template_settings.items()))
        settings = {
            "checkpoint": self._found.name,
            "revision": self._found.revision,
            "messages": "plain" if self._codes is None else f"translategemma@{'>'.join(codes_of(pair, self._codes))}",
            "prompt": told.digest,
            "examples": told.digest_of_examples,
            "extract": self._extract.digest,
            "template": given or "plain",
            "unit": f"document@{FORMAT}" if self._whole else "segment",
            **how,
            "max_length": self.max_length,
            "max_prompt": self.max_prompt or "no",
            "precision": self.precision,
            **({"code": "trusted"} if self.trust_remote_code else {}),
            "transformers": version("transformers"),
            "torch": version("torch"),
        }
        return Signature.of(settings)

    @cached_property
    def _found(self) -> Checkpoint:
        return find(self.checkpoint, self.revision, self._parts)

    @cached_property
    def _model(self) -> Model:
        return Model(self._found, self.precision, self.device, self.template_settings, self.trust_remote_code)

    @property
    def _parts(self) -> tuple[Part, ...]:
        return WITH_CODE if self.trust_remote_code else PARTS
