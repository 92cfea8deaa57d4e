"""Large arrays in a file: they hold what is written, beside one another, and come back after they were let go."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from mteval import spilled
from mteval.errors import OutputError
from mteval.spilled import Spilled


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files for arrays that are small enough for a test."""
    monkeypatch.setattr(spilled, "_IN_MEMORY", 0)
    monkeypatch.setattr(spilled, "_CHUNK", 4096)
    monkeypatch.setattr(Spilled, "_chunk", None)


def test_arrays_keep_what_is_written() -> None:
    shapes = [(100, 3), (1, 1), (0, 5), (70, 7), (2000, 2), (3,)]
    made = []
    for number, shape in enumerate(shapes):
        array = Spilled.empty(shape)
        assert array.shape == shape
        array[...] = number + np.arange(array.size).reshape(shape) / 8
        made.append(array)
    Spilled.let_go()
    for number, (array, shape) in enumerate(zip(made, shapes, strict=True)):
        np.testing.assert_array_equal(array, number + np.arange(array.size).reshape(shape) / 8)


def test_they_lie_in_a_file_that_no_name_is_left_of() -> None:
    array = Spilled.empty((100,))
    assert array.base is not None
    with Path("/proc/self/maps").open(encoding="utf-8") as maps:
        address = array.__array_interface__["data"][0]
        found = [
            line for line in maps if int(line.split("-")[0], 16) <= address < int(line.split()[0].split("-")[1], 16)
        ]
    assert "(deleted)" in found[0]


def test_where_there_is_no_room_the_folder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OutputError, match=r"no room for 0 MiB .No space left on device.; name a folder"):
        Spilled.empty((10,))
