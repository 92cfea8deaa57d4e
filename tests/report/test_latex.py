import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mteval.report.fakes import METRICS, fake_result
from mteval.report.latex import Latex, escape

HOSTILE = "50% of $x_1 & {y}\\input{z}^~#|<a>`--"


def test_escaped_text_holds_nothing_that_latex_obeys() -> None:
    escaped = escape(HOSTILE)
    bare = re.sub(r"\\(text[a-z]+|allowbreak)\{\}|\\[{}$&#%_]|-\{\}", "", escaped)
    assert re.search(r"[\\{}$&#%_^~]", bare) is None
    assert "--" not in escaped
    assert r"\input" not in escaped


def test_a_hostile_name_keeps_the_table_whole(tmp_path: Path) -> None:
    text = Latex().write(fake_result(HOSTILE), tmp_path).read_text("utf-8")
    body = text.split(r"\midrule")[1]
    first = body.split("\\\\\n")[0]
    assert len(re.findall(r"(?<!\\)&", first)) == 6  # seven cells
    braces = re.sub(r"\\[{}]", "", text)
    assert braces.count("{") == braces.count("}")


def test_environments_are_closed_in_order(tmp_path: Path) -> None:
    text = Latex().write(fake_result(), tmp_path).read_text("utf-8")
    opened: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert opened == []
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 2  # all documents, clean sources
    assert re.search(r"\\textbf\{41\.3\} .*\n *&  & \{\\scriptsize \[38\.0, 44\.5\]\}", text)


def test_with_many_metrics_the_intervals_are_left_out_and_this_is_said(tmp_path: Path) -> None:
    result = replace(fake_result(), metrics={**METRICS, "other": METRICS["bleu"], "more": METRICS["ter"]})
    text = Latex().write(result, tmp_path).read_text("utf-8")
    assert "[38.0, 44.5]" not in text
    assert "Confidence intervals are in leaderboard.csv." in text


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="LaTeX is not installed: apt-get install texlive-latex-recommended lmodern"
)
@pytest.mark.parametrize("hostile", ["opus", HOSTILE], ids=["plain", "hostile"])
def test_latex_itself_sets_it_and_nothing_is_wider_than_a_page(hostile: str, tmp_path: Path) -> None:
    result = fake_result(hostile)
    Latex().write(replace(result, baseline="apertium"), tmp_path)
    head = r"\documentclass[a4paper]{article}\usepackage[margin=2cm]{geometry}\usepackage{booktabs}\usepackage{lmodern}"
    body = r"\usepackage[T1]{fontenc}\begin{document}\input{leaderboard.tex}\end{document}"
    (tmp_path / "paper.tex").write_text(head + body, "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)", done.stdout)]
    assert hostile != "opus" or max(wide, default=0) < 1
