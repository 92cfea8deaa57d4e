"""What systems that are made of systems share: their parts checked, joined into one card, and asked in order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from mteval.errors import ConfigError, ContractError
from mteval.segment import Segment
from mteval.signature import Signature
from mteval.systems.base import System, SystemCard

Part = TypeVar("Part")
Made = TypeVar("Made")


def parts_of(key: str, given: Mapping[str, Part], kind: type[Part]) -> dict[str, Part]:
    """Parts by name, as a config nests them.

    Args:
        key: the constructor's argument, for errors.
        kind: the contract that each must keep.

    Raises:
        ConfigError: there is none, or one is no such thing.
    """
    noun = kind.__name__.lower()
    if not isinstance(given, Mapping) or not given:
        raise ConfigError(key, f"names no {noun}", f"nest one under its name, as configs/{noun}s/NAME.yaml has it")
    for name, part in given.items():
        if not isinstance(part, kind):
            raise ConfigError(f"{key}.{name}", f"is no {noun}", f"nest an option of configs/{noun}s")
        if isinstance(part, System) and part.card.kind != "system":
            raise ConfigError(f"{key}.{name}", f"is a {part.card.kind}, not what translates", "name another system")
    return dict(given)


def part_of(key: str, given: Mapping[str, Part], kind: type[Part]) -> tuple[str, Part]:
    """The only part, with its name.

    Raises:
        ConfigError: there is none, or there are several, or it is no such thing.
    """
    found = parts_of(key, given, kind)
    if len(found) > 1:
        raise ConfigError(key, f"names {len(found)}: {', '.join(found)}", "name exactly one")
    return next(iter(found.items()))


def card_of(parts: Collection[System], optimised_with: Sequence[str] = ()) -> SystemCard:
    """The card of a system that is made of others.

    Args:
        optimised_with: what it chooses by itself, beside what its parts choose by.
    """
    cards = [part.card for part in parts]
    chosen_by = dict.fromkeys((*optimised_with, *(name for card in cards for name in card.optimised_with)))
    models = dict.fromkeys(card.model.rpartition("/")[2] for card in cards if card.model)
    return SystemCard(
        reusable=all(card.reusable for card in cards),
        unit="document" if any(card.unit == "document" for card in cards) else "segment",
        optimised_with=tuple(chosen_by),
        model=" + ".join(models) or None,
    )


def nested(name: str, signature: Signature) -> str:
    """A part's signature as one setting of the whole's: ``apertium_es(version:3.8.3,unknown:plain)``."""
    return f"{name}({str(signature).replace('|', ',')})"


def spans(segments: Sequence[Segment], card: SystemCard, size: int) -> Iterator[range]:
    """What a system that is made of others hands to them at once: positions of segments, in order.

    A system that is not reusable may count on seeing all segments, as one that reads hypotheses from a file does, and
    gets them all; one that translates documents gets whole ones.

    Args:
        card: of the whole.
        size: segments of a span; one of whole documents may have more.
    """
    start = 0
    for end in range(1, len(segments) + 1):
        if end < len(segments):
            inside = card.unit == "document" and segments[end].document == segments[end - 1].document
            if not card.reusable or inside or end - start < size:
                continue
        yield range(start, end)
        start = end


def whole(found: Iterable[tuple[int, Made]], count: int, who: str) -> Iterator[tuple[int, Made]]:
    """What a part yields, as it comes, and made sure of to be all that it was asked for.

    Args:
        count: how much it was asked for.
        who: the part, for errors: ``system apertium_es``.

    Raises:
        ContractError: a position is none that was asked for, is there twice or is missing.
    """
    seen: set[int] = set()
    for position, one in found:
        if not 0 <= position < count or position in seen:
            raise ContractError(who, f"gave result {position + 1} of {count} twice or for nothing", "report it")
        seen.add(position)
        yield position, one
    if len(seen) < count:
        raise ContractError(who, f"gave {len(seen)} results where {count} were asked for", "report it")


def in_order(found: Iterable[tuple[int, Made]], count: int, who: str) -> list[Made]:
    """What a part yields, in the order of what it was asked for; made sure of likewise."""
    made = dict(whole(found, count, who))
    return [made[position] for position in range(count)]
