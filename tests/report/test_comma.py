import csv
from pathlib import Path

import pytest

from mteval.report.comma import Csv
from mteval.report.fakes import fake_result


def rows(folder: Path, name: str = "opus") -> list[dict[str, str]]:
    with Csv().write(fake_result(name), folder).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@SUM(A1)", "\tx", "\nx", "＝1"])
def test_a_name_that_a_spreadsheet_would_run_is_guarded(name: str, tmp_path: Path) -> None:
    assert rows(tmp_path, name)[0]["system"] == f"'{name}"


@pytest.mark.parametrize("name", ["a=b", "'x", 'a,"b"', "a\nb", "1-x"])
def test_other_names_are_written_as_they_are(name: str, tmp_path: Path) -> None:
    assert rows(tmp_path, name)[0]["system"] == name


def test_a_carriage_return_ends_no_row(tmp_path: Path) -> None:
    found = rows(tmp_path, "a\r=b")
    assert (found[0]["system"], found[0]["bleu"]) == ("a =b", "41.26")


def test_numbers_are_in_full_and_missing_ones_empty(tmp_path: Path) -> None:
    opus, _, silent, human, _ = rows(tmp_path)
    assert (opus["bleu"], opus["bleu_low"], opus["bleu_high"]) == ("41.26", "38.04", "44.5")
    assert (silent["rank"], silent["bleu"], silent["ter"], silent["documents_clean"]) == ("", "", "", "")
    assert silent["gate_empty"] == "0"
    assert (human["bleu"], human["bleu_signature"], human["bleu_segments"]) == ("", "", "")
