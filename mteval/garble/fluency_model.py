"""The fluency models of one language, as they ship: a word trigram model, and weights of wording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mteval.errors import ConfigError
from mteval.files import resolve
from mteval.garble.fluency_tokens import Token, Vocabulary, tokens

Floats = NDArray[np.float64]
Keys = NDArray[np.int64]

#: Languages whose every text of some length has letters with accents, unless it is typed without them.
ACCENTED = frozenset(("pt", "ro"))

#: A line with fewer words says nothing of fluency: a heading, a name, a button, a number.
FEWEST_WORDS = 4

#: Marks which words a key of the wording's weights joins: one, two, three, or the first and third of three.
ONE, TWO, THREE, SKIP = (kind << 60 for kind in range(4))


def joined(numbers: Sequence[Keys], size: int, kind: int = 0) -> Keys:
    """The keys of word sequences: their numbers as the digits of one number, the first word's first."""
    key = np.zeros_like(numbers[0])
    for column in numbers:
        key = key * size + column
    return key + kind


def found(keys: Keys, wanted: Keys) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Which wanted keys are among the sorted ones, and where."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=bool), np.zeros(len(wanted), dtype=np.intp)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return keys[place] == wanted, place


@dataclass(frozen=True)
class Trigrams:
    """An interpolated Kneser-Ney trigram model in back-off form (Chen and Goodman, 1999); natural logarithms.

    Attributes:
        plain: of each word, the logarithm of its share of all words.
        one: of each word, its log probability where nothing is known of the words before.
        two, three: keys of pairs and triples, sorted, each with its log probability in ``two_log`` and ``three_log``.
        one_off, two_off: log back-off weights of a word, and of a pair, as the words before.
    """

    plain: Floats
    one: Floats
    one_off: Floats
    two: Keys
    two_log: Floats
    two_off: Floats
    three: Keys
    three_log: Floats

    def gains(self, numbers: Sequence[int]) -> Floats:
        """How much likelier the words before make each word than its share of all words would; end included.

        Its mean is SLOR, the syntactic log-odds ratio (Pauls and Klein, 2012), which rare words by themselves do not
        lower.

        Args:
            numbers: of a text's tokens, from its start to its end.

        Returns:
            A number for each token but the start, in nats.
        """
        row = np.asarray(numbers, dtype=np.int64)
        size = len(self.one)
        last, before = row[1:], row[:-1]
        is_pair, pair = found(self.two, joined((before, last), size))
        log = np.where(is_pair, self._at(self.two_log, pair), self.one_off[before] + self.one[last])
        if len(row) > 2:
            known, context = found(self.two, joined((row[:-2], row[1:-1]), size))
            longer = np.where(known, self._at(self.two_off, context), 0.0) + log[1:]
            is_triple, triple = found(self.three, joined((row[:-2], row[1:-1], row[2:]), size))
            log[1:] = np.where(is_triple, self._at(self.three_log, triple), longer)
        gains: Floats = log - self.plain[last]
        return gains

    @staticmethod
    def _at(values: Floats, places: NDArray[np.intp]) -> Floats:
        return values[places] if len(values) else np.zeros(len(places))


@dataclass(frozen=True)
class Wording:
    """Log-odds that wording is a machine's rather than a person's: a logistic regression on sequences of words.

    Attributes:
        coarse: of each word's number, that of the same word if it is frequent, else that of its class.
        keys: of sequences, sorted, each with its weight in ``weights``.
        bias: of a text without any.
    """

    coarse: Keys
    keys: Keys
    weights: Floats
    bias: float

    def shares(self, numbers: Sequence[int]) -> Floats:
        """How much each token, with the words before it, speaks for a machine; the end has a share too.

        Returns:
            A number for each token but the start; log-odds of the text are their sum over the root of the number of
            tokens (of at least 4), plus the bias.
        """
        row = self.coarse[np.asarray(numbers, dtype=np.int64)]
        size = len(self.coarse)
        shares = np.zeros(len(row) - 1)
        self._add(shares[:-1], joined((row[1:-1],), size, ONE))
        self._add(shares, joined((row[:-1], row[1:]), size, TWO))
        if len(row) > 2:
            self._add(shares[1:], joined((row[:-2], row[1:-1], row[2:]), size, THREE))
            self._add(shares[1:], joined((row[:-2], row[2:]), size, SKIP))
        return shares

    def _add(self, shares: Floats, wanted: Keys) -> None:
        known, place = found(self.keys, wanted)
        if len(self.weights):
            shares += np.where(known, self.weights[place], 0.0)


@dataclass(frozen=True)
class FluencyModel:
    """What ships for one language.

    Attributes:
        wordings: by the kind of bad text that each was trained against: ``rule_based``, ``broken``.
    """

    vocabulary: Vocabulary
    trigrams: Trigrams
    wordings: Mapping[str, Wording]


def _unpacked(packed: Mapping[str, NDArray[np.generic]], name: str) -> Floats:
    """Numbers that were stored as bytes, on a scale of their own."""
    low, step = packed[f"{name}_scale"].astype(np.float64)
    values: Floats = low + step * packed[name].astype(np.float64)
    return values


def read(path: Path) -> FluencyModel:
    """Read a model's file.

    Raises:
        ConfigError: it is none.
    """
    try:
        with np.load(path, allow_pickle=False) as packed:
            arrays = dict(packed.items())
        entries = arrays["entries"].tobytes().decode("utf-8").split("\n")
        trigrams = Trigrams(
            plain=arrays["plain"].astype(np.float64),
            one=arrays["one"].astype(np.float64),
            one_off=arrays["one_off"].astype(np.float64),
            two=np.cumsum(arrays["two"].astype(np.int64)),
            two_log=_unpacked(arrays, "two_log"),
            two_off=_unpacked(arrays, "two_off"),
            three=np.cumsum(arrays["three"].astype(np.int64)),
            three_log=_unpacked(arrays, "three_log"),
        )
        coarse = arrays["coarse"].astype(np.int64)
        kinds = arrays["kinds"].tobytes().decode("utf-8").split()
        wordings = {
            kind: Wording(
                coarse=coarse,
                keys=np.cumsum(arrays[f"{kind}_keys"].astype(np.int64)),
                weights=_unpacked(arrays, f"{kind}_weights"),
                bias=float(bias),
            )
            for kind, bias in zip(kinds, arrays["biases"], strict=True)
        }
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(str(path), f"is no fluency model ({error})", "install mteval anew") from error
    return FluencyModel(Vocabulary(entries), trigrams, wordings)


@lru_cache(maxsize=8)
def model(language: str, folder: str | None = None) -> FluencyModel | None:
    """The model of a language, by its base code; ``None`` if there is none.

    Args:
        folder: holds a file a language, as in ``pt.npz``; ``None`` for the models that ship.

    Raises:
        ConfigError: there is a file, and it is no model.
    """
    if folder is not None:
        path = resolve(folder) / f"{language}.npz"
        return read(path) if path.is_file() else None
    shipped = resources.files("mteval.garble").joinpath("fluency_models", f"{language}.npz")
    if not shipped.is_file():
        return None
    with resources.as_file(shipped) as path:
        return read(path)


@lru_cache(maxsize=512)
def numbered(text: str, language: str, folder: str | None = None) -> tuple[tuple[Token, ...], tuple[int, ...]]:
    """The tokens of a line, and their numbers from its start to its end; every signal of fluency asks for the same.

    Args:
        language: one that has a model.
        folder: as for ``model``.
    """
    found = model(language, folder)
    if found is None:
        raise ValueError(f"no model of fluency for {language}")
    read_tokens = tuple(tokens(text))
    return read_tokens, tuple(found.vocabulary.numbered(read_tokens))


def enough(found: Sequence[Token]) -> bool:
    """Whether a line has words enough to be gauged."""
    return sum(token.text[0].isalpha() for token in found) >= FEWEST_WORDS


def why_blind(language: str, lines: Sequence[str], folder: str | None = None) -> str | None:
    """Why a model of a language says nothing of a text; ``None`` if it does.

    Args:
        language: its base code.
        lines: of the text.
        folder: as for ``model``.
    """
    if model(language, folder) is None:
        return f"no model of fluency for {language}"
    if language not in ACCENTED:
        return None
    letters = [character for line in lines for character in line if character.isalpha()]
    accented = sum(not letter.isascii() for letter in letters)
    if len(letters) >= 200 and accented < 0.002 * len(letters):
        return "the text is written without the language's accents"
    return None
