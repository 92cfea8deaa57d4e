"""CTranslate2 as the engine of a checkpoint: weights loaded when they are first needed, and what they write."""

from __future__ import annotations

import itertools
import json
import os
from collections import deque
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from mteval.checkpoint_files import damage
from mteval.errors import UnavailableError
from mteval.halving import is_out_of_memory
from mteval.needs import package
from mteval.systems.huggingface_ctranslate2_conversion import PACKAGE, vocabulary
from mteval.systems.huggingface_model import Written, forbidding
from mteval.systems.huggingface_reader import Reader
from mteval.systems.huggingface_sources import Source, halved

COMPUTE_TYPES = (
    *("int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16"),
    *("float16", "bfloat16", "float32"),
)


def check_engine(choice: str, compute_type: str) -> None:
    """Make sure that CTranslate2 is installed, and that it computes on a device as it is asked to.

    Left to itself it would quietly compute in another type.

    Args:
        choice: ``cpu``, ``cuda`` or ``auto``.
        compute_type: one of ``COMPUTE_TYPES``.

    Raises:
        UnavailableError: it is not, or does not.
    """
    need = package(PACKAGE, "ctranslate2")
    if not need.found:
        raise UnavailableError(need.name, need.detail, need.remedy)
    import ctranslate2

    device = find_device(choice)
    if device == "cuda" and ctranslate2.get_cuda_device_count() == 0:
        raise UnavailableError("device", "CTranslate2 finds no CUDA device here", "set it to cpu or auto")
    known = ctranslate2.get_supported_compute_types(device)
    if compute_type not in known:
        problem = f"CTranslate2 does not compute in {compute_type} on this {device.upper()}"
        raise UnavailableError("compute_type", problem, f"choose from {', '.join(sorted(known))}")


def find_device(choice: str) -> str:
    """What a choice of device comes to here: ``cpu`` or ``cuda``."""
    if choice != "auto":
        return choice
    import ctranslate2

    return "cuda" if ctranslate2.get_cuda_device_count() else "cpu"


def find_threads(device: str, inter_threads: int, intra_threads: int) -> tuple[int, int]:
    """How many batches are translated at a time, and how many threads translate each (0 leaves it to CTranslate2).

    A batch for each core takes less time than all cores on one batch, whose threads wait for one another at each step.

    Args:
        device: ``cpu`` or ``cuda``.
        inter_threads: batches; 0 is one for each core of a CPU, and one on CUDA.
        intra_threads: threads; 0 is one where each core has its batch.
    """
    if inter_threads:
        return inter_threads, intra_threads
    if device == "cuda":
        return 1, intra_threads
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // (intra_threads or 1)), intra_threads or 1


class Engine:
    """Writes what a checkpoint in CTranslate2's format translates.

    Args:
        folder: where that lies.
        reader: of the same checkpoint.
        compute_type: one of ``COMPUTE_TYPES``.
        device: ``cpu`` or ``cuda``.
        inter_threads: how many batches are translated at a time, on each device that there is.
        intra_threads: how many threads translate each; 0 leaves it to CTranslate2.
    """

    def __init__(
        self, folder: Path, reader: Reader, compute_type: str, device: str, inter_threads: int, intra_threads: int
    ) -> None:
        self._folder = folder
        self._reader = reader
        self._compute_type = compute_type
        self._device = device
        self._inter_threads = inter_threads
        self._intra_threads = intra_threads
        self._memory_ran_out = False

    @cached_property
    def translator(self) -> Any:
        """The ``ctranslate2.Translator``, ready to translate; ``UnavailableError`` if its files are broken."""
        import ctranslate2

        remedy = f"remove {self._folder}, or convert it again"
        for name in ("config.json", "model.bin"):
            if problem := damage(self._folder / name):
                raise UnavailableError(self._reader.name, problem, remedy)
        try:
            return ctranslate2.Translator(
                str(self._folder),
                device=self._device,
                device_index=self._devices,
                compute_type=self._compute_type,
                inter_threads=self._inter_threads,
                intra_threads=self._intra_threads,
            )
        except (RuntimeError, ValueError) as error:
            problem = f"CTranslate2 cannot load its model.bin ({_reason(error)})"
            raise UnavailableError(self._reader.name, problem, remedy) from error

    @cached_property
    def forced(self) -> str | None:
        """What each hypothesis begins with where no target language does; ``None`` for nothing."""
        begin = self._own["forced_bos_token_id"]
        return None if begin is None else str(self._reader.tokenizer.convert_ids_to_tokens(begin))

    @cached_property
    def forbidden(self) -> list[list[str]]:
        """The tokens, and sequences of tokens, that the checkpoint's own decoding settings forbid."""
        if self._own["begin_suppress_tokens"]:
            problem = "it forbids tokens at the beginning of a hypothesis, which CTranslate2 cannot"
            raise UnavailableError(self._reader.name, problem, "use HuggingFace (systems=[huggingface]) for it")
        rows = [*(self._own["bad_words_ids"] or ()), *([one] for one in self._own["suppress_tokens"] or ())]
        known = vocabulary(self._folder)  # an unknown token would stand for the one that means unknown
        found = [self._reader.tokenizer.convert_ids_to_tokens(row) for row in rows]
        return [tokens for tokens in found if known.issuperset(tokens)]

    def write(
        self, batches: Iterator[list[Source]], first: int | None, beam_size: int, most: int, count: int = 1
    ) -> Iterator[tuple[list[Source], Sequence[list[Written]]]]:
        """Translate batches by beam search, several at a time if the engine has the threads.

        Once memory has run out in a batch, it and all that follow are translated one at a time, and halved where that
        is not enough, which a notice tells.

        Args:
            first: the id of the target language's token, where that comes first in a hypothesis.
            beam_size: how many beams; 1 is greedy search.
            most: new tokens in a hypothesis, its end and ``first`` included.
            count: how many hypotheses of each source, ``beam_size`` at most.

        Yields:
            Each batch and, for each of its sources, its hypotheses, the likeliest first.
        """
        tokenizer = self._reader.tokenizer
        begin = self.forced if first is None else str(tokenizer.convert_ids_to_tokens(first))

        def ask(batch: Sequence[Source]) -> list[Any]:
            asked: list[Any] = self.translator.translate_batch(
                [tokenizer.convert_ids_to_tokens(source.ids) for source in batch],
                target_prefix=None if begin is None else [[begin]] * len(batch),
                beam_size=beam_size,
                num_hypotheses=count,
                suppress_sequences=self.forbidden or None,
                max_input_length=0,  # what is too long was cut, and that was said
                max_decoding_length=most,
                min_decoding_length=0,
                return_end_token=True,
                asynchronous=True,
            )
            return asked

        def written(asked: Sequence[Any]) -> list[list[Written]]:
            try:
                return [[self._written(tokens, begin) for tokens in one.result().hypotheses] for one in asked]
            except RuntimeError as error:
                if is_out_of_memory(error):
                    raise
                problem = f"CTranslate2 stopped ({_reason(error)})"
                remedy = "lower batch_size, or choose another device"
                raise UnavailableError(self._reader.name, problem, remedy) from error

        running: deque[tuple[list[Source], list[Any]]] = deque()
        try:
            for batch in batches if not self._memory_ran_out else ():
                running.append((batch, []))
                running[-1][1].extend(ask(batch))
                if len(running) >= self._inter_threads * len(self._devices):
                    yield running[0][0], written(running[0][1])
                    running.popleft()
            while running:
                yield running[0][0], written(running[0][1])
                running.popleft()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self._memory_ran_out = True
        if self._memory_ran_out:
            left = itertools.chain([batch for batch, _ in running], batches)
            running.clear()
            yield from halved(left, lambda some: written(ask(some)), self._reader.name)

    def release(self) -> None:
        """Give up the memory that the weights take."""
        if (translator := self.__dict__.pop("translator", None)) is not None:
            translator.unload_model()

    @property
    def _devices(self) -> list[int]:
        """The numbers of the devices that each have the weights."""
        import ctranslate2

        return list(range(ctranslate2.get_cuda_device_count())) if self._device == "cuda" else [0]

    def _written(self, tokens: list[str], begin: str | None) -> Written:
        ended = tokens[-1:] == [self._end]
        rest = tokens[0 if begin is None else 1 :]
        (text,) = self._reader.texts([self._reader.tokenizer.convert_tokens_to_ids(rest)])
        return Written(text, ended)

    @cached_property
    def _own(self) -> dict[str, Any]:
        """Token ids and forbidden tokens that the checkpoint's own settings hold; none in CTranslate2's format."""
        from transformers import GenerationConfig

        path = self._reader.folder / "generation_config.json"
        own = json.loads(path.read_bytes()) if path.is_file() and self._reader.config is not None else {}
        generation_config: Any = GenerationConfig
        return forbidding(generation_config(**own), self._reader.config)

    @cached_property
    def _end(self) -> str:
        return str(json.loads((self._folder / "config.json").read_bytes())["eos_token"])


def _reason(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
