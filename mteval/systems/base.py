"""The contract of a system: what produces hypotheses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mteval.lang import LangPair
from mteval.needs import Need
from mteval.segment import EvalSet, Segment
from mteval.signature import Signature
from mteval.usage import UNUSED, Usage

Kind = Literal["system", "reference", "canary"]
"""A ``reference`` is a human translation shown as an upper bound; a ``canary`` is nonsense that shows where each metric
would rank nonsense. Neither is ranked among the systems."""


@dataclass(frozen=True)
class SystemCard:
    """What the harness must know of a system before it runs it.

    Attributes:
        kind: whether it is ranked, shown as an upper bound, or shown as nonsense.
        reusable: whether a hypothesis depends on the segment's source and the signature alone, so that it can be
            stored.
        builds_on: the system whose hypotheses it is made of, by name; ``None`` for none, or for the first.
        unit: what it translates as one: with ``document`` it is only ever handed whole documents, and what the store
            holds of a document counts only if all of its segments are the same.
        optimised_with: metrics and families of metrics that it chooses its hypotheses by.
        model: the language model that translates, by name; ``None`` if that is no matter.
    """

    kind: Kind = "system"
    reusable: bool = False
    builds_on: str | None = None
    unit: Literal["segment", "document"] = "segment"
    optimised_with: tuple[str, ...] = ()
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """What a system made of one segment.

    Attributes:
        text: the hypothesis; it may be empty, and the gate marks it.
        notices: what must not pass in silence, a sentence each: the source was cut, the hypothesis has no end.
        usage: what a service was asked for to make it.
    """

    text: str
    notices: tuple[str, ...] = ()
    usage: Usage = UNUSED


class System(ABC):
    """Produces hypotheses.

    Constructors are cheap and check every setting; nothing is loaded or downloaded before ``check`` or first use.
    """

    @property
    @abstractmethod
    def card(self) -> SystemCard:
        """What the harness must know of the system."""

    @abstractmethod
    def declines(self, eval_set: EvalSet) -> str | None:
        """Why it does not translate this eval set, in words (``no mode for ro-en``); ``None`` if it does."""

    @abstractmethod
    def check(self, pair: LangPair) -> None:
        """Make sure, before anything is translated, that it can translate this lang pair on this machine.

        Raises:
            UnavailableError: a program, package or checkpoint is missing.
        """

    @abstractmethod
    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        """What must be there before it can translate, found or not; nothing is loaded, and no network is tried."""

    @abstractmethod
    def signature(self, pair: LangPair) -> Signature:
        """Every setting that changes its output: version, checkpoint revision, decoding."""

    @abstractmethod
    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        """Translate segments.

        Args:
            segments: what to translate.
            pair: from which language into which.
            hypotheses: what the systems before this one produced, by name, aligned with ``segments``; only canaries
                look at it.

        Yields:
            A segment's position and its output, in any order, each position exactly once; as they are finished, so
            that a run that is cut off keeps what it has.
        """

    @abstractmethod
    def close(self) -> None:
        """Give up what takes memory, such as weights; it is loaded again when it is needed."""


class Proposer(ABC):
    """What can propose several hypotheses of a segment: an n-best list, or samples. A system says so by deriving from
    both."""

    @abstractmethod
    def signature_of_proposals(self, pair: LangPair, count: int) -> Signature:
        """Every setting that changes what it proposes, beam search or sampling with its seed included."""

    @abstractmethod
    def propose(
        self, segments: Sequence[Segment], pair: LangPair, count: int
    ) -> Iterator[tuple[int, tuple[Output, ...]]]:
        """Propose hypotheses of segments.

        Args:
            segments: what to translate.
            pair: from which language into which.
            count: how many to propose for each, at least 1.

        Yields:
            A segment's position and its proposals, the likeliest first where there is an order; ``count`` of them, or
            fewer where there are no more, but at least one, and equal ones as often as they were drawn. Positions in
            any order, each exactly once.
        """
