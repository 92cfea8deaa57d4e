"""Label Studio (Apache-2.0): tasks with errors filled in, the labelling interface, and its export in JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from mteval.annotation.base import CATEGORIES, SEVERITIES, AnnotationFormat, Item, Judgment, Protocol, severity_of
from mteval.errors import DataError
from mteval.files import dump_json, read_json, write_text
from mteval.segment import ErrorSpan

TASKS, INTERFACE = "label_studio.json", "label_studio.xml"
_OMISSION = "Something is missing"


class LabelStudio(AnnotationFormat):
    """Writes ``label_studio.json``, the tasks to import, and ``label_studio.xml``, the labelling interface to paste in.

    It reads what Label Studio exports as JSON, which says who judged (``completed_by``). Annotations that were
    cancelled are left alone, and of several by one person on one task the last counts.
    """

    def write(self, items: Sequence[Item], protocol: Protocol, folder: Path) -> tuple[Path, ...]:
        tasks = [_task(item, protocol) for item in items]
        write_text(folder / TASKS, dump_json(tasks, indent=1) + "\n")
        write_text(folder / INTERFACE, _interface(protocol))
        return folder / TASKS, folder / INTERFACE

    def reads(self, path: Path) -> bool:
        if path.suffix.lower() != ".json":
            return False
        found = read_json(path)
        return isinstance(found, list) and any(isinstance(task, dict) and "annotations" in task for task in found)

    def read(self, path: Path) -> Iterator[Judgment]:
        found = read_json(path)
        for number, task in enumerate(found if isinstance(found, list) else (), start=1):
            where = f"{path}: task {number}"
            try:
                item, text = str(task["data"]["item"]), str(task["data"]["translation"])
                last = {_annotator(one): one for one in task["annotations"] if not one.get("was_cancelled")}
                for annotator, one in last.items():
                    yield _judgment(where, item, text, annotator, one["result"])
            except (KeyError, TypeError, AttributeError) as error:
                problem = f"is not as Label Studio exports tasks of mteval ({type(error).__name__}: {error})"
                raise DataError(where, problem, "export it as JSON, not as JSON-MIN") from None


def _task(item: Item, protocol: Protocol) -> dict[str, Any]:
    data = {"item": item.id, "context": " ".join(item.before), "source": item.source, "translation": item.hypothesis}
    task: dict[str, Any] = {"data": data}
    if item.spans:
        result = [part for number, span in enumerate(item.spans) for part in _filled(number, span, item, protocol)]
        task["predictions"] = [{"model_version": "mteval", "result": result}]
    return task


def _filled(number: int, span: ErrorSpan, item: Item, protocol: Protocol) -> Iterator[dict[str, Any]]:
    severity = severity_of(span)
    common = {"id": f"{item.id}-{number}", "to_name": "translation"}
    where = {"start": span.start, "end": span.end, "text": item.hypothesis[span.start : span.end]}
    yield {**common, "from_name": "errors", "type": "labels", "value": {**where, "labels": [severity]}}
    if protocol == "mqm" and span.category in CATEGORIES:
        yield {**common, "from_name": "category", "type": "choices", "value": {**where, "choices": [span.category]}}


def _interface(protocol: Protocol) -> str:
    lines = [
        "<View>",
        '  <Text name="context" value="$context"/>',
        '  <Header value="Source"/>',
        '  <Text name="source" value="$source"/>',
        '  <Header value="Translation: mark every error"/>',
        '  <Labels name="errors" toName="translation">',
        *(f"    <Label value={quoteattr(severity)}/>" for severity in SEVERITIES),
        "  </Labels>",
        '  <Text name="translation" value="$translation"/>',
    ]
    if protocol == "mqm":
        lines.append('  <Choices name="category" toName="translation" perRegion="true" required="true">')
        lines += [f"    <Choice value={quoteattr(category)}/>" for category in CATEGORIES]
        lines.append("  </Choices>")
    lines += [
        '  <Choices name="omission" toName="translation" choice="multiple">',
        f"    <Choice value={quoteattr(_OMISSION)}/>",
        "  </Choices>",
    ]
    if protocol == "esa":
        lines += [
            '  <Header value="0: nonsense; 33: broken; 66: middling; 100: perfect"/>',
            '  <Number name="score" toName="translation" min="0" max="100" required="true"/>',
        ]
    return "\n".join([*lines, "</View>"]) + "\n"


def _annotator(annotation: Mapping[str, Any]) -> str:
    by = annotation.get("completed_by")
    if isinstance(by, Mapping):
        by = by.get("email") or by.get("id")
    return str(by)


def _judgment(where: str, item: str, text: str, annotator: str, result: Sequence[Mapping[str, Any]]) -> Judgment:
    score: float | None = None
    marked: dict[str, dict[str, Any]] = {}
    omitted = False
    for number, part in enumerate(result):
        value, region = part["value"], str(part.get("id", number))
        if part["from_name"] == "score":
            score = float(value["number"])
        elif part["from_name"] == "errors":
            start, end = _placed(where, text, int(value["start"]), int(value["end"]), value.get("text"))
            marked.setdefault(region, {}).update(start=start, end=end, severity=value["labels"][0])
        elif part["from_name"] == "category":
            marked.setdefault(region, {})["category"] = value["choices"][0]
        elif part["from_name"] == "omission":
            omitted = bool(value["choices"])
    spans = [
        ErrorSpan(int(one["start"]), int(one["end"]), str(one.get("category", "")), str(one["severity"]))
        for one in marked.values()
    ]
    spans += [ErrorSpan(len(text), len(text), "Accuracy/Omission", SEVERITIES[-1])] if omitted else []
    return Judgment(where, item, annotator, score, tuple(sorted(spans, key=lambda span: (span.start, span.end))))


def _placed(where: str, text: str, start: int, end: int, words: str | None) -> tuple[int, int]:
    """Where an error stands: by characters or, as browsers count, by units of UTF-16, whichever fits its words."""
    raw = text.encode("utf-16-le")
    by_units = [len(raw[: 2 * at].decode("utf-16-le", "ignore")) for at in (start, end)]
    for first, last in ((start, end), (by_units[0], by_units[1])):
        if 0 <= first < last <= len(text) and words in (None, text[first:last]):
            return first, last
    raise DataError(where, f"the error {words!r} is not in the translation", "export the tasks that mteval wrote")
