"""``mteval import``: what people judged, as gold scores, and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mteval.command_line import fail, parsed, parser_of
from mteval.errors import ConfigError, DataError, MtevalError

if TYPE_CHECKING:
    from mteval.annotation.base import Judgment
    from mteval.annotation.record import Kept

_HELP = """\
Read back what people judged of the tasks that mteval sample wrote: exports of
Label Studio (JSON) or Pearmut, or spreadsheets that were filled in. Writes an
eval set with gold scores, for evalset=jsonl and mteval meta, and says how far
annotators agree, who stands apart, and what their judgments say of the systems.
"""
_NOTES = """\
exit codes: 0; 2 for what can be mended; 130 for Ctrl-C
"""


def import_judgments(arguments: Sequence[str]) -> int:
    """Read judgments back, with the command line's arguments.

    Returns:
        The exit code: 0, or 2 for what a user can mend.
    """
    parser = parser_of("mteval import", "FOLDER FILE ...", _HELP, _NOTES, overrides=False)
    parser.add_argument("--output", type=Path, metavar="FILE", help="the eval set (FOLDER/gold.jsonl)")
    parser.add_argument("--without", default="", metavar="A,B", help="annotators to leave out")
    parser.add_argument("--seed", type=int, default=12345, help="of the bootstrap (12345)")
    options = parsed(parser, arguments, config_dirs=False)
    try:
        if len(options.given) < 2:
            remedy = "name the folder that mteval sample wrote, and the files of judgments"
            raise ConfigError("mteval import", "no judgments are named", remedy)
        folder, *files = map(Path, options.given)
        _import(folder, files, options.output, set(filter(None, options.without.split(","))), options.seed)
    except MtevalError as error:
        return fail(error)
    return 0


def _import(folder: Path, files: Sequence[Path], output: Path | None, without: set[str], seed: int) -> None:
    from mteval.annotation import record
    from mteval.files import dump_json, write_text

    kept = {one.item.id: one for one in record.read(folder)}
    judgments = [one for one in _judgments(files, kept) if one.annotator not in without]
    if not judgments:
        raise DataError(", ".join(map(str, files)), "holds no judgment", "fill in annotator, errors and score")
    scores = _scores(judgments, kept)
    lines = list(_lines(kept, scores))
    output = folder / "gold.jsonl" if output is None else output
    write_text(output, "".join(f"{dump_json(line)}\n" for line in lines))
    _tell(kept, scores, lines, seed)
    print(f"gold scores: {output}")


def _judgments(files: Sequence[Path], kept: Mapping[str, Kept]) -> Iterator[Judgment]:
    from mteval.annotation.label_studio import LabelStudio
    from mteval.annotation.pearmut import Pearmut
    from mteval.annotation.sheet import Sheet

    for file in files:
        form = next((form for form in (Sheet(), LabelStudio(), Pearmut()) if form.reads(file)), None)
        if form is None:
            remedy = "give Label Studio's JSON, Pearmut's annotations, or the sheet as CSV"
            raise DataError(str(file), "is of no tool that is known", remedy)
        for one in form.read(file):
            if one.item not in kept:
                raise DataError(one.where, f"item {one.item!r} was not asked for", "name the folder of its own tasks")
            yield one


def _scores(judgments: Sequence[Judgment], kept: Mapping[str, Kept]) -> dict[str, dict[str, float]]:
    """By item and annotator: the score by ESA, or the negative sum of error weights by MQM, which are those of WMT."""
    from mteval.evalsets.mqm import Weights

    weights = Weights()
    found: dict[str, dict[str, float]] = {}
    for one in judgments:
        if kept[one.item].protocol == "mqm":
            errors = [(span.severity, *span.category.partition("/")[::2]) for span in one.spans]
            score = -sum((weights.of(one.where, *error) for error in errors), 0.0) + 0.0
        elif one.score is None:
            raise DataError(one.where, f"item {one.item} has no score", "ask the annotator for one, from 0 to 100")
        else:
            score = one.score
        found.setdefault(one.item, {})[one.annotator] = score
    return found


def _lines(kept: Mapping[str, Kept], scores: Mapping[str, Mapping[str, float]]) -> Iterator[dict[str, Any]]:
    """An eval set's lines, those of one document together; checks are no gold."""
    segments: dict[tuple[str, str, str], dict[str, Any]] = {}
    for one in kept.values():
        key = one.key
        if key.check is not None or key.item not in scores:
            continue
        line = segments.setdefault(
            (key.lang_pair, key.document, key.segment),
            {
                "id": key.segment,
                "document": key.document,
                "lang_pair": key.lang_pair,
                "source": one.item.source,
                "references": dict(one.references),
                "hypotheses": dict(one.hypotheses),
                "gold": {},
                "chosen": key.reason,
            },
        )
        mean = sum(scores[key.item].values()) / len(scores[key.item])
        line["gold"].update(dict.fromkeys(key.systems, mean))
    first = {place[:2]: number for number, place in reversed(list(enumerate(segments)))}
    yield from (segments[place] for place in sorted(segments, key=lambda place: first[place[:2]]))


def _tell(
    kept: Mapping[str, Kept], scores: Mapping[str, Mapping[str, float]], lines: Sequence[Mapping[str, Any]], seed: int
) -> None:
    import numpy as np

    from mteval.annotation.agreement import alpha, alpha_interval, settled

    names = sorted({name for of_item in scores.values() for name in of_item})
    asked = [item for item in scores if kept[item].key.check is None]
    matrix = np.array([[scores[item].get(name, np.nan) for item in asked] for name in names])
    of_all = alpha(matrix) if len(names) > 1 else float("nan")
    print(f"{int((~np.isnan(matrix)).sum())} judgments of {len(asked)} items by {len(names)} annotators")
    known = None if np.isnan(of_all) else of_all
    if known is not None:
        between = alpha_interval(matrix, seed=seed)
        bounds = "" if between is None else f" ({between[0]:.2f}–{between[1]:.2f})"
        print(f"Krippendorff's alpha {known:.2f}{bounds}")
    for at, name in enumerate(names):
        one = _annotator(name, at, matrix, kept, scores)
        why = one.outlying(known)
        print(
            f"{name}: {one.judgments} judgments, mean {one.mean:.1f}"
            + ("" if why is None else f"; stands apart: {why}")
        )
    for pair in dict.fromkeys(line["lang_pair"] for line in lines):
        drawn = [line for line in lines if line["lang_pair"] == pair and line["chosen"] == "random"]
        systems = dict.fromkeys(name for line in drawn for name in line["hypotheses"])
        gold = {name: [line["gold"].get(name) for line in drawn] for name in systems}
        for found in settled(gold, seed=seed):
            more = "" if not found.more else f"; {found.more} more random segments would settle it"
            print(
                f"{pair}: {found.better} is better than {found.worse} by {found.difference:.1f} with probability "
                f"{found.probability:.2f} ({found.segments} random segments){more}"
            )


def _annotator(
    name: str, at: int, matrix: Any, kept: Mapping[str, Kept], scores: Mapping[str, Mapping[str, float]]
) -> Any:
    import numpy as np

    from mteval.annotation.agreement import Annotator, alpha, correlation

    caught, asked, apart = 0, 0, []
    for item, of_item in scores.items():
        key = kept[item].key
        if key.check is None or name not in of_item or name not in scores.get(key.of or "", {}):
            continue
        original = scores[key.of or ""][name]
        if key.check == "damaged":
            asked += 1
            caught += of_item[name] < original
        else:
            apart.append(abs(of_item[name] - original))
    others = np.delete(matrix, at, axis=0)
    without = alpha(others) if len(others) > 1 else float("nan")
    own = matrix[at][~np.isnan(matrix[at])]
    return Annotator(
        name,
        len(own),
        float(own.mean()) if len(own) else float("nan"),
        correlation(matrix, at) if len(matrix) > 1 else None,
        None if np.isnan(without) else without,
        (caught, asked),
        float(np.mean(apart)) if apart else None,
    )
