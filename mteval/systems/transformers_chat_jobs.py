"""What a chat model is asked: prompts of like length in one batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """A prompt to answer.

    Attributes:
        at: which conversation it is.
        text: what the user says last in it; samples follow it.
        ids: the prompt's tokens.
        most: new tokens that the answer may have.
    """

    at: int
    text: str
    ids: list[int]
    most: int


def batches(jobs: Sequence[Job], most: int) -> Iterator[list[Job]]:
    """Group prompts of like length, the longest first, so that what does not fit into memory fails at once.

    Args:
        most: prompt tokens in a batch, padding included; a longer prompt is a batch of its own. Prompts of one batch
            have the same limit for their answers.
    """
    batch: list[Job] = []
    for job in sorted(jobs, key=lambda job: -len(job.ids)):
        if batch and (len(batch[0].ids) * (len(batch) + 1) > most or job.most != batch[0].most):
            yield batch
            batch = []
        batch.append(job)
    if batch:
        yield batch
