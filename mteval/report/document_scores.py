"""Scores by document, before any format: what the leaderboard's one number a system cannot tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mteval.report.base import PairResult, SystemResult
from mteval.report.table import Cell, Column, Table

MOST = 10
"""How many documents an eval set may have for a page to show them; ``leaderboard.json`` holds them all."""

DOCUMENT_LEGEND = (
    "A document's score is made of its own segments alone and has no confidence interval: of few segments it says "
    "little. Canaries are left out."
)


@dataclass(frozen=True)
class Block:
    """One metric's scores by document.

    Attributes:
        heading: the metric's label, and which way is better.
        rows: by system name, in the order of the leaderboard, a score a document as a table shows it.
    """

    heading: str
    rows: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class DocumentTable:
    """The scores by document in one lang pair.

    Attributes:
        documents: their ids, in document order.
        blocks: one a metric, in config order; none where there is nothing to tell apart, or too much to show.
    """

    documents: tuple[str, ...]
    blocks: tuple[Block, ...]


def document_table(pair: PairResult, table: Table) -> DocumentTable:
    """What a page shows of one lang pair's scores by document.

    It shows the systems of the pair's leaderboard but for canaries, nonsense by design, if there are two to ``MOST``
    documents.
    """
    documents = tuple(document.id for document in pair.eval_set.documents)
    if not 1 < len(documents) <= MOST:
        return DocumentTable(documents, ())
    by_name = {system.name: system for system in pair.systems}
    systems = [by_name[row.system] for row in table.rows if row.kind != "canary"]
    blocks = (
        Block(
            column.heading,
            {
                system.name: tuple(_cell(system, column, document).text for document in documents)
                for system in systems
                if column.metric in system.document_scores
            },
        )
        for column in table.columns
    )
    return DocumentTable(documents, tuple(block for block in blocks if block.rows))


def document_scores(system: SystemResult) -> dict[str, dict[str, float | None]]:
    """One system's scores by metric name and document, every number in full."""
    return {metric: dict(found.scores) for metric, found in system.document_scores.items()}


def _cell(system: SystemResult, column: Column, document: str) -> Cell:
    return Cell(system.document_scores[column.metric].scores.get(document), None, column.decimals)
