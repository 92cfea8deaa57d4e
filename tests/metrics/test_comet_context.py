"""Doc-COMET against COMET's own ``enable_context()``, on inputs built as the authors' ``add_context.py`` builds them.

The authors (https://github.com/amazon-science/doc-mt-metrics) put up to two segments of the same document before each,
with `` </s> `` between them: of the source before the source, of the reference before the reference and before the
hypothesis, and of the hypothesis before the hypothesis only where there is no reference.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mteval.errors import ConfigError, MissingReferenceError
from mteval.metrics.base import Item, combined
from mteval.metrics.comet_fakes import MAX_POSITIONS, write_ckpt
from tests.tiny_comet import Write, checkpoint, comet, official, scores

__all__ = ["checkpoint"]

SOURCES = ["a casa é de água", "o tempo não foi para a rua", "um", "na cidade", "é uma casa com rua", "casa"]
HYPOTHESES = ["the house is of water", "time not went", "a", "in the city", "it is a house with", ""]
REFERENCES = [
    "the house of water",
    "the time was not for the street",
    "one",
    "to the city",
    "a house with a street",
    "b",
]
DOCUMENTS = [0, 0, 0, 0, 1, 1]


def items_of(size: int, second: list[str] | None = None) -> list[Item]:
    """The segments with so many of their own document before them."""
    references = [(one, *((second[at],) if second else ())) for at, one in enumerate(REFERENCES)]
    bare = [Item(*texts) for texts in zip(SOURCES, HYPOTHESES, references, strict=True)]
    before = [[j for j in range(at) if DOCUMENTS[j] == DOCUMENTS[at]][-size:] for at in range(len(bare))]
    return [replace(item, context=tuple(bare[j] for j in before[at])) for at, item in enumerate(bare)]


def add_context(texts: list[str], context: list[str], size: int) -> list[str]:
    lines = []
    for at, text in enumerate(texts):
        before = [context[j] for j in range(at) if DOCUMENTS[j] == DOCUMENTS[at]][-size:]
        lines.append(" </s> ".join([*before, text]))
    return lines


def inputs(size: int, needs: bool) -> list[dict[str, str]]:
    columns = {
        "src": add_context(SOURCES, SOURCES, size),
        "mt": add_context(HYPOTHESES, REFERENCES if needs else HYPOTHESES, size),
    }
    if needs:
        columns["ref"] = add_context(REFERENCES, REFERENCES, size)
    return [dict(zip(columns, texts, strict=True)) for texts in zip(*columns.values(), strict=True)]


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize(("kind", "needs"), [("regression", True), ("referenceless", False)])
def test_scores_are_official(checkpoint: Write, kind: str, needs: bool, size: int) -> None:
    theirs = official(checkpoint(kind), inputs(size, needs), context=True)
    metric = comet(checkpoint(kind), needs_reference=needs, context=size, batch_size=4)
    ours = scores(metric, items_of(size))
    assert [one.score for one in ours] == pytest.approx(theirs.scores, abs=1e-5, rel=0)
    system = combined(metric, np.array([one.statistics for one in ours]))
    assert system == pytest.approx(theirs.system_score, abs=1e-5, rel=0)
    assert not any(one.truncated or one.notices for one in ours)
    alone = [one.score for one in scores(comet(checkpoint(kind), needs_reference=needs), items_of(size))]
    moved = [abs(a - b.score) > 1e-3 for a, b in zip(alone, ours, strict=True)]
    assert moved == [False, True, True, True, False, True], "the first of a document has no context, all others have"
    joined = official(checkpoint(kind), inputs(size, needs)).scores
    assert max(abs(a - b.score) for a, b in zip(joined, ours, strict=True)) > 1e-3, "the context itself is not scored"


def test_no_more_context_is_read_than_was_asked_for(checkpoint: Write) -> None:
    metric = comet(checkpoint("referenceless"), context=1)
    assert scores(metric, items_of(3)) == scores(metric, items_of(1))
    plain = comet(checkpoint("referenceless"))
    assert scores(plain, items_of(3)) == scores(plain, [replace(item, context=()) for item in items_of(3)])


def test_several_references_have_their_own_context(checkpoint: Write) -> None:
    metric = comet(checkpoint("regression"), needs_reference=True, context=2)
    second = ["rain", "child saw the rain", "book", "that city", "house", "water"]
    both = scores(metric, items_of(2, second))
    first = scores(metric, items_of(2))
    other = [replace(item, references=item.references[1:]) for item in items_of(2, second)]
    other = [
        replace(item, context=tuple(replace(one, references=one.references[1:]) for one in item.context))
        for item in other
    ]
    means = [(a.score + b.score) / 2 for a, b in zip(first, scores(metric, other), strict=True)]
    assert [one.score for one in both] == pytest.approx(means, abs=1e-6)


def test_a_hypothesis_before_one_with_a_reference_is_not_seen(checkpoint: Write) -> None:
    metric = comet(checkpoint("regression"), needs_reference=True, context=2)
    one = items_of(2)[1]
    other = replace(one, context=(replace(one.context[0], hypothesis="rain"),))
    first, second = scores(metric, [one, other])
    assert first is second
    qe = comet(checkpoint("referenceless"), context=2)
    first, second = scores(qe, [one, other])
    assert first.score != second.score


def test_the_farthest_is_left_out_until_the_rest_fits_and_that_is_said(checkpoint: Write) -> None:
    near, far, item = "the house", "a " * 40, Item("casa", "house " * 20, ())
    context = (Item(far, "city"), Item(near, "water"))
    metric = comet(checkpoint("referenceless"), context=2)
    only_near, none, whole = scores(
        metric,
        [
            replace(item, context=context, source="a " * 30),  # with the far one, the source is too long
            replace(item, context=context, hypothesis="a " * (MAX_POSITIONS - 5)),  # with any, the hypothesis is
            replace(item, context=context),
        ],
    )
    expected = official(
        checkpoint("referenceless"),
        [
            {"src": "the house </s> " + "a " * 30, "mt": "water </s> " + "house " * 20},
            {"src": "casa", "mt": "a " * (MAX_POSITIONS - 5)},
            {"src": f"{far} </s> the house </s> casa", "mt": "city </s> water </s> " + "house " * 20},
        ],
        context=True,
    )
    found = [one.score for one in (only_near, none, whole)]
    assert found == pytest.approx(expected.scores, abs=1e-5)
    assert only_near.notices == ("of the 2 segments before it only the nearest fits into the encoder beside it",)
    assert none.notices == ("of the 2 segments before it none fits into the encoder beside it",)
    assert whole.notices == ()
    assert not any(one.truncated for one in (only_near, none, whole))
    three = replace(item, context=(Item("a " * 60, "city"), *context), source="a " * 6)
    (two_left,) = scores(comet(checkpoint("referenceless"), context=3), [three])
    assert two_left.notices == ("of the 3 segments before it only the nearest 2 fit into the encoder beside it",)
    assert two_left.score == scores(metric, [three])[0].score


def test_what_is_too_long_without_any_context_is_truncated(checkpoint: Write) -> None:
    long = Item("a " * 90, "the house", (), (Item("casa", "house"),))
    metric = comet(checkpoint("referenceless"), context=2)
    (found,) = scores(metric, [long])
    assert found.truncated
    assert found.notices == ("the segment before it does not fit into the encoder beside it",)
    expected = official(checkpoint("referenceless"), [{"src": long.source, "mt": long.hypothesis}]).scores
    assert found.score == pytest.approx(expected[0], abs=1e-5)


def test_a_text_that_holds_the_separator_says_so(checkpoint: Write) -> None:
    item = Item("casa", "the house </s> of rain")
    (found,) = scores(comet(checkpoint("referenceless"), context=1), [item])
    assert found.notices == ("it holds </s>, and what is before that counts as context, and is not scored",)
    (plain,) = scores(comet(checkpoint("referenceless")), [item])
    assert plain.notices == ()


def test_context_without_the_references_of_its_segment_is_refused(checkpoint: Write) -> None:
    metric = comet(checkpoint("regression"), needs_reference=True, context=1)
    item = Item("casa", "house", ("the house",), (Item("rua", "street"),))
    with pytest.raises(MissingReferenceError, match="item 1 has context with other references than its own"):
        list(metric.score([item]))


@pytest.mark.parametrize(
    ("kind", "needs"), [("unified_qe", False), ("unified", True), ("xcomet", True), ("xcomet", False)]
)
def test_models_that_join_their_texts_refuse_a_context(checkpoint: Write, kind: str, needs: bool) -> None:
    metric = comet(checkpoint(kind), needs_reference=needs, context=2)
    joins = r"is of class (unified|xcomet)_metric, which joins its texts and cannot tell a context from them"
    for use in (metric.check, lambda: list(metric.score(items_of(2)))):
        with pytest.raises(ConfigError, match=rf"key context: is 2, but .* {joins}; set it to 0, or use a checkpoint"):
            use()


def test_a_model_that_does_not_average_refuses_a_context(checkpoint: Write, tmp_path: Path) -> None:
    import torch

    folder = Path(shutil.copytree(checkpoint("referenceless"), tmp_path / "cls"))
    contents = torch.load(folder / "checkpoints" / "model.ckpt", weights_only=True)
    write_ckpt(folder, contents["state_dict"], contents["hyper_parameters"] | {"pool": "cls"})
    comet(folder).check()
    with pytest.raises(ConfigError, match="pools by cls, and COMET can leave a context out of averages only"):
        comet(folder, context=1).check()


def test_card_and_signature_say_how_much_context(checkpoint: Write) -> None:
    metric = comet(checkpoint("regression"), needs_reference=True, context=2)
    assert metric.card.context == 2
    assert "|precision:fp32|context:2|nrefs:1|" in str(metric.signature(1))
    plain = comet(checkpoint("regression"), needs_reference=True)
    assert "context" not in str(plain.signature(1))


@pytest.mark.parametrize("wrong", [-1, 1.0, True, "2", None])
def test_a_context_that_is_no_number_of_segments(wrong: object) -> None:
    with pytest.raises(ConfigError, match=r"key context: is .*; give a whole number from 0 up"):
        comet("some/where", context=wrong)
