from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mteval import store
from mteval.errors import OutputError
from mteval.signature import Signature
from mteval.store import Keys, Store, key_of

KEYS = ("k", "1", "2")
ONE, OTHER = Signature.of({"system": "a"}), Signature.of({"system": "b"})


def test_keys_tell_where_a_text_ends() -> None:
    assert key_of("ab", "c") != key_of("a", "bc") != key_of("abc")
    assert key_of("a", "b") == key_of("a", "b")


def test_what_is_put_is_there_in_a_later_run(tmp_path: Path) -> None:
    with Store(tmp_path).shelf("translations", "Some", ONE, KEYS) as shelf:
        assert shelf.get("k") is None
        shelf.put("k", "olá\n\u2028")
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
    nowhere = Store(None)
    with nowhere.shelf("scores", "M", ONE, KEYS) as shelf:
        shelf.put("1", 1)
    assert nowhere.shelf("scores", "M", ONE, KEYS).get("1") is None


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


def test_of_two_values_the_last_one_holds_unless_it_is_damaged(tmp_path: Path) -> None:
    for value in ([0.5], [0.75]):
        with Store(tmp_path).shelf("scores", "M", ONE, ["1", "2"]) as shelf:
            shelf.put("1", [0.1])
            shelf.put("1", value)
            shelf.put("2", value)
    _, second = sorted(tmp_path.rglob("*.jsonl"))
    last = [0.5] if "0.5" in second.read_text("utf-8") else [0.75]
    assert Store(tmp_path).shelf("scores", "M", ONE, KEYS).get_all(["2", "k", "1", "2"]) == [last, None, last, last]
    second.write_bytes(b'\n{"key": "1", "val\n' + b'{"key": "2"')
    kept = [0.75] if last == [0.5] else [0.5]
    assert Store(tmp_path).shelf("scores", "M", ONE, KEYS).get_all(["1", "2"]) == [kept, kept]


def test_a_key_is_found_however_its_line_is_written(tmp_path: Path) -> None:
    with Store(tmp_path).shelf("scores", "M", ONE, KEYS) as shelf:
        shelf.put('a"b', 1)
        shelf.put("k", 2)
    (shard,) = tmp_path.rglob("*.jsonl")
    shard.write_text(shard.read_text("utf-8") + '{"value": 3, "key": "1"}', "utf-8")
    assert Store(tmp_path).shelf("scores", "M", ONE, ['a"b', *KEYS]).get_all(['a"b', "k", "1"]) == [1, 2, 3]


def test_a_line_is_no_other_keys_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(tmp_path).shelf("scores", "M", ONE, KEYS) as shelf:
        shelf.put("1", 1)
    monkeypatch.setattr(store, "hash", len, raising=False)  # all keys look alike
    assert Store(tmp_path).shelf("scores", "M", ONE, KEYS).get_all(["1", "2"]) == [1, None]


def test_many_keys_take_twenty_bytes_each() -> None:
    made = [key_of(str(number)) for number in range(100)]
    keys = Keys(iter(made))
    assert (list(keys), keys[7], keys[-1:], len(keys)) == (made, made[7], made[-1:], 100)
    assert sys.getsizeof(keys._raw) < 20 * 100 + 100
