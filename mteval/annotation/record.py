"""What ``mteval sample`` keeps for ``mteval import``: every item, with what annotators must not see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mteval.annotation.base import Item, Key
from mteval.errors import DataError
from mteval.files import dump_json, read_jsonl, write_text

NAME = "key.jsonl"


@dataclass(frozen=True)
class Kept:
    """An item, as it is kept.

    Attributes:
        references: of its segment, by name.
        hypotheses: of its segment, by system, of all systems whose hypotheses are judged.
        eval_set: the test set's name.
        protocol: what annotators were asked by.
    """

    item: Item
    key: Key
    references: Mapping[str, str]
    hypotheses: Mapping[str, str]
    eval_set: str
    protocol: str


def write(kept: Sequence[Kept], folder: Path) -> Path:
    """Write ``key.jsonl`` into a folder that is there."""
    lines = (dump_json({**asdict(one), "item": {**asdict(one.item), "spans": []}}) for one in kept)
    write_text(path := folder / NAME, "".join(f"{line}\n" for line in lines))
    return path


def read(folder: Path) -> Iterator[Kept]:
    """The items of a folder that ``mteval sample`` wrote.

    Raises:
        DataError: it holds none, or was changed.
    """
    path = folder / NAME
    if not path.is_file():
        raise DataError(str(folder), f"holds no {NAME}", "name a folder that mteval sample wrote")
    for where, row in read_jsonl(path):
        try:
            yield _kept(row)
        except (KeyError, TypeError) as error:
            problem = f"is not as mteval sample wrote it ({type(error).__name__}: {error})"
            raise DataError(where, problem, "put the original back") from None


def _kept(row: Mapping[str, Any]) -> Kept:
    item = Item(**{**row["item"], "before": tuple(row["item"]["before"]), "spans": ()})
    key = Key(**{**row["key"], "systems": tuple(row["key"]["systems"])})
    return Kept(item, key, row["references"], row["hypotheses"], row["eval_set"], row["protocol"])
