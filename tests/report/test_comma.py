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
    opus, _, silent, human, _ = rows(tmp_path)[:5]
    assert (opus["bleu"], opus["bleu_low"], opus["bleu_high"]) == ("41.26", "38.04", "44.5")
    assert (silent["rank"], silent["bleu"], silent["ter"], silent["documents_clean"]) == ("", "", "", "")
    assert silent["gate_empty"] == "0"
    assert (human["bleu"], human["bleu_signature"], human["bleu_segments"]) == ("", "", "")


def test_shares_of_garbled_texts_are_given(tmp_path: Path) -> None:
    apertium = rows(tmp_path)[1]
    assert [apertium[f"segments_{label}"] for label in ("garbled", "suspect", "clean")] == ["2", "1", "1"]
    assert (apertium["segments_garbled_share"], apertium["documents_garbled_share"]) == ("0.5", "0.5")
    silent = rows(tmp_path)[2]
    assert (silent["segments_garbled"], silent["documents_garbled_share"]) == ("", "")


def test_clean_sources_have_rows_of_their_own(tmp_path: Path) -> None:
    found = rows(tmp_path)
    assert [row["documents"] for row in found] == ["all"] * 5 + ["clean sources"] * 5
    apertium = found[6]
    assert (apertium["system"], apertium["rank"], apertium["bleu"], apertium["bleu_segments"]) == (
        "apertium",
        "2",
        "24.1",
        "2",
    )
    assert (apertium["gate_empty"], apertium["gate_looped"]) == ("1", "0")
    assert (apertium["segments_garbled"], apertium["documents_garbled"]) == ("1", "0")
