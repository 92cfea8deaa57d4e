"""Cells that no spreadsheet takes for a formula."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the last: full width


def guarded(cell: str) -> str:
    """A cell's text with an apostrophe before it, where a program could take it for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def bare(cell: str) -> str:
    """A guarded cell's own text."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
