"""What a COMET model is given of an item: its texts, after the context or in the windows that its encoder takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mteval.metrics.base import Item
from mteval.metrics.comet_quiet import quiet
from mteval.metrics.comet_windows import cut, windows

Sample = Mapping[str, str]
"""What COMET calls a sample, in its words: ``src``, ``mt`` and, if the model sees one, ``ref``."""


@dataclass(frozen=True)
class Part:
    """One sample, and where it stood.

    Attributes:
        size: its longest sequence in tokens, special ones included.
        lengths: how many tokens each of its texts has, special ones included.
        start: where in the hypothesis its ``mt`` begins.
    """

    sample: Sample
    size: int
    lengths: Mapping[str, int]
    start: int = 0


@dataclass(frozen=True)
class Given:
    """What the model is given of one item.

    Attributes:
        parts: for each reference (once if the model sees none) its windows: one, with all that there is, unless that
            was too long and could be cut into several.
        truncated: the model does not see the whole of some text.
        notices: what of the context it does not see, and that it sees windows.
    """

    parts: tuple[tuple[Part, ...], ...]
    truncated: bool
    notices: tuple[str, ...]


class Texts:
    """Puts items together for one model.

    Args:
        model: COMET's.
        joining: whether it joins hypothesis, source and reference into one sequence.
        context: how many segments before each it is given.
        sentences: whether what is too long for it is cut into windows of whole sentences.
    """

    def __init__(self, model: Any, joining: bool, context: int, sentences: bool) -> None:
        self._encoder = model.encoder
        self._inputs = {"mt", *model.hparams.input_segments} if joining else {"mt", "src", "ref"}
        self._joining = joining
        self._context = context
        self._sentences = sentences
        self._lengths: dict[str, int] = {}

    def of(self, items: Iterable[Item]) -> dict[Item, Given]:
        """What the model is given of each item."""
        samples = {item: self._samples(item, self._context) for item in items}
        self._measure({text for of_item in samples.values() for sample in of_item for text in sample.values()})
        return {item: self._given(item, of_item) for item, of_item in samples.items()}

    def _given(self, item: Item, samples: list[Sample]) -> Given:
        notices = []
        kept = asked = min(self._context, len(item.context))
        while kept and any(self._size(sample)[1] for sample in samples):
            kept -= 1
            samples = self._samples(item, kept)
        if kept < asked:
            which = (
                "none fits" if not kept else "only the nearest fits" if kept == 1 else f"only the nearest {kept} fit"
            )
            told = "the segment before it does not fit" if asked == 1 else f"of the {asked} segments before it {which}"
            notices.append(f"{told} into the encoder beside it")
        separator = self._encoder.tokenizer.sep_token
        if self._context and any(separator in text for text in (item.source, item.hypothesis, *item.references)):
            notices.append(f"it holds {separator}, and what is before that counts as context, and is not scored")
        parts: list[tuple[Part, ...]] = []
        truncated = False
        for sample in samples:
            size, too_long = self._size(sample)
            found = self._windows(sample, size) if too_long and self._sentences else ()
            truncated = truncated or (too_long and not found)
            parts.append(found or (self._part(sample),))
        if any(len(of_sample) > 1 for of_sample in parts):
            counts = " and ".join(map(str, dict.fromkeys(len(of_sample) for of_sample in parts)))
            notices.append(f"it is longer than the encoder takes, and scored in {counts} windows of whole sentences")
        return Given(tuple(parts), truncated, tuple(notices))

    def _samples(self, item: Item, context: int) -> list[Sample]:
        """One a reference, or one if the model sees none, each with so many segments before it.

        As Vernikos et al. 2022 do, the reference's context stands before the hypothesis too; the hypothesis's own only
        where there is no reference (https://github.com/amazon-science/doc-mt-metrics, ``add_context.py``).
        """
        before = item.context[-context:] if context else ()

        def after(contexts: Iterable[str], text: str) -> str:
            return f" {self._encoder.tokenizer.sep_token} ".join((*contexts, text))

        source = after((one.source for one in before), item.source)
        if not item.references:
            return [{"src": source, "mt": after((one.hypothesis for one in before), item.hypothesis)}]
        samples: list[Sample] = []
        for number, reference in enumerate(item.references):
            contexts = [one.references[number] for one in before]
            samples.append({"src": source, "mt": after(contexts, item.hypothesis), "ref": after(contexts, reference)})
        return samples

    def _windows(self, sample: Sample, size: int) -> tuple[Part, ...]:
        """A sample in windows that the model sees whole; none if it cannot be cut so."""
        texts = {key: text for key, text in sample.items() if key in self._inputs}
        fewest = -(-size // self._encoder.max_positions)
        found = windows(texts, lambda window: not self._size(window)[1], fewest)
        parts = []
        for spans in found:
            window = {**sample, **cut(texts, spans)}
            parts.append(self._part(window, spans["mt"][0]))
        return tuple(parts)

    def _part(self, sample: Sample, start: int = 0) -> Part:
        size, _ = self._size(sample)
        return Part(sample, size, {text: self._lengths[text] for text in sample.values()}, start)

    def _size(self, sample: Sample) -> tuple[int, bool]:
        """A sample's longest sequence in tokens, special ones included, and whether COMET would cut a text of it."""
        self._measure(set(sample.values()) - self._lengths.keys())
        encoder = self._encoder
        seen = [key for key in ("mt", "src", "ref") if key in sample and key in self._inputs]
        texts = [self._lengths[sample[key]] for key in seen]
        sequences: list[int] = []
        if self._joining:
            others = [length - 2 for length in texts[1:]]  # without their two special tokens
            groups = [[one] for one in others] + ([others] if len(others) > 1 else [])
            sequences = [texts[0] + sum(group) + encoder.size_separator * len(group) for group in groups]
        too_long = max(texts) > encoder.max_positions - 2 or max(sequences, default=0) > encoder.max_positions
        return max(texts + sequences), too_long

    def _measure(self, texts: set[str]) -> None:
        """Count the tokens of texts, the special ones at their ends included, before anything is cut."""
        ordered = sorted(texts)
        if not ordered:
            return
        with quiet():
            tokenized = self._encoder.tokenizer(ordered, truncation=False, padding=False, verbose=False)["input_ids"]
        self._lengths.update((text, len(tokens)) for text, tokens in zip(ordered, tokenized, strict=True))
