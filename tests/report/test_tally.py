import pytest

from mteval.garble.base import Label
from mteval.report.tally import tally


@pytest.mark.parametrize(
    ("garbled", "total", "text"),
    [
        (0, 3, "0 of 3 (0%)"),
        (12, 32, "12 of 32 (38%)"),
        (3, 3, "3 of 3 (100%)"),
        (1, 1000, "1 of 1000 (<1%)"),
        (999, 1000, "999 of 1000 (>99%)"),
    ],
)
def test_a_share_is_shown_as_none_or_all_only_where_it_is(garbled: int, total: int, text: str) -> None:
    labels: list[Label] = ["garbled"] * garbled + ["suspect"] * (total - garbled)
    found = tally(labels)
    assert found is not None
    assert (found.text, found.total, found.counts["clean"]) == (text, total, 0)


def test_of_nothing_there_is_no_share() -> None:
    assert tally([]) is None
