"""What all plug-ins stand on: memory, accelerators, disk, the hub, the store and the versions of packages."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from packaging.specifiers import SpecifierSet

from mteval import network
from mteval.doctor_facts import Surroundings
from mteval.doctor_machine import free_disk, writable
from mteval.doctor_network import hub_address, repository_of
from mteval.doctor_parts import Fact, Part, amount
from mteval.doctor_versions import misfits
from mteval.needs import Need
from mteval.store import Store


def machine(needs: Sequence[Need], around: Surroundings, accelerators: str, store: Store) -> list[Part]:
    """What is to be said of the machine.

    Args:
        needs: those of all plug-ins.
        accelerators: what is to be said where there is none.
    """
    found = [
        Part("machine", "memory", (_memory(around),)),
        Part("machine", "accelerator", (_gpu(around, accelerators),)),
    ]
    away = [need for need in needs if need.hub is not None and need.found is not True]
    if away:
        found += [
            Part("machine", "disk", (_disk(away, around),)),
            Part("machine", "hub", (_hub(around),), unused=network.offline()),
        ]
    if store.folder is not None:
        there = writable(store.folder)
        remedy = "choose another folder with store=FOLDER, or do without with store=null"
        said = f"{'can' if there else 'cannot'} be written"
        found.append(Part("machine", "store", (Fact(str(store.folder), there, said, remedy),)))
    return found


def versions() -> list[Part]:
    """Python and the packages that mteval requires."""
    python = platform.python_version()
    try:
        count, wrong = misfits()
    except metadata.PackageNotFoundError:
        said = "mteval is not installed as a package, so which versions it wants is not known"
        return [Part("versions", "packages", (Fact("packages", None, said, "pip install it"),))]
    wanted = SpecifierSet(str(metadata.metadata("mteval").json.get("requires_python", "")))
    fits = wanted.contains(python, prereleases=True)
    found = [
        Part(
            "versions",
            "Python",
            (Fact("Python", fits, python if fits else f"{python}, and mteval wants {wanted}", f"use Python {wanted}"),),
        )
    ]
    if not wrong:
        return [
            *found,
            Part("versions", "packages", (Fact("packages", True, f"{count} are there, all in versions that will do"),)),
        ]
    return [
        *found,
        *(
            Part("versions", one.name, (Fact(one.name, False, one.said, f"pip install '{one.requirement}'"),))
            for one in wrong
        ),
    ]


def _memory(around: Surroundings) -> Fact:
    if around.memory is None:
        return Fact("memory", None, "how much there is cannot be told")
    return Fact("memory", True, f"{amount(around.memory.total)}, {amount(around.memory.free)} of it free")


def _gpu(around: Surroundings, accelerators: str) -> Fact:
    told = [f"{one.name}, {amount(one.memory.total)}, {amount(one.memory.free)} of it free" for one in around.devices]
    return Fact("accelerator", True, "; ".join(told) or accelerators)


def _disk(needs: Sequence[Need], around: Surroundings) -> Fact:
    """Whether all downloads together fit where the hub's library keeps them."""
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE)
    sizes: dict[object, int | None] = {}
    for need in needs:
        says = around.hub.get(repository) if (repository := repository_of(need)) is not None else None
        if says is not None and says.problem is None:
            sizes[repository, need.files] = says.download(need)
    total, free = sum(size or 0 for size in sizes.values()), free_disk(folder)
    least = "at least " if None in sizes.values() else ""
    fetched = f"{least}{amount(total)} to download" if sizes else "nothing can be downloaded now"
    if free is None:
        return Fact(str(folder), None, f"{fetched}; how much room there is cannot be told")
    said = f"{amount(free)} free, {fetched}"
    return Fact(str(folder), total <= free, said, "free some, or set HF_HOME to a folder with more room")


def _hub(around: Surroundings) -> Fact:
    if network.offline():
        return Fact(hub_address(), True, "not asked, since this run is offline")
    reached = [says.reached for says in around.hub.values()]
    if any(reached):
        return Fact(hub_address(), True, "answers")
    return Fact(hub_address(), False, "cannot be reached", "go online, or give folders in place of names at the hub")
