"""Imports point down: the rooms of the house plan, ground floor first."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "mteval"

FLOORS = [
    "errors", "setting_checks", "lang", "language_names", "sampling", "scores", "signature", "usage", "network",
    "needs", "language_models", "resampling", "stats", "correlations", "tie_calibration", "soft_accuracy",
    "metric_tests", "comparison", "comparing", "texts", "spreadsheets", "segment", "subset", "files", "shard",
    "spilled", "options", "store_lines", "store_aside", "store", "store_upkeep", "environment", "worker", "workers",
    "checkpoint_files", "checkpoint", "loading", "halving", "answers_tongues", "answers", "identification", "gate",
    "chat", "metrics", "systems", "evalsets", "garble", "unjudged", "report", "tracking", "meta_matrices",
    "meta_garble", "meta", "meta_report", "annotation", "golden", "reuse", "scoring", "stability", "stability_page",
    "recounting", "gathering", "judging", "reuse_judgements", "run_folder", "failed_cells", "recorded_lines",
    "rebuilding", "recorded", "run_search", "merging_shards", "merging_usage", "merging_systems", "merging", "plan",
    "evaluation", "flagging", "delivery", "command_line", "lang_pair_source", "config_secrets", "config_objects",
    "config_trust", "config_significance", "config", "composition", "launched", "sweeping", "app", "building",
    "doctor_parts", "doctor_machine", "doctor_network", "doctor_fakes", "doctor_facts", "doctor_versions",
    "doctor_ground", "doctor_examine", "doctor_text", "doctor", "list_command", "init_command", "store_command",
    "flag", "reading_runs", "whole_runs", "report_command", "meta_command", "stability_command", "sample_command",
    "import_command", "completion_words", "completion", "__main__",
]  # fmt: skip
ROOMS = ("annotation", "chat", "metrics", "systems", "evalsets", "garble", "unjudged", "report", "tracking")
# Files that others of their room may import: what the room shares. `given` is handed out by the evaluation.
SHARED = {
    "report": {
        *(
            "agreement",
            "average",
            "base",
            "differences",
            "document_scores",
            "leaderboard",
            "judged",
            "notes",
            "people",
            "plain",
        ),
        *("ranking", "splits", "table", "tally", "views"),
    },
    "garble": {"base", "settings"},
    "metrics": {"base", "families", "fits", "language_sets"},
    "systems": {"asking", "base", "parts", "services"},
    "evalsets": {"base", "markup", "rows", "rows_part"},
    "chat": {"base", "document", "template"},
    **{room: {"base"} for room in ("annotation", "unjudged", "tracking")},
}
HEAVY = {
    *("torch", "transformers", "comet", "datasets", "sacrebleu", "lingua", "mlflow", "wandb", "huggingface_hub"),
    *("openai", "ctranslate2", "deepl", "google", "bert_score", "translate", "pandas", "pyarrow", "sentencepiece"),
}


def modules() -> list[Path]:
    return sorted(file for file in PACKAGE.rglob("*.py") if file.name != "__init__.py")


def imports(file: Path, *, top_level: bool = False) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    nodes = tree.body if top_level else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            if node.module == "mteval":
                found.update(f"mteval.{alias.name}" for alias in node.names)
    return found


def floor(module: str) -> int:
    return FLOORS.index(module.split(".")[1])


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_point_down(file: Path) -> None:
    here = ".".join(("mteval", *file.relative_to(PACKAGE).with_suffix("").parts))
    for name in imports(file):
        if not name.startswith("mteval."):
            continue
        assert floor(name) <= floor(here), f"{here} imports {name}, which is above it"
        room = here.split(".")[1]
        if room in ROOMS and name.split(".")[1] == room:
            mine, theirs = here.split(".")[2], name.split(".")[2]
            same_family = theirs.split("_")[0] == mine.split("_")[0]
            assert theirs in SHARED[room] or same_family, f"{here} imports its sibling {name}"


@pytest.mark.parametrize(
    "file",
    [file for file in modules() if not file.stem.endswith("fakes")],  # which tests alone import
    ids=lambda file: str(file.relative_to(PACKAGE)),
)
def test_nothing_heavy_is_imported_before_it_is_needed(file: Path) -> None:
    assert not {name.split(".")[0] for name in imports(file, top_level=True)} & HEAVY


def test_only_the_command_line_knows_hydra() -> None:
    know = {file.stem for file in modules() if any(n.split(".")[0] in ("hydra", "omegaconf") for n in imports(file))}
    assert know == {
        *("config_objects", "config_trust", "config", "composition", "completion_words", "launched", "sweeping", "app"),
        "lang_pair_source",
    }


def test_init_files_are_empty() -> None:
    assert [file for file in PACKAGE.rglob("__init__.py") if file.read_text("utf-8").strip()] == []
