"""Pearmut (Zouhar and Kocmi 2026): a campaign with errors filled in, and the annotations that it gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mteval.annotation.base import CATEGORIES, SEVERITIES, AnnotationFormat, Item, Judgment, Protocol, severity_of
from mteval.errors import DataError
from mteval.files import dump_json, read_json, write_text
from mteval.segment import ErrorSpan

NAME = "pearmut.json"
_MODEL = "translation"
"""Stands for every system."""


class Pearmut(AnnotationFormat):
    """Writes ``pearmut.json``, a campaign for ``pearmut add``, from which all annotators draw, and reads the
    annotations that its dashboard gives (``annotations.json``).

    There its spans count characters with both ends, and what is missing lies behind the translation's end.
    """

    def write(self, items: Sequence[Item], protocol: Protocol, folder: Path) -> tuple[Path, ...]:
        info: dict[str, Any] = {"assignment": "single-stream", "protocol": protocol.upper(), "users": 3}
        if protocol == "mqm":
            categories: dict[str, list[str]] = {"": []}
            for category in CATEGORIES:
                main, _, sub = category.partition("/")
                categories.setdefault(main, []).extend([sub] if sub else [])
            info["mqm_categories"] = categories
        pairs = sorted({item.lang_pair for item in items})
        campaign = {"info": info, "campaign_id": f"mteval_{'_'.join(pairs)}", "data": [[_item(one)] for one in items]}
        write_text(path := folder / NAME, dump_json(campaign, indent=1) + "\n")
        return (path,)

    def reads(self, path: Path) -> bool:
        if path.suffix.lower() != ".json":
            return False
        found = read_json(path)
        campaigns = [lines for lines in found.values() if isinstance(lines, list)] if isinstance(found, dict) else []
        return any(isinstance(line, dict) and "user_id" in line for lines in campaigns for line in lines)

    def read(self, path: Path) -> Iterator[Judgment]:
        found = read_json(path)
        for campaign, lines in found.items():
            if not isinstance(lines, list):
                continue
            last: dict[tuple[str, str], Judgment] = {}
            for number, line in enumerate(lines, start=1):
                where = f"{path}: {campaign}, line {number}"
                if not isinstance(line, dict) or "item" not in line or "annotation" not in line:
                    continue  # a form, or something that was done and not judged
                try:
                    for item, said in zip(line["item"], line["annotation"], strict=True):
                        if said is not None:
                            one = _judgment(where, item, str(line["user_id"]), said[_MODEL])
                            last[one.item, one.annotator] = one
                except (KeyError, TypeError, ValueError, AttributeError) as error:
                    problem = f"is not as Pearmut writes annotations ({type(error).__name__}: {error})"
                    raise DataError(where, problem, "download the annotations from its dashboard") from None
            yield from last.values()


def _item(item: Item) -> dict[str, Any]:
    made: dict[str, Any] = {"item_id": item.id, "src": item.source, "tgt": {_MODEL: item.hypothesis}}
    if item.before:
        made["instructions"] = "Before it: " + " ".join(item.before).replace("&", "&amp;").replace("<", "&lt;")
    if item.spans:
        made["error_spans"] = {
            _MODEL: [
                {
                    "start_i": span.start,
                    "end_i": span.end - 1,
                    "severity": severity_of(span),
                    "category": span.category if span.category in CATEGORIES else None,
                }
                for span in item.spans
                if span.end > span.start
            ]
        }
    return made


def _judgment(where: str, item: Mapping[str, Any], annotator: str, said: Mapping[str, Any]) -> Judgment:
    text = item["tgt"][_MODEL]
    spans = []
    for one in said.get("error_spans") or ():
        start, end = int(one["start_i"]), int(one["end_i"]) + 1
        severity, category = str(one.get("severity") or SEVERITIES[-1]), str(one.get("category") or "")
        if start >= len(text):  # on the token that stands for what is missing
            start = end = len(text)
        spans.append(ErrorSpan(start, min(end, len(text)), category, severity))
    score = said.get("score")
    return Judgment(where, str(item["item_id"]), annotator, None if score is None else float(score), tuple(spans))
