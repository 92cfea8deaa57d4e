"""Windows of whole sentences, for a text that is longer than an encoder takes.

As in SLIDE (Raunak, Kocmi and Post 2024, "SLIDE: Reference-free evaluation for machine translation using a sliding
document window") a text's score is the mean of those of its windows, each of which counts alike. There the sentences
are aligned beforehand, and a window has a fixed number of them; here a text is cut into the fewest windows of about
equal length, without overlap, that the encoder takes whole.

Sentences are sentencex's (Wikimedia), by its rules for English, whose sentence ends are those of all scripts: an item
does not say which languages it is in. Line breaks end sentences too.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

Span = tuple[int, int]
"""Characters of a text: start, and end (exclusive)."""


def sentence_spans(text: str) -> list[Span]:
    """Where a text's sentences are, in order; white space around a sentence belongs to none."""
    import sentencex

    spans: list[Span] = []
    offset = 0
    for line in text.split("\n"):
        for boundary in sentencex.get_sentence_boundaries("en", line) if line.strip() else ():
            start, end = int(boundary["start_index"]), int(boundary["end_index"])
            piece = line[start:end]
            if piece.strip():
                start += len(piece) - len(piece.lstrip())
                end -= len(piece) - len(piece.rstrip())
                spans.append((offset + start, offset + end))
        offset += len(line) + 1
    return spans


def aligned(texts: Mapping[str, str]) -> list[dict[str, Span]]:
    """Translations of each other in aligned blocks of whole sentences, as many as the shortest has sentences.

    Where all have as many sentences, the first is aligned with the first, and so on. Where they have not, each sentence
    of the one with the fewest begins a block, and the others are cut before those of their sentences that begin
    nearest to the same share of the text in characters.

    Args:
        texts: at least one, by name.

    Returns:
        For each block the span of each text, by name; empty if a text is blank.
    """
    sentences = {name: sentence_spans(text) for name, text in texts.items()}
    fewest = min(sentences.values(), key=len)
    if not fewest:
        return []
    wanted = _begins(fewest)
    blocks: list[dict[str, Span]] = [{} for _ in fewest]
    for name, spans in sentences.items():
        firsts = [0, *(at + 1 for at in _nearest(_begins(spans), wanted)), len(spans)]
        for block, (first, after) in zip(blocks, itertools.pairwise(firsts), strict=True):
            block[name] = (spans[first][0], spans[after - 1][1])
    return blocks


def windows(
    texts: Mapping[str, str], fits: Callable[[Mapping[str, str]], bool], fewest: int = 2
) -> list[dict[str, Span]]:
    """Texts that are translations of each other in the fewest windows that fit, at least two.

    Args:
        texts: at least one, by name.
        fits: whether the texts of a window fit.
        fewest: fewer windows need not be tried.

    Returns:
        For each window the span of each text, by name; empty if even single blocks (``aligned``) do not fit, or if
        there is only one.
    """
    blocks = aligned(texts)
    sizes = [sum(end - start for start, end in block.values()) for block in blocks]
    total = sum(sizes)
    ends = [sum(sizes[: at + 1]) / total for at in range(len(blocks) - 1)]
    for count in range(max(2, fewest), len(blocks) + 1):
        cuts = [0, *(at + 1 for at in _nearest(ends, [at / count for at in range(1, count)])), len(blocks)]
        found = [
            {name: (blocks[first][name][0], blocks[after - 1][name][1]) for name in texts}
            for first, after in itertools.pairwise(cuts)
        ]
        if all(fits(cut(texts, window)) for window in found):
            return found
    return []


def cut(texts: Mapping[str, str], spans: Mapping[str, Span]) -> dict[str, str]:
    """The part of each text that a window spans."""
    return {name: texts[name][start:end] for name, (start, end) in spans.items()}


def _begins(spans: Sequence[Span]) -> list[float]:
    """Where each sentence but the first begins, as a share of the text."""
    start, end = spans[0][0], spans[-1][1]
    return [(begin - start) / (end - start) for begin, _ in spans[1:]]


def _nearest(places: Sequence[float], wanted: Sequence[float]) -> list[int]:
    """The positions of the places nearest to those that are wanted, each after the one before, one for each wanted."""
    chosen: list[int] = []
    for number, goal in enumerate(wanted):
        first = chosen[-1] + 1 if chosen else 0
        last = len(places) - (len(wanted) - number)  # leaves a place for each that follows

        def distance(at: int, goal: float = goal) -> float:
            return abs(places[at] - goal)

        chosen.append(min(range(first, last + 1), key=distance))
    return chosen
