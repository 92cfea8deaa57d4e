"""The contract of a test set's reader: an eval set for each lang pair."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from mteval.lang import LangPair
from mteval.needs import Need
from mteval.segment import EvalSet
from mteval.shard import Shard


class EvalSetReader(ABC):
    """Reads a test set, one lang pair at a time."""

    @abstractmethod
    def load(self, pair: LangPair, pairs: Sequence[LangPair]) -> EvalSet:
        """Read the eval set of one lang pair.

        Args:
            pair: the lang pair to read.
            pairs: all lang pairs of the run, so that a file that names no languages can be told to belong to the
                only one.

        Raises:
            DataError: a file is missing, is not UTF-8, or holds what cannot be used; it names the file and line.
        """

    @abstractmethod
    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        """What must be there before it can be read, found or not; nothing is read whole, and no network is tried."""


class StreamingReader(EvalSetReader, ABC):
    """Reads a shard of a test set without ever holding the whole of it."""

    @abstractmethod
    def load_shard(self, pair: LangPair, pairs: Sequence[LangPair], shard: Shard) -> EvalSet:
        """Read a shard of the eval set of one lang pair: what ``shard.cut`` makes of all of it.

        Args:
            pair, pairs: as ``load`` has them.

        Raises:
            DataError: as ``load``, wherever in the whole it is.
        """


class RoundTripReader(EvalSetReader, ABC):
    """Reads eval sets that go from a language into itself: their lang pairs are such as ``pt-pt``, and no others."""
