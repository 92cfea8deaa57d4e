"""Chat models of the ``transformers`` library on this machine: TowerInstruct, EuroLLM, Gemma, Qwen and their kin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Literal

from mteval.checkpoint import Checkpoint, find, need
from mteval.errors import ConfigError, ParityError, UnavailableError
from mteval.lang import LangPair, parse_pairs
from mteval.loading import DEVICES, DTYPES
from mteval.needs import Need
from mteval.numbered import numbered, parse_numbered
from mteval.sampling import Draws, Sampling, parse_sampling
from mteval.segment import EvalSet, Segment
from mteval.setting_checks import check_checkpoint, check_choices, check_counts, check_texts
from mteval.signature import Signature
from mteval.systems.base import Output, Proposer, System, SystemCard
from mteval.systems.transformers_chat_jobs import Job, batches
from mteval.systems.transformers_chat_model import Model, Written
from mteval.systems.transformers_chat_prompt import Prompt, check_template_settings

_PROBE = "mteval"


class TransformersChat(System, Proposer):
    """Asks a chat model for translations, in the form of its own chat template, on one device.

    Decoding follows the settings below alone, greedily unless ``sampling`` is set. Of the checkpoint's own
    ``generation_config`` only token ids and forbidden tokens are kept. An answer ends at the tokens named there, at the
    tokenizer's end, or at what the chat template puts after an answer. The whole answer is the hypothesis, without
    blanks around it: what a model adds to its translation is its own doing.

    A prompt is never cut, since it would lose its instruction. Where it leaves no room for an answer the hypothesis is
    empty, and a notice says so; where it leaves less than ``max_length``, the answer may be as long as the room is.

    Hypotheses, and samples with their seed, do not depend on the batch in fp32, but for rounding. In bf16 and fp16
    rounding is coarse enough that another ``batch_size``, or another device, now and then gives another wording.

    Proposals are samples, and need ``sampling``. Code that a checkpoint brings along is never run.

    Args:
        checkpoint: a name on the hub, or a folder with configuration, weights and tokenizer with chat template.
        prompt: with ``{source}``, and ``{source_language}`` and ``{target_language}`` for their names in English.
            Other words in braces are refused; braces in a source are safe.
        system: a system message, with the same placeholders; ``None`` for none. A chat template that takes none, or
            leaves it out, is named.
        examples: translations to go by, by lang pair, as in ``{pt-en: [{source: Olá., reference: Hello.}]}``.
        messages: ``plain``, or ``translategemma`` for the messages that TranslateGemma's chat template takes.
        languages: what the prompt calls a language, by its code, where its English name is not wanted (with
            ``translategemma``: where its code is not).
        template_settings: what else the chat template takes, as in ``{enable_thinking: false}``.
        unit: ``segment``, or ``document``: a whole document in one prompt, its segments in numbered lines (``[1] …``,
            a line break inside a segment as a space), which must all come back as such.
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

    Raises:
        ConfigError: a setting is wrong; its key is named.
    """

    def __init__(
        self,
        checkpoint: str,
        prompt: str | None = None,
        system: str | None = None,
        examples: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
        messages: str = "plain",
        languages: Mapping[str, str] | None = None,
        template_settings: Mapping[str, object] | None = None,
        unit: Literal["segment", "document"] = "segment",
        pairs: Sequence[str] | None = None,
        revision: str | None = None,
        gated: bool = False,
        max_length: int = 512,
        max_prompt: int | None = None,
        batch_size: int = 4096,
        precision: str = "bf16",
        device: str = "auto",
        sampling: Mapping[str, float] | None = None,
    ) -> None:
        check_checkpoint(checkpoint)
        check_texts(("revision", revision))
        choices = ("unit", unit, ("segment", "document")), ("precision", precision, DTYPES), ("device", device, DEVICES)
        check_choices(*choices)
        check_counts(("max_length", max_length), ("batch_size", batch_size))
        if max_prompt is not None:
            check_counts(("max_prompt", max_prompt))
        if unit == "document" and examples:
            raise ConfigError("examples", "single segments do not show how a document is answered", "leave them out")
        self._prompt = Prompt(prompt, system, examples, messages, languages)
        self.checkpoint = checkpoint
        self.template_settings = check_template_settings(template_settings)
        self.unit = unit
        self.pairs = None if pairs is None else parse_pairs(pairs, "pairs")
        self.revision = revision
        self.gated = gated
        self.max_length = max_length
        self.max_prompt = max_prompt
        self.batch_size = batch_size
        self.precision = precision
        self.device = device
        self.sampling = parse_sampling(sampling, "sampling")

    @property
    def card(self) -> SystemCard:
        return SystemCard(reusable=True, unit=self.unit, model=self.checkpoint)

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
        return (need(self.checkpoint, self.revision, width, self.gated),)

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
        if self.unit == "document":
            yield from self._documents(segments, pair)
        else:
            for position, (output,) in self._segments(segments, pair, 1, self.sampling):
                yield position, output

    def propose(
        self, segments: Sequence[Segment], pair: LangPair, count: int
    ) -> Iterator[tuple[int, tuple[Output, ...]]]:
        return self._segments(segments, pair, count, self._samples())

    def _segments(
        self, segments: Sequence[Segment], pair: LangPair, count: int, sampling: Sampling | None
    ) -> Iterator[tuple[int, tuple[Output, ...]]]:
        positions: dict[str, list[int]] = defaultdict(list)
        for position, segment in enumerate(segments):
            positions[segment.source].append(position)
        jobs = []
        for source, places in positions.items():
            job = self._job(source, pair, tuple(places)) if source.strip() else Output("")
            if isinstance(job, Job):
                jobs.append(job)
            else:
                yield from ((place, (job,)) for place in places)
        for job, answers in self._answers(jobs, pair, count, sampling):
            mistaken = self._mistaken(job.text)
            outputs = tuple(Output(one.text, (*mistaken, *self._unfinished(one, job))) for one in answers)
            yield from ((position, outputs) for position in job.positions)

    def _documents(self, segments: Sequence[Segment], pair: LangPair) -> Iterator[tuple[int, Output]]:
        rows: dict[str, list[int]] = defaultdict(list)
        for position, segment in enumerate(segments):
            if segment.source.strip():
                rows[segment.document].append(position)
            else:
                yield position, Output("")
        jobs = []
        for places in rows.values():
            job = self._job(numbered([segments[place].source for place in places]), pair, tuple(places))
            if isinstance(job, Job):
                jobs.append(job)
            else:
                yield from ((place, job) for place in places)
        for job, (answer,) in self._answers(jobs, pair, 1, self.sampling):
            unfinished = self._unfinished(answer, job)
            texts = parse_numbered(answer.text, len(job.positions))
            if texts is None:
                document = segments[job.positions[0]].document
                said = f" ({unfinished[0]})" if unfinished else ""
                raise ParityError(
                    f"document {document}",
                    f"the answer of {self.checkpoint} is not the {len(job.positions)} numbered lines asked for{said}",
                    "raise max_length, change prompt, set unit: segment, or choose another model",
                )
            for place, text in zip(job.positions, texts, strict=True):
                last = unfinished if place == job.positions[-1] else ()
                yield place, Output(text, (*self._mistaken(segments[place].source), *last))

    def _job(self, text: str, pair: LangPair, positions: tuple[int, ...]) -> Job | Output:
        """What the model is asked for a text; what that comes to where the model has no room for it."""
        ids, room = self._model.read(self._prompt.messages(text, pair)), self._model.positions
        limit = min((one for one in (self.max_prompt, room and room - 1) if one is not None), default=None)
        if limit is not None and len(ids) > limit:
            return Output("", (f"the prompt has {len(ids)} tokens, {limit} is the most: it was not translated",))
        most = self.max_length if room is None else min(self.max_length, room - len(ids))
        return Job(text, ids, most, positions)

    def _answers(
        self, jobs: Sequence[Job], pair: LangPair, count: int, sampling: Sampling | None
    ) -> Iterator[tuple[Job, list[Written]]]:
        """The answers to each job, as many as are asked for, as they are finished."""
        if not jobs:
            return
        ends = self._model.ends(self._prompt.messages(_PROBE, pair))
        for batch in batches(jobs, self.batch_size // count):
            rows = [(job, number) for job in batch for number in range(count)]
            draws = None if sampling is None else Draws(sampling, [(job.text, number) for job, number in rows])
            found = self._model.write([job.ids for job, _ in rows], ends, batch[0].most, draws)
            for start, job in zip(range(0, len(found), count), batch, strict=True):
                yield job, found[start : start + count]

    def _samples(self) -> Sampling:
        """How proposals are drawn."""
        if self.sampling is None:
            raise ConfigError("sampling", "proposals are samples, and it is null", "set it, as in {temperature: 1.0}")
        if self.unit == "document":
            raise ConfigError("unit", "whole documents are translated, not proposed", "set it to segment")
        return self.sampling

    def _unfinished(self, answer: Written, job: Job) -> tuple[str, ...]:
        if answer.ended:
            return ()
        limit = "max_length" if job.most == self.max_length else "all that the prompt leaves room for"
        return (f"the hypothesis has no end after {job.most} tokens ({limit}): it was cut",)

    def _mistaken(self, source: str) -> tuple[str, ...]:
        found = [word for word in self._model.control_symbols if word in source]
        return (f"the tokenizer takes {found[0]} in the source for a control symbol",) if found else ()

    def _check_template(self, pair: LangPair) -> None:
        bare = self._model.rendered(self._prompt.messages(_PROBE, pair, with_system=False))
        if _PROBE not in bare:
            problem = f"the chat template of {self.checkpoint} leaves the source out"
            raise ConfigError("messages", problem, "choose the form that it takes")
        if self._prompt.system is None:
            return
        asked = self._prompt.messages(_PROBE, pair)
        problem = f"the chat template of {self.checkpoint} takes no system message"
        try:
            if asked[0]["content"].strip() in self._model.rendered(asked):
                return
        except UnavailableError as error:
            problem += f": {error.problem}"
        raise ConfigError("system", problem, "leave it out, and say in prompt what it says")

    def _signature(self, pair: LangPair, how: Mapping[str, object]) -> Signature:
        given = ",".join(f"{key}={value}" for key, value in sorted(self.template_settings.items()))
        settings = {
            "checkpoint": self._found.name,
            "revision": self._found.revision,
            "prompt": self._prompt.digest(pair),
            "template": given or "plain",
            "unit": self.unit,
            **how,
            "max_length": self.max_length,
            "max_prompt": self.max_prompt or "no",
            "precision": self.precision,
            "transformers": version("transformers"),
            "torch": version("torch"),
        }
        return Signature.of(settings)

    @cached_property
    def _found(self) -> Checkpoint:
        return find(self.checkpoint, self.revision)

    @cached_property
    def _model(self) -> Model:
        return Model(self._found, self.precision, self.device, self.template_settings)
