"""Checkpoints of the ``transformers`` library: OPUS-MT, NLLB, M2M-100, MADLAD-400, mBART-50 and their kin."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from mteval.checkpoint import find, need
from mteval.errors import ConfigError, UnavailableError
from mteval.lang import LangPair, base_language, check_code, parse_pairs
from mteval.needs import Need
from mteval.segment import EvalSet, Segment
from mteval.signature import Signature
from mteval.systems.base import Output, System, SystemCard
from mteval.systems.huggingface_languages import FAMILIES, find_code, token
from mteval.systems.huggingface_model import DEVICES, DTYPES, Model


class _Route(NamedTuple):
    """How a checkpoint is told a lang pair: its codes for both languages, the source's prefix, the first new token."""

    source: str | None
    target: str | None
    prefix: str
    first: int | None


class HuggingFace(System):
    """Translates with a sequence-to-sequence checkpoint, by beam search, on one device.

    Decoding follows the settings below alone. Of the checkpoint's own ``generation_config`` only token ids and
    forbidden tokens are kept; its beam size, lengths, penalties and forced end are not.

    Hypotheses do not depend on the batch in fp32: padding is masked, and what is left is rounding (differences of 1e-6
    in the scores), which tips the balance only between beams that are as good as equal. In bf16 and fp16 rounding is
    coarse enough that another ``batch_size``, or another device, now and then gives another wording.

    Code that a checkpoint brings along is never run.

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
        batch_size: the most source tokens in a batch, padding included; a longer source is a batch of its own.
        precision: of weights and arithmetic: ``fp32``, ``bf16`` or ``fp16``.
        device: ``cpu``, ``cuda``, or ``auto``: CUDA where there is one.

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
    ) -> None:
        if not isinstance(checkpoint, str) or not checkpoint.strip():
            raise ConfigError("checkpoint", f"{checkpoint!r} names no checkpoint", "write a hub name or a folder")
        for key, text in (("revision", revision), ("prefix", prefix)):
            if text is not None and (not isinstance(text, str) or not text):
                raise ConfigError(key, f"{text!r} is not text", "write it in quotes, or leave it out")
        for key, choice, choices in (
            ("family", family, ("auto", *FAMILIES)),
            ("precision", precision, tuple(DTYPES)),
            ("device", device, DEVICES),
        ):
            if choice not in choices:
                raise ConfigError(key, f"{choice!r} is not one of its values", f"choose from {', '.join(choices)}")
        for key, number in (("beam_size", beam_size), ("max_length", max_length), ("batch_size", batch_size)):
            if not isinstance(number, int) or isinstance(number, bool) or number < 1:
                raise ConfigError(key, f"{number!r} is not a whole number above 0", "correct it")
        self.checkpoint = checkpoint
        self.revision = revision
        self.family = family
        self.pairs = None if pairs is None else parse_pairs(pairs, "pairs")
        self.language_codes = _codes({} if language_codes is None else language_codes)
        self.prefix = prefix
        self.beam_size = beam_size
        self.max_length = max_length
        self.batch_size = batch_size
        self.precision = precision
        self.device = device
        if prefix is not None and len({pair.target for pair in self.pairs or ()}) != 1:
            problem = "one prefix cannot serve several target languages"
            raise ConfigError("prefix", problem, "list pairs that share one target, as in pairs: [pt-en, ro-en]")

    @property
    def card(self) -> SystemCard:
        return SystemCard(reusable=True)

    def declines(self, eval_set: EvalSet) -> str | None:
        if self.pairs is None or eval_set.pair in self.pairs:
            return None
        return f"{self.checkpoint} is set up for {', '.join(map(str, self.pairs))}, not for {eval_set.pair}"

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
        most = self._model.most_written
        if most is not None and self.max_length > most:
            raise ConfigError(
                "max_length", f"{self.checkpoint} writes {most} tokens at most", f"set it to {most} or less"
            )

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        return (need(self.checkpoint, self.revision, {"fp32": 4}.get(self.precision, 2)),)

    def signature(self, pair: LangPair) -> Signature:
        route = self._route(pair)
        settings = {
            "checkpoint": self._model.checkpoint.name,
            "revision": self._model.checkpoint.revision,
            "family": self._model.family,
            "codes": f"{route.source or '-'}>{route.target or '-'}",
            "prefix": route.prefix or "no",
            "beam": self.beam_size,
            "max_length": self.max_length,
            "precision": self.precision,
        }
        if self._model.family == "marian":  # whose tokenizer normalises punctuation only where sacremoses is installed
            settings["sacremoses"] = _version("sacremoses") or "no"
        return Signature.of(settings | {"transformers": version("transformers"), "torch": version("torch")})

    def close(self) -> None:
        """Give up the memory that the weights take; they are loaded again when they are needed."""
        if "_model" in self.__dict__:
            self._model.release()

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        route = self._route(pair)
        positions: dict[str, list[int]] = defaultdict(list)
        for position, segment in enumerate(segments):
            positions[segment.source].append(position)

        ids: dict[str, list[int]] = {}
        notices: dict[str, list[str]] = {source: [] for source in positions}
        for source in positions:
            if not source.strip():
                yield from ((position, Output("")) for position in positions[source])
                continue
            ids[source], count = self._model.read(route.prefix + source, route.source)
            if count > len(ids[source]):
                cut = f"the source has {count} tokens, the encoder takes {len(ids[source])}: it was cut"
                notices[source].append(cut)
            if mistaken := [word for word in self._model.tokenizer.all_special_tokens if word in source]:
                notices[source].append(f"the tokenizer takes {mistaken[0]} in the source for a control symbol")
        for batch in _batches(ids, self.batch_size):
            outputs = self._model.write([ids[s] for s in batch], route.first, self.beam_size, self.max_length)
            for source, output in zip(batch, outputs, strict=True):
                if not output.ended:
                    cut = f"the hypothesis has no end after {self.max_length} tokens (max_length): it was cut"
                    notices[source].append(cut)
                told = Output(output.text, tuple(notices[source]))
                yield from ((position, told) for position in positions[source])

    def _route(self, pair: LangPair) -> _Route:
        if self.pairs is not None and pair not in self.pairs:
            raise UnavailableError(self.checkpoint, f"pairs does not list {pair}", f"add {pair} to pairs")
        family, prefix = self._model.family, self.prefix or ""
        if family in ("nllb", "m2m100", "mbart50"):
            source, target = self._code(pair.source), self._code(pair.target)
            return _Route(source, target, prefix, self._model.id_of(target))
        if self.prefix is not None:
            return _Route(None, None, prefix, None)
        if family == "t5":
            if not self._model.codes:
                problem = f"{self.checkpoint} has no tokens such as <2en> that choose a language"
                raise ConfigError(
                    "prefix", problem, 'write what it was trained with, as in "translate English to German: "'
                )
            source, target = self._code(pair.source), self._code(pair.target)
            return _Route(source, target, f"{token(target, family)} ", None)
        if family == "plain" and self.pairs is None:
            raise ConfigError("pairs", f"{self.checkpoint} does not say what it translates", "list its lang pairs")
        if family == "marian":
            self._claims("source", pair.source)
            claimed = str(getattr(self._model.tokenizer, "target_lang", None))
            # A checkpoint with one target language needs no prefix, whatever codes stray into its vocabulary.
            only = re.fullmatch("[a-z]{2}", claimed) is not None and base_language(claimed) == base_language(
                pair.target
            )
            if self._model.codes and not only:
                target = self._code(pair.target)
                return _Route(None, target, f"{token(target, family)} ", None)
            self._claims("target", pair.target)
        return _Route(None, None, "", None)

    def _code(self, language: str) -> str:
        """What the checkpoint calls a language."""
        if (override := self.language_codes.get(language)) is not None:
            if override not in self._model.codes:
                known = _some(self._model.codes)
                raise ConfigError(f"language_codes.{language}", f"the tokenizer has no {override!r}", f"it has {known}")
            return override
        code = find_code(language, self._model.family, self._model.codes)
        if code is None:
            remedy = f"choose another system, or name one of its own under language_codes: {_some(self._model.codes)}"
            raise UnavailableError(self.checkpoint, f"it has no code for {language}", remedy)
        return code

    def _claims(self, side: str, language: str) -> None:
        """Make sure that a Marian checkpoint, whose tokenizer names a language or a group, is used for what it says."""
        if self.pairs is not None:
            return
        claimed = getattr(self._model.tokenizer, f"{side}_lang", None)
        if not isinstance(claimed, str) or not re.fullmatch("[a-z]{2}", claimed):
            problem = f"{self.checkpoint} calls its {side} {claimed!r}, which may or may not hold {language}"
            raise ConfigError("pairs", problem, "list the lang pairs that it translates")
        if base_language(claimed) != base_language(language):
            problem = f"its {side} is {claimed}, not {language}"
            raise UnavailableError(
                self.checkpoint, problem, "choose another system, or list its lang pairs under pairs"
            )

    @cached_property
    def _model(self) -> Model:
        return Model(find(self.checkpoint, self.revision), self.family, self.precision, self.device)


def _codes(codes: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(codes, Mapping):
        raise ConfigError("language_codes", f"{codes!r} is not a mapping", "write it as in {pt: por_Latn}")
    for language, code in codes.items():
        check_code(language, "language_codes")
        if not isinstance(code, str) or not code:
            raise ConfigError(f"language_codes.{language}", f"{code!r} is not a code", "write it in quotes")
    return dict(codes)


def _batches(ids: Mapping[str, Sequence[int]], most: int) -> Iterator[list[str]]:
    """Group sources of like length, the longest first, so that what does not fit into memory fails at once."""
    batch: list[str] = []
    for source in sorted(ids, key=lambda source: -len(ids[source])):
        if batch and len(ids[batch[0]]) * (len(batch) + 1) > most:
            yield batch
            batch = []
        batch.append(source)
    if batch:
        yield batch


def _some(codes: frozenset[str]) -> str:
    """A dozen codes at most, for an error message."""
    listed = sorted(codes)
    return ", ".join(listed[:12]) + (f" and {len(listed) - 12} more" if len(listed) > 12 else "") or "none"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
