"""From what a plug-in needs to facts: is it there, can it be fetched, does it fit into memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mteval import network
from mteval.doctor_machine import Device, Memory
from mteval.doctor_network import HubSays, Repository, hub_address, repository_of
from mteval.doctor_parts import Fact, amount
from mteval.needs import Need

FETCHED = ("checkpoint", "data")
"""Kinds of needs that a run downloads if they are not there."""


@dataclass(frozen=True)
class Surroundings:
    """What a need is held against.

    Attributes:
        hub: what the hub said of what would come from there.
        endpoints: by address, whether it answers, and with what.
        devices: the accelerators that can be used.
        memory: the main memory; ``None`` where that is not known.
    """

    hub: Mapping[Repository, HubSays] = field(default_factory=dict)
    endpoints: Mapping[str, tuple[bool | None, str]] = field(default_factory=dict)
    devices: Sequence[Device] = ()
    memory: Memory | None = None


def facts_of(needs: Sequence[Need], around: Surroundings, *, example: bool) -> list[Fact]:
    """A fact for each need, and one for the memory that all of them take together.

    Args:
        example: whether what they name is only an example's, so that lacking it says nothing.
    """
    facts = [_fact(need, around, example) for need in needs]
    sizes = [fact.memory for fact in facts if fact.memory]
    return [*facts, _fits(sum(sizes), around)] if sizes else facts


def named(need: Need) -> str:
    """What a need is called in a check-up; a file's name says what it is."""
    return need.name if need.kind == "file" else f"{need.kind} {need.name}"


def _fact(need: Need, around: Surroundings, example: bool) -> Fact:
    what = named(need)
    fact = Fact(what, need.found, need.detail, need.remedy, telling=False, memory=_memory(need, need.memory, around))
    if need.kind == "endpoint" and need.url is not None:
        fact = _reached(need, need.url, around, "")
    elif need.kind in FETCHED and need.found is not True and need.hub is not None:
        fact = _fetched(need, around)
    elif need.kind in FETCHED and need.found is not True and need.url is not None:
        fact = _reached(need, need.url, around, "is downloaded at first use: its server ")
    if example and fact.found is False and need.kind in ("file", *FETCHED):
        return Fact(what, None, fact.said)
    return fact


def _reached(need: Need, url: str, around: Surroundings, before: str) -> Fact:
    """The fact of something that answers under an address of its own."""
    what = named(need)
    if url not in around.endpoints:
        if need.found is True:
            return Fact(what, True, need.detail, need.remedy, telling=False)
        said = "is not this machine's own, and this run is offline" if network.offline() else need.detail or "not asked"
        return Fact(what, False if network.offline() else need.found, said, "set offline=false")
    found, said = around.endpoints[url]
    return Fact(
        what, found, f"{before if found else ''}{url} {said}", need.remedy or "start it, or correct its address"
    )


def _fetched(need: Need, around: Surroundings) -> Fact:
    """The fact of something that a run would fetch from the hub."""
    what, there = named(need), need.detail or "not in the hub's cache"
    says = around.hub.get(repository) if (repository := repository_of(need)) is not None else None
    if says is None:
        said = f"{there}, and this run is offline; its size is not known"
        return Fact(what, False, said, _or(need.remedy, "set offline=false"))
    if says.problem is not None:
        more = "" if says.reached else "; its size is not known"
        return Fact(what, False, f"{there}, and {says.problem}{more}", need.remedy)
    size = says.download(need)
    told = f"a download of {amount(size)}" if size is not None else "a download of a size that the hub does not tell"
    if says.gated and says.accepted is not True:
        kind = "datasets/" if need.dataset else ""
        remedy = f"accept it at {hub_address()}/{kind}{need.hub} and log in with hf auth login"
        if says.accepted is False:
            return Fact(what, False, f"{there}; gated, and this user has not accepted its licence", remedy)
        said = f"{told}; gated, and the hub does not say whether this user has accepted its licence"
        return Fact(what, None, said, remedy, download=size)
    licence = "; gated, and this user has accepted its licence" if says.gated else ""
    memory = _memory(need, need.memory or (size if need.kind == "checkpoint" else None), around)
    return Fact(what, True, f"{told} at first use{licence}", need.remedy, download=size, memory=memory)


def _memory(need: Need, of_one: int | None, around: Surroundings) -> int | None:
    """The memory that is taken where most is: by all copies, or by those that share one accelerator."""
    return None if of_one is None else of_one * -(-need.copies // max(1, len(around.devices)))


def _or(remedy: str, other: str) -> str:
    return f"{remedy}, or {other}" if remedy else other


def _fits(size: int, around: Surroundings) -> Fact:
    """Whether so much memory is there: an accelerator's, or else the main one; for weights, with no room to work in."""
    needed = f"takes {amount(size)}"
    narrower = "choose a smaller checkpoint, or a narrower precision"
    main = around.memory
    if around.devices:
        best = max(around.devices, key=lambda device: device.memory.total)
        if size <= best.memory.free:
            return Fact("memory", True, f"{needed}; {amount(best.memory.free)} are free on {best.name}")
        if size <= best.memory.total:
            said = f"{needed}, and only {amount(best.memory.free)} are free now on {best.name}"
            return Fact("memory", None, said, "free some: nvidia-smi shows what takes it")
        said = f"{needed}, and {best.name} has {amount(best.memory.total)}"
        if main is None or size <= main.total:
            return Fact("memory", None, said, f"set its device to cpu, {narrower}")
        return Fact("memory", False, said, narrower)
    if main is None:
        return Fact("memory", None, f"{needed}; how much this machine has cannot be told", narrower)
    if size > main.total:
        return Fact("memory", False, f"{needed}, and this machine has {amount(main.total)}", narrower)
    if size > main.free:
        said = f"{needed}, and only {amount(main.free)} are free now"
        return Fact("memory", None, said, "end what takes the rest")
    return Fact("memory", True, f"{needed}; {amount(main.free)} are free")
