"""Shows differences between systems, and averages over lang pairs, on a terminal."""

from __future__ import annotations

from rich.cells import cell_len

from mteval.report.average import AVERAGE_LEGEND, Average
from mteval.report.differences import DIFFERENCE_LEGEND, Differences
from mteval.report.plain import plain
from mteval.report.terminal_screen import Screen, named

_GAP = 2
_NUMBERS = (10, 6, 10, 12)
"""Widths of a difference, its p-value, what could be detected, and what it means to people."""


def show_differences(found: Differences | None, screen: Screen, *, legend: bool) -> bool:
    """Print one lang pair's differences; names wrap and are never cut.

    Args:
        legend: whether to say what the columns are.

    Returns:
        Whether there was anything to print.
    """
    if found is None:
        return False
    metrics = list(dict.fromkeys(row.heading for row in found.rows))
    several = len(metrics) > 1
    screen.say(found.title if several else f"{found.title} by {metrics[0]}", "bold")
    screen.gap()
    to_one = several or len({row.other for row in found.rows}) == 1 < len(found.rows)  # the title says to whom
    columns = {"System": [row.system for row in found.rows]}
    if not to_one:
        columns["Against"] = [row.other for row in found.rows]
    widest = min(max(cell_len(plain(metric)) for metric in metrics), 16)
    spare = screen.width - sum(_NUMBERS) - len(_NUMBERS) * _GAP - (widest + _GAP if several else 0)
    grid = screen.grid()
    if several:
        grid.add_column("Metric", width=widest, overflow="fold")
    for heading, names in columns.items():
        longest = max(len(heading), *(cell_len(plain(name)) for name in names))
        grid.add_column(heading, width=min(longest, max(7, spare // len(columns) - _GAP)), overflow="fold")
    for heading, width in zip(("Difference", "p", "Detectable", "People"), _NUMBERS, strict=True):
        grid.add_column(heading, justify="right", overflow="fold", max_width=width)
    for at, row in enumerate(found.rows):
        repeated = at > 0 and found.rows[at - 1].heading == row.heading
        texts = [*(["" if repeated else row.heading] if several else []), *(names[at] for names in columns.values())]
        difference = screen.text(row.text, "bold" if row.significant else "")
        numbers = map(screen.text, (row.p_text, row.detectable_text, row.agreement_text))
        grid.add_row(*map(screen.text, texts), difference, *numbers)
    screen.print(grid)
    screen.gap()
    if legend:
        screen.say(DIFFERENCE_LEGEND, "dim")
        screen.gap()
    return True


def show_average(found: Average | None, screen: Screen) -> None:
    """Print the averages over lang pairs; metrics that do not fit stand in another table."""
    if found is None:
        return
    screen.say(found.title, "bold")
    screen.gap()
    every = (*found.ranked, *found.unranked)
    name = min(max(len("System"), *(cell_len(plain(named(row.system, row.kind))) for row in every)), 24)
    widths = [min(max(cell_len(plain(column.heading)), 8), 16) for column in found.columns]
    start = 0
    while start < len(widths):
        end = start + 1
        while end < len(widths) and name + sum(width + _GAP for width in widths[start : end + 1]) <= screen.width:
            end += 1
        grid = screen.grid()
        grid.add_column("System", width=name, overflow="fold")
        for at in range(start, end):
            heading = screen.text(found.columns[at].heading)
            grid.add_column(heading, width=widths[at], justify="right", overflow="fold")
        for rows in (found.ranked, found.unranked):
            for row in rows:
                grid.add_row(screen.text(named(row.system, row.kind)), *map(screen.score, row.cells[start:end]))
            grid.add_section()
        screen.print(grid)
        screen.gap()
        start = end
    screen.say(AVERAGE_LEGEND, "dim")
    for note in found.notes:
        screen.say(note)
    screen.gap()
