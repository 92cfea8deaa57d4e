from __future__ import annotations

from pathlib import Path

import pytest

from mteval.errors import OutputError
from mteval.signature import Signature
from mteval.store import Store, key_of

KEYS = ("k", "1", "2")
ONE, OTHER = Signature.of({"system": "a"}), Signature.of({"system": "b"})


def test_keys_tell_where_a_text_ends() -> None:
    assert key_of("ab", "c") != key_of("a", "bc") != key_of("abc")
    assert key_of("a", "b") == key_of("a", "b")


def test_what_is_put_is_there_in_a_later_run(tmp_path: Path) -> None:
    with Store(tmp_path).shelf("translations", "Some", ONE, KEYS) as shelf:
        assert shelf.get("k") is None
        shelf.put("k", "olá\n\u2028")
        assert shelf.get("k") == "olá\n\u2028"
        # another process sees it before this one has ended
        assert Store(tmp_path).shelf("translations", "Some", ONE, KEYS).get("k") == "olá\n\u2028"
    assert Store(tmp_path).shelf("translations", "Some", OTHER, KEYS).get("k") is None
    assert Store(tmp_path).shelf("scores", "Some", ONE, KEYS).get("k") is None


def test_two_writers_share_a_shelf(tmp_path: Path) -> None:
    with Store(tmp_path).shelf("scores", "M", ONE, KEYS) as a, Store(tmp_path).shelf("scores", "M", ONE, KEYS) as b:
        a.put("1", [0.5])
        b.put("2", [0.25])
    both = Store(tmp_path).shelf("scores", "M", ONE, KEYS)
    assert (both.get("1"), both.get("2")) == ([0.5], [0.25])


def test_a_line_cut_off_by_a_kill_is_computed_again(tmp_path: Path) -> None:
    with Store(tmp_path).shelf("scores", "M", ONE, KEYS) as shelf:
        shelf.put("1", [0.5])
        shelf.put("2", [0.25])
    (shard,) = tmp_path.rglob("*.jsonl")
    shard.write_bytes(shard.read_bytes()[:-5])
    again = Store(tmp_path).shelf("scores", "M", ONE, KEYS)
    assert (again.get("1"), again.get("2")) == ([0.5], None)


def test_a_store_without_a_folder_forgets(tmp_path: Path) -> None:
    store = Store(None)
    with store.shelf("scores", "M", ONE, KEYS) as shelf:
        shelf.put("1", 1)
        assert shelf.get("1") == 1
    assert store.shelf("scores", "M", ONE, KEYS).get("1") is None


def test_a_store_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with (
        Store(tmp_path / "file").shelf("scores", "M", ONE, KEYS) as shelf,
        pytest.raises(OutputError, match="store=null"),
    ):
        shelf.put("1", 1)


def test_only_what_is_wanted_is_held(tmp_path: Path) -> None:
    with Store(tmp_path).shelf("scores", "M", ONE, KEYS) as shelf:
        shelf.put("1", [0.5])
        shelf.put("2", [0.25])
    one = Store(tmp_path).shelf("scores", "M", ONE, ["2"])
    assert (one.get("1"), one.get("2")) == (None, [0.25])
