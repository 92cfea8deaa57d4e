"""Any bytes at all are read, judged and reported, or refused in one line: nothing breaks, and nothing hangs."""

from __future__ import annotations

import warnings
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.targets import SEEDS, TARGETS

LONGEST = timedelta(seconds=5)
"""What an input may take."""

PIECES = (
    *(b"", b"\0", b"\xff", b"\n", b"\r", b"\t", b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b"<", b">", b"&", b":"),
    *(b"1e999", b"-1", b"NaN", b"null", b"true", b"[[[[[[[[", b"\\ud800", b"\\u0000", b"\xed\xa0\x80", b"\x1f\x8b"),
    *(b"<![CDATA[", b"<!DOCTYPE", b"&x;", b"&#0;", b"${x}", b"${oc.env:HOME}", b"=1+1", b"../../x", b"/etc/passwd"),
    *(char.encode() for char in ("\u2028", "\u202e", "\ufeff", "\ufffd", "中", "a" * 300)),
)  # fmt: skip
"""What is put into a seed: what some format or other means something by."""

EDITS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 12), st.one_of(st.sampled_from(PIECES), st.binary(max_size=8))),
    max_size=6,
)
"""Where in a seed, how many bytes are taken out there, and what is put in."""


def edited(seed: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for place, taken, put in edits:
        at = place % (len(seed) + 1)
        seed = seed[:at] + put + seed[at + taken :]
    return seed


def inputs(name: str) -> st.SearchStrategy[bytes]:
    seeds = st.sampled_from(SEEDS[name])
    return st.one_of(st.binary(max_size=200), st.builds(edited, seeds, EDITS))


def fuzz(name: str, how: settings) -> None:
    warnings.simplefilter("ignore")
    for seed in SEEDS[name]:
        TARGETS[name](seed)  # so that loading models counts for no text's time

    @how
    @given(inputs(name))
    def holds(data: bytes) -> None:
        TARGETS[name](data)

    holds()


@pytest.mark.parametrize("name", TARGETS)
def test_a_few_inputs(name: str) -> None:
    """The same ones each time."""
    fuzz(
        name,
        settings(
            max_examples=8, deadline=LONGEST, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_many_inputs(name: str) -> None:
    """Others each time."""
    fuzz(name, settings(max_examples=1500, deadline=LONGEST, database=None, suppress_health_check=list(HealthCheck)))


def test_a_target_that_breaks_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(data: bytes) -> None:
        if len(data) > 8:
            raise ValueError(data)

    monkeypatch.setitem(TARGETS, "breaks", breaks)
    monkeypatch.setitem(SEEDS, "breaks", [b"seed"])
    with pytest.raises(ValueError, match="b"):
        test_a_few_inputs("breaks")
