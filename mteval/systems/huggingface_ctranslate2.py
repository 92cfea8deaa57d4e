"""CTranslate2, a fast engine for the same checkpoints as ``HuggingFace``: int8 on a CPU, or CUDA."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path

from mteval.checkpoint import Checkpoint, find, need
from mteval.errors import ConfigError
from mteval.files import resolve
from mteval.lang import LangPair
from mteval.loading import DEVICES
from mteval.needs import Need, package
from mteval.segment import EvalSet, Segment
from mteval.setting_checks import check_checkpoint, check_choices, check_counts, check_texts
from mteval.signature import Signature
from mteval.systems.base import Output, Proposer, System, SystemCard
from mteval.systems.huggingface_ctranslate2_conversion import (
    PACKAGE,
    converted,
    find_converted,
    is_converted,
    need_converted,
    vocabulary,
)
from mteval.systems.huggingface_ctranslate2_engine import COMPUTE_TYPES, Engine, check_engine, find_device, find_threads
from mteval.systems.huggingface_reader import Reader
from mteval.systems.huggingface_routing import Route, Routing
from mteval.systems.huggingface_sources import tokenizer_settings, translated


class CTranslate2(System, Proposer):
    """Translates with a sequence-to-sequence checkpoint by CTranslate2's beam search.

    A checkpoint of ``transformers`` is converted by CTranslate2's own converter when it is first checked, which takes
    the memory of its whole weights once, and is kept in ``cache``: a folder for each checkpoint's revision, compute
    type and version of CTranslate2, that may be removed at any time. Code that it brings along is never run.

    Decoding follows the settings below alone; of the checkpoint's own ``generation_config`` only token ids and
    forbidden tokens are kept. Beam search differs from that of ``HuggingFace`` in one thing: it stops at as many
    finished hypotheses as there are beams, where that goes on as long as a better one might come. Greedy search is the
    same in float32.

    It proposes the best of a beam search that is as wide as hypotheses are asked for, or wider (``beam_size``).

    Args:
        checkpoint: a name on the hub, a folder with a checkpoint of ``transformers``, or a folder in CTranslate2's
            format that holds the checkpoint's tokenizer too.
        revision, family, pairs, language_codes, prefix, beam_size, max_length: as for ``HuggingFace``. What is already
            converted does not always say of which family it is.
        batch_size: the most source tokens in a batch, padding included; a longer source is a batch of its own.
        compute_type: of weights and arithmetic: ``int8``, ``int8_float32``, ``int8_float16``, ``int8_bfloat16``,
            ``int16``, ``float16``, ``bfloat16`` or ``float32``. What the device cannot do is refused.
        device: ``cpu``, ``cuda`` (all such devices that there are share the batches), or ``auto``: CUDA where there is
            one.
        inter_threads: how many batches are translated at a time; 0 is one for each core of a CPU, and one on each CUDA
            device.
        intra_threads: how many threads translate each; 0 is one where each core has its batch, and else what
            CTranslate2 sees fit.
        cache: the folder that keeps what is converted.

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
        compute_type: str = "int8",
        device: str = "cpu",
        inter_threads: int = 0,
        intra_threads: int = 0,
        cache: str = "~/.cache/mteval/ctranslate2",
    ) -> None:
        check_checkpoint(checkpoint)
        check_texts(("revision", revision))
        check_choices(("compute_type", compute_type, COMPUTE_TYPES), ("device", device, DEVICES))
        counts = {"beam_size": beam_size, "max_length": max_length, "batch_size": batch_size}
        check_counts(*counts.items())
        check_counts(("inter_threads", inter_threads), ("intra_threads", intra_threads), least=0)
        if not isinstance(cache, str) or not cache:
            raise ConfigError("cache", f"{cache!r} is no folder", "write a path")
        self._routing = Routing(checkpoint, family, pairs, language_codes, prefix)
        self.checkpoint = checkpoint
        self.revision = revision
        self.family = family
        self.beam_size = beam_size
        self.max_length = max_length
        self.batch_size = batch_size
        self.compute_type = compute_type
        self.device = device
        self.inter_threads = inter_threads
        self.intra_threads = intra_threads
        self.cache = resolve(cache)

    @property
    def card(self) -> SystemCard:
        return SystemCard(reusable=True)

    def declines(self, eval_set: EvalSet) -> str | None:
        return self._routing.declines(eval_set.pair)

    def check(self, pair: LangPair) -> None:
        """Make sure that the checkpoint is at hand (downloading it if need be), converted, and has codes for the pair.

        Raises:
            UnavailableError: CTranslate2, the checkpoint, one of the languages, the device or the compute type is not
                to be had, or the checkpoint cannot be converted.
            GatedError: the checkpoint's licence must be accepted first.
            ConfigError: a setting does not fit the checkpoint.
            OutputError: the cache cannot be written.
        """
        check_engine(self.device, self.compute_type)
        self._route(pair)
        self._reader.check_length(self.max_length, self.checkpoint)
        _ = self._folder, self._engine.forbidden

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        engine = package(PACKAGE, "ctranslate2")
        if is_converted(self.checkpoint):
            return engine, need_converted(self.checkpoint)
        width = 1 if self.compute_type.startswith("int8") else 4 if self.compute_type == "float32" else 2
        needed = need(self.checkpoint, self.revision, width)
        return engine, replace(needed, detail=f"{needed.detail}; it is converted once, and kept in {self.cache}")

    def signature(self, pair: LangPair) -> Signature:
        return self._signature(pair, {"beam": self.beam_size})

    def signature_of_proposals(self, pair: LangPair, count: int) -> Signature:
        return self._signature(pair, {"beam": self._width(count), "proposals": count})

    def close(self) -> None:
        """Give up the memory that the weights take; they are loaded again when they are needed."""
        if "_engine" in self.__dict__:
            self._engine.release()

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        for position, (output,) in self._best(segments, pair, self.beam_size, 1):
            yield position, output

    def propose(
        self, segments: Sequence[Segment], pair: LangPair, count: int
    ) -> Iterator[tuple[int, tuple[Output, ...]]]:
        return self._best(segments, pair, self._width(count), count)

    def _best(
        self, segments: Sequence[Segment], pair: LangPair, width: int, count: int
    ) -> Iterator[tuple[int, tuple[Output, ...]]]:
        route = self._route(pair)
        write = partial(self._engine.write, first=route.first, beam_size=width, most=self.max_length, count=count)
        size = self.batch_size * self.beam_size // width
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
            "compute_type": self.compute_type,
            "device": self._device,
            **tokenizer_settings(self._reader),
            "ctranslate2": version("ctranslate2"),
            "transformers": version("transformers"),
        }
        return Signature.of(settings)

    def _route(self, pair: LangPair) -> Route:
        return self._routing.route(self._reader, pair)

    @property
    def _device(self) -> str:
        return find_device(self.device)

    @cached_property
    def _found(self) -> Checkpoint:
        if is_converted(self.checkpoint):
            if self.revision is not None:
                problem = f"{self.checkpoint} is a folder, which has no revisions"
                raise ConfigError("revision", problem, "leave revision out")
            return find_converted(self.checkpoint)
        return find(self.checkpoint, self.revision)

    @cached_property
    def _folder(self) -> Path:
        """Where the checkpoint lies in CTranslate2's format."""
        if is_converted(self.checkpoint):
            return self._found.folder
        return converted(self._found, self.compute_type, self.cache)

    @cached_property
    def _reader(self) -> Reader:
        own = is_converted(self.checkpoint)
        known = vocabulary(self._found.folder) if own else None
        return Reader(self._found.name, self._found.folder, self.family, known)

    @cached_property
    def _engine(self) -> Engine:
        threads = find_threads(self._device, self.inter_threads, self.intra_threads)
        return Engine(self._folder, self._reader, self.compute_type, self._device, *threads)
