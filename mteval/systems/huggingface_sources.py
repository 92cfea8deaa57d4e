"""The sources of segments on their way through a checkpoint: each once, read, in batches, with what is to be said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

from mteval.halving import Halving
from mteval.segment import Segment
from mteval.systems.base import Output
from mteval.systems.huggingface_model import Written
from mteval.systems.huggingface_reader import Reader
from mteval.systems.huggingface_routing import Route


@dataclass(frozen=True)
class Source:
    """A source as a checkpoint reads it.

    Attributes:
        text: without prefix.
        ids: its tokens, cut to what the encoder takes.
        notices: what must not pass in silence.
        positions: of the segments that have it.
    """

    text: str
    ids: list[int]
    notices: tuple[str, ...]
    positions: tuple[int, ...]


Write = Callable[[Iterator[list[Source]]], Iterator[tuple[list[Source], Sequence[Sequence[Written]]]]]
"""Turns batches into themselves and, for each source, its hypotheses; in any order, as they are finished."""


def translated(
    segments: Sequence[Segment], reader: Reader, route: Route, batch_size: int, most: int, write: Write
) -> Iterator[tuple[int, tuple[Output, ...]]]:
    """Each segment's position and its hypotheses, one at least.

    Args:
        batch_size: the most source tokens in a batch, padding included; a longer source is a batch of its own.
        most: how many new tokens a hypothesis may have, to be named where it has no end.
    """
    positions: dict[str, list[int]] = defaultdict(list)
    for position, segment in enumerate(segments):
        positions[segment.source].append(position)
    sources = []
    for text, places in positions.items():
        if text.strip():
            sources.append(_read(text, reader, route, tuple(places)))
        else:
            yield from ((place, (Output(""),)) for place in places)
    for batch, found in write(_batches(sources, batch_size)):
        for source, hypotheses in zip(batch, found, strict=True):
            outputs = tuple(_output(source, one, most) for one in hypotheses)
            yield from ((position, outputs) for position in source.positions)


def _read(text: str, reader: Reader, route: Route, positions: tuple[int, ...]) -> Source:
    ids, count = reader.read(route.prefix + text, route.source)
    notices = []
    if count > len(ids):
        notices.append(f"the source has {count} tokens, the encoder takes {len(ids)}: it was cut")
    if mistaken := [word for word in reader.tokenizer.all_special_tokens if word in text]:
        notices.append(f"the tokenizer takes {mistaken[0]} in the source for a control symbol")
    return Source(text, ids, tuple(notices), positions)


def _output(source: Source, written: Written, most: int) -> Output:
    if written.ended:
        return Output(written.text, source.notices)
    cut = f"the hypothesis has no end after {most} tokens (max_length): it was cut"
    return Output(written.text, (*source.notices, cut))


def _batches(sources: Sequence[Source], most: int) -> Iterator[list[Source]]:
    """Group sources of like length, the longest first, so that what does not fit into memory fails at once."""
    batch: list[Source] = []
    for source in sorted(sources, key=lambda source: -len(source.ids)):
        if batch and len(batch[0].ids) * (len(batch) + 1) > most:
            yield batch
            batch = []
        batch.append(source)
    if batch:
        yield batch


def halved(
    batches: Iterable[list[Source]], compute: Callable[[Sequence[Source]], Sequence[list[Written]]], checkpoint: str
) -> Iterator[tuple[list[Source], Sequence[list[Written]]]]:
    """Batches with what was computed of them, in halves where memory runs out, as a notice of the first source tells.

    Args:
        checkpoint: whose memory, for errors.
    """
    halving = Halving(checkpoint)
    for batch in batches:
        for some, found in halving.run(batch, lambda source: len(source.ids), compute):
            first, *others = some
            yield [replace(first, notices=(*first.notices, *halving.taken())), *others], found


def tokenizer_settings(reader: Reader) -> dict[str, str]:
    """What besides the checkpoint changes how it reads, for signatures."""
    if reader.family != "marian":  # whose tokenizer normalises punctuation only where sacremoses is installed
        return {}
    try:
        return {"sacremoses": version("sacremoses")}
    except PackageNotFoundError:
        return {"sacremoses": "no"}
