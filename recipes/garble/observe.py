"""What the default signals make of documents of every kind: by people, by good systems, and garbled in known ways."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from hydra.utils import instantiate
from sacrebleu.metrics import CHRF

from mteval.garble.base import Gauge, Line, Signal, Text
from mteval.garble.detector import NoisyOr
from mteval.garble.detector_calibrated import means
from mteval.gate import Gate
from mteval.lang import LangPair
from mteval.metrics.base import Item, Metric
from recipes.garble import corpora
from recipes.garble.corpora import CHAINS, Segment
from recipes.garble.damage import Damage
from recipes.garble.folds import corpus, fold_of

ROOT = Path(__file__).resolve().parent.parent.parent
#: Documents of each maker, corpus and size; of single segments, and of documents of two to four, half as many.
MOST = 120
GOOD = ("google", "microsoft", "bergamot")
#: Quality estimation is slow: one document in so many is scored, and all of those that people rated.
SCORED = 5
#: People's ratings of MLQE-PE: text with a lower mean than the first is garbled, with a higher than the second good.
RATED_GARBLED, RATED_GOOD = 30, 70
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Observed:
    """One document, and what the signals made of it.

    Attributes:
        language: of the text.
        maker: who made it.
        corpus: where it, or what it translates, comes from.
        segments: how many there are.
        words: of the whole document.
        means: by signal name, the mean of its gauge.
        families: by family of evidence that is not gauged, the probability that it comes from garbling.
        garbled: whether it is; ``None`` where nothing says so.
    """

    language: str
    maker: str
    corpus: str
    segments: int
    words: int
    means: Mapping[str, float]
    families: Mapping[str, float]
    garbled: bool | None


def signals(models: Path | None) -> dict[str, Signal]:
    """The signals that a run has by default, with fluency models from a folder; ``None`` for those that ship."""
    found: dict[str, Signal] = {}
    defaults = yaml.safe_load((ROOT / "configs" / "run.yaml").read_text(encoding="utf-8"))["defaults"]
    (chosen_signals,) = (default["garble"] for default in defaults if isinstance(default, dict) and "garble" in default)
    for option in chosen_signals:
        node_of = yaml.safe_load((ROOT / "configs" / "garble" / f"{option}.yaml").read_text(encoding="utf-8"))
        for name, node in node_of.items():
            own = {"models": str(models)} if models is not None and ".fluency" in node["_target_"] else {}
            found[name] = instantiate({**node, **own})
    return found


def choose(segments: Sequence[Segment], rated: Iterable[tuple[Segment, float]], seed: int) -> list[list[Segment]]:
    """Documents of 5 to 15 segments, of 2 to 4, and of one; so many of each maker and corpus."""
    documents = [
        *corpora.documents(segments, 5, 15, seed),
        *corpora.documents(segments, 2, 4, seed),
        *([segment] for segment in segments),
    ]
    groups: dict[tuple[object, ...], list[list[Segment]]] = {}
    for document in documents:
        size = 1 if len(document) == 1 else 2 if len(document) < 5 else 5
        groups.setdefault((document[0].maker, document[0].language, document[0].origin, size), []).append(document)
    found = []
    for key, group in groups.items():
        random.Random(f"{seed} {key}").shuffle(group)
        found += group[: MOST if key[-1] == 5 else MOST // 2]
    for segment, rating in rated:
        if rating < RATED_GARBLED or rating > RATED_GOOD:
            found.append([replace(segment, maker="rated bad" if rating < RATED_GARBLED else "rated good")])
    return found


def damaged(people: Sequence[Segment], held: bool, seed: int) -> list[Segment]:
    """Texts by people, of one half, damaged with words of the other texts."""
    draw = random.Random(seed)
    made = []
    for language in ("pt", "ro", "en"):
        own = [segment.text for segment in people if segment.language == language and not segment.held]
        others = [segment.text for segment in people if segment.language != language and not segment.held]
        damage = Damage(own, others)
        made += [damage(s, draw) for s in people if s.language == language and s.held == held]
    return made


def observe(documents: Sequence[Sequence[Segment]], models: Path, quality: Metric | None) -> list[Observed]:
    """Let the signals look at documents, each with the models of its fold.

    Args:
        models: holds a folder of models for each fold.
        quality: ``comet_qe_mini``, to score those with a source that are in English; ``None`` for no scores.
    """
    eyes = {fold.name: signals(fold) for fold in models.iterdir() if fold.is_dir()}
    texts = [_text(document, str(number)) for number, document in enumerate(documents)]
    if quality is not None:
        wanted = [
            number % SCORED == 0 or document[0].maker.startswith("rated") for number, document in enumerate(documents)
        ]
        texts = _scored(texts, wanted, quality)
    artefacts = artefact_detector()
    return [
        _observed(document, text, eyes[fold_of(document[0])], artefacts)
        for document, text in zip(documents, texts, strict=True)
    ]


def is_garbled(maker: str) -> bool | None:
    """Whether what a maker makes is garbled; ``None`` of weaker neural systems, which are neither."""
    if maker in CHAINS or maker in ("damage", "rated bad"):
        return True
    if maker in ("people", "rated good") or any(name in maker for name in GOOD):
        return False
    return None


def artefact_detector() -> NoisyOr:
    """What weighs artefacts in the default detector."""
    node = yaml.safe_load((ROOT / "configs" / "detector" / "default.yaml").read_text(encoding="utf-8"))
    made: NoisyOr = instantiate(node["artefacts"])
    return made


def _text(document: Sequence[Segment], name: str) -> Text:
    first = document[0]
    source_language = _source_language(first)
    lines = []
    chrf = CHRF()
    with_reference = source_language is not None and first.reference is not None and first.maker != "people"
    for number, segment in enumerate(document):
        line = Line(f"{name}:{number}", segment.text)
        if source_language is not None and segment.source is not None:
            pair = LangPair(source_language, segment.language)
            line = replace(line, source=segment.source, marks=Gate().marks(segment.source, segment.text, pair))
        if with_reference and segment.reference is not None:
            score = chrf.sentence_score(segment.text, [segment.reference]).score
            line = replace(line, references=(segment.reference,), scores={"chrf": score})
        lines.append(line)
    system = None if source_language is None else first.maker
    return Text(name, system, first.language, source_language, tuple(lines))


def _source_language(segment: Segment) -> str | None:
    if segment.source is None:
        return None
    if segment.language != "en":
        return "en"
    if segment.maker in CHAINS or segment.maker[2:3] == "-":
        return segment.maker[:2]
    return "pt" if segment.origin.endswith("(pt)") else "ro"


def _scored(texts: Sequence[Text], wanted: Sequence[bool], quality: Metric) -> list[Text]:
    wanted = [is_wanted and text.language == "en" for text, is_wanted in zip(texts, wanted, strict=True)]
    items = [
        Item(line.source, line.text, ())
        for text, is_wanted in zip(texts, wanted, strict=True)
        if is_wanted
        for line in text.lines
        if line.source is not None
    ]
    by_place = dict(quality.score(items))
    scores = iter([by_place[place] for place in range(len(items))])
    scored = []
    for text, is_wanted in zip(texts, wanted, strict=True):
        lines = []
        for line in text.lines:
            if is_wanted and line.source is not None:
                score = next(scores).score
                found = {} if score is None else {"comet_qe_mini": score}
                line = replace(line, scores={**line.scores, **found})
            lines.append(line)
        scored.append(replace(text, lines=tuple(lines)))
    return scored


def _observed(document: Sequence[Segment], text: Text, eyes: Mapping[str, Signal], artefacts: NoisyOr) -> Observed:
    seeing = {name: signal for name, signal in eyes.items() if signal.blind(text) is None}
    gauges = {name: signal.gauge(text) for name, signal in seeing.items() if isinstance(signal, Gauge)}
    families: dict[str, list[object]] = {}
    for name, signal in seeing.items():
        if name not in gauges:
            for e in signal.look(name, text):
                families.setdefault(e.family, []).append(e)
    words = [len(_WORD.findall(line.text)) for line in text.lines]
    return Observed(
        language=text.language,
        maker=document[0].maker,
        corpus=corpus(document[0]),
        segments=len(document),
        words=sum(words),
        means=means(gauges, words),
        families={family: artefacts.family_strength(family, found, text) for family, found in families.items()},  # type: ignore[arg-type]
        garbled=is_garbled(document[0].maker),
    )
