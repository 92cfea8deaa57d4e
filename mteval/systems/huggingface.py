"""Checkpoints of the ``transformers`` library: OPUS-MT, NLLB, M2M-100, MADLAD-400, mBART-50 and their kin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version

from mteval.checkpoint import PARTS, WITH_CODE, Checkpoint, find, need
from mteval.lang import LangPair
from mteval.loading import DEVICES, DTYPES
from mteval.needs import Need
from mteval.sampling import Draws, parse_sampling
from mteval.segment import EvalSet, Segment
from mteval.setting_checks import check_checkpoint, check_choices, check_counts, check_switches, check_texts
from mteval.signature import Signature
from mteval.systems.base import Output, Proposer, System, SystemCard
from mteval.systems.huggingface_model import Model, Written
from mteval.systems.huggingface_reader import Reader
from mteval.systems.huggingface_routing import Route, Routing
from mteval.systems.huggingface_sources import Source, halved, tokenizer_settings, translated
from mteval.workers import Crew, Part, check_workers, copies


class HuggingFace(System, Proposer):
    """Translates with a sequence-to-sequence checkpoint, by beam search, on one device or several.

    Decoding follows the settings below alone. Of the checkpoint's own ``generation_config`` only token ids and
    forbidden tokens are kept; its beam size, lengths, penalties and forced end are not.

    Hypotheses do not depend on the batch in fp32: padding is masked, and what is left is rounding (differences of 1e-6
    in the scores), which tips the balance only between beams that are as good as equal. In bf16 and fp16 rounding is
    coarse enough that another ``batch_size``, or another device, now and then gives another wording.

    It proposes the best of a beam search that is as wide as hypotheses are asked for, or wider (``beam_size``); with
    ``sampling`` it proposes samples instead, which depend on source and seed, not on the batch.

    Args:
        checkpoint: a name on the hub, or a folder with configuration, weights (safetensors, or else PyTorch's own) and
            tokenizer.
        revision: a branch, tag or commit on the hub; ``None`` is its main branch.
        family: how it is told languages, one of ``FAMILIES``; ``auto`` goes by the tokenizer.
        pairs: the lang pairs that it translates, as ``[pt-en, ro-en]``; ``None`` is all for which its tokenizer has
            codes. A checkpoint that does not say which languages it knows needs them.
        language_codes: the checkpoint's code (``por_Latn``) by language (``pt``), where the one found is not wanted.
        prefix: what stands before each source, to the letter, in place of the family's own. Since it commonly names the
            target, it needs ``pairs`` that share one.
        beam_size: 1 is greedy search.
        max_length: the most new tokens a hypothesis has, its end and (nllb, m2m100, mbart50) language included.
        batch_size: the most source tokens in a batch, padding included; a longer source is a batch of its own. Batches
            shrink with the number of hypotheses that are proposed.
        precision: of weights and arithmetic: ``fp32``, ``bf16`` or ``fp16``.
        device: ``cpu``, ``cuda``, or ``auto``: CUDA where there is one.
        workers: how many processes share the sources, each with weights of its own: ``auto`` is one for each CUDA
            device and, without any, this process alone.
        sampling: how proposals are drawn: ``temperature``, ``top_p``, ``epsilon_cutoff`` and ``seed``, as in
            ``{epsilon_cutoff: 0.02, seed: 1}``; ``None`` proposes by beam search. Translations are never drawn.
        trust_remote_code: whether Python code that the checkpoint brings along is run. It may do all that the user may:
            read it first, and name a ``revision``, since another one may hold other code.

    Raises:
        ConfigError: a setting is wrong; its key is named.
    """

    def __init__(
        self,
        checkpoint: str,
        revision: str | None = None,
        family: str = "auto",
        pairs: Sequence[str] | None = None,
        language_codes: Mapping[str, str] | None = None,
        prefix: str | None = None,
        beam_size: int = 4,
        max_length: int = 256,
        batch_size: int = 1024,
        precision: str = "fp32",
        device: str = "auto",
        workers: int | str = "auto",
        sampling: Mapping[str, float] | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        check_checkpoint(checkpoint)
        check_texts(("revision", revision))
        check_choices(("precision", precision, DTYPES), ("device", device, DEVICES))
        check_counts(("beam_size", beam_size), ("max_length", max_length), ("batch_size", batch_size))
        check_workers("workers", workers)
        check_switches(("trust_remote_code", trust_remote_code))
        self._routing = Routing(checkpoint, family, pairs, language_codes, prefix)
        self.checkpoint = checkpoint
        self.revision = revision
        self.family = family
        self.beam_size = beam_size
        self.max_length = max_length
        self.batch_size = batch_size
        self.precision = precision
        self.device = device
        self.workers = workers
        self.sampling = parse_sampling(sampling, "sampling")
        self.trust_remote_code = trust_remote_code

    @property
    def card(self) -> SystemCard:
        return SystemCard(reusable=True)

    def declines(self, eval_set: EvalSet) -> str | None:
        return self._routing.declines(eval_set.pair)

    def check(self, pair: LangPair) -> None:
        """Make sure that the checkpoint is at hand (downloading it if need be) and has codes for the lang pair.

        The weights are not loaded yet.

        Raises:
            UnavailableError: the checkpoint, one of the languages or the device is not to be had.
            GatedError: the checkpoint's licence must be accepted first.
            ConfigError: a setting does not fit the checkpoint.
        """
        self._route(pair)
        _ = self._model.device
        self._reader.check_length(self.max_length, self.checkpoint)

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        parts = WITH_CODE if self.trust_remote_code else PARTS
        found = need(self.checkpoint, self.revision, {"fp32": 4}.get(self.precision, 2), parts=parts)
        return (replace(found, copies=copies(self.workers)),)

    def signature(self, pair: LangPair) -> Signature:
        return self._signature(pair, {"beam": self.beam_size})

    def signature_of_proposals(self, pair: LangPair, count: int) -> Signature:
        how: dict[str, object] = {"beam": self._width(count)}
        if self.sampling is not None:
            how = {"sampling": self.sampling}
        return self._signature(pair, {**how, "proposals": count})

    def close(self) -> None:
        """Give up the memory that the weights take; they are loaded again when they are needed."""
        self._crew.close()
        self._release()

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        if parts := self._parts(segments):
            tasks = [Part(part, ([segments[row] for row in part], pair, {})) for part in parts]
            yield from self._crew.run(self._alone, "translate", tasks)
            return
        for position, (output,) in self._best(segments, pair, self.beam_size, 1, self.batch_size):
            yield position, output

    def propose(
        self, segments: Sequence[Segment], pair: LangPair, count: int
    ) -> Iterator[tuple[int, tuple[Output, ...]]]:
        if parts := self._parts(segments):
            tasks = [Part(part, ([segments[row] for row in part], pair, count)) for part in parts]
            yield from self._crew.run(self._alone, "propose", tasks)
        elif self.sampling is None:
            width = self._width(count)
            yield from self._best(segments, pair, width, count, self.batch_size * self.beam_size // width)
        else:
            yield from self._drawn(segments, pair, count)

    def _parts(self, segments: Sequence[Segment]) -> list[list[int]]:
        """The segments in parts for workers, those with one source together; none where there are no workers."""
        sources = [segment.source for segment in segments]
        if parts := self._crew.shares(sources, list(map(len, sources))):
            self._release()  # what would take a device's memory beside the workers'
        return parts

    def _alone(self) -> HuggingFace:
        """The same system as a worker has it: without workers of its own, and with nothing loaded yet."""
        alone = copy(self)
        alone.workers = 1
        for loaded in ("_model", "_reader", "_crew"):
            alone.__dict__.pop(loaded, None)
        return alone

    def _release(self) -> None:
        if "_model" in self.__dict__:
            self._model.release()

    def _best(
        self, segments: Sequence[Segment], pair: LangPair, width: int, count: int, batch_size: int
    ) -> Iterator[tuple[int, tuple[Output, ...]]]:
        """The best hypotheses of each segment by beam search."""
        route = self._route(pair)

        def search(batch: Sequence[Source]) -> list[list[Written]]:
            ids = [source.ids for source in batch]
            return self._model.search(ids, route.first, width, self.max_length, count)

        def write(batches: Iterator[list[Source]]) -> Iterator[tuple[list[Source], Sequence[list[Written]]]]:
            yield from halved(batches, search, self.checkpoint)

        return translated(segments, self._reader, route, batch_size, self.max_length, write)

    def _drawn(
        self, segments: Sequence[Segment], pair: LangPair, count: int
    ) -> Iterator[tuple[int, tuple[Output, ...]]]:
        """Samples of each segment's hypotheses."""
        route, sampling = self._route(pair), self.sampling
        assert sampling is not None

        def draw(batch: Sequence[Source]) -> list[list[Written]]:
            draws = Draws(sampling, [(source.text, number) for source in batch for number in range(count)])
            ids = [source.ids for source in batch for _ in range(count)]
            found = self._model.draw(ids, route.first, self.max_length, draws)
            return [found[start : start + count] for start in range(0, len(found), count)]

        def write(batches: Iterator[list[Source]]) -> Iterator[tuple[list[Source], Sequence[list[Written]]]]:
            yield from halved(batches, draw, self.checkpoint)

        size = self.batch_size * self.beam_size // count
        return translated(segments, self._reader, route, size, self.max_length, write)

    def _width(self, count: int) -> int:
        """How many beams it takes to propose so many hypotheses."""
        return max(self.beam_size, count)

    def _signature(self, pair: LangPair, search: Mapping[str, object]) -> Signature:
        settings = {
            "checkpoint": self._found.name,
            "revision": self._found.revision,
            "family": self._reader.family,
            **self._route(pair).settings,
            **search,
            "max_length": self.max_length,
            "precision": self.precision,
            **({"code": "trusted"} if self.trust_remote_code else {}),
            **tokenizer_settings(self._reader),
            "transformers": version("transformers"),
            "torch": version("torch"),
        }
        return Signature.of(settings)

    def _route(self, pair: LangPair) -> Route:
        return self._routing.route(self._reader, pair)

    @cached_property
    def _found(self) -> Checkpoint:
        return find(self.checkpoint, self.revision, WITH_CODE if self.trust_remote_code else PARTS)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self._found.name, self._found.folder, self.family, trust=self.trust_remote_code)

    @cached_property
    def _model(self) -> Model:
        return Model(self._reader, self.precision, self.device)

    @cached_property
    def _crew(self) -> Crew:
        return Crew(self.checkpoint, self.device, self.workers)
