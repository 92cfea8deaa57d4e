from pathlib import Path

from mteval.run_folder import ITS_MARK, RunFolder


def fill(path: Path, *names: str) -> set[str]:
    """Write a run of so many files, and say what is there then."""
    with RunFolder(path, overwrite=True) as folder:
        folder.fill(lambda partial: [(partial / name).write_text("new") for name in (*names, ITS_MARK)] and None)
    return {file.name for file in path.iterdir()}


def test_what_an_earlier_run_wrote_and_this_one_did_not_is_removed(tmp_path: Path) -> None:
    pages = [f"leaderboard-segments-{number}.html" for number in (1, 2, 11)]
    assert fill(tmp_path, "leaderboard.html", *pages) == {"leaderboard.html", *pages, ITS_MARK}
    (tmp_path / "notes.html").write_text("mine")
    assert fill(tmp_path, "leaderboard.html", pages[0]) == {"leaderboard.html", pages[0], "notes.html", ITS_MARK}
    assert fill(tmp_path, "leaderboard.md") == {"leaderboard.md", "notes.html", ITS_MARK}
