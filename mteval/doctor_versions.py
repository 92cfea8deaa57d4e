"""Whether what is installed is in the versions that mteval asks for, and in those that its requirements ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

TRAPS: Mapping[str, str] = {
    "setuptools": "newer ones have no pkg_resources, which COMET's torchmetrics imports",
    "pyarrow": "newer ones do not import beside numpy 1.26",
    "sentencepiece": "newer ones bring a protobuf module that COMET's protobuf cannot import",
    "protobuf": "COMET's libraries cannot import newer ones",
    "numpy": "COMET's libraries were built for numpy 1",
    "transformers": "COMET loads its encoders with transformers 4",
}
"""By package, what goes wrong with another version than the one that is asked for."""


@dataclass(frozen=True)
class Misfit:
    """A package that is not there in a version that will do.

    Attributes:
        requirement: as ``pyarrow<22``.
        version: the one that is installed; ``None`` for none.
        wanted_by: the package that asks for it.
    """

    requirement: str
    version: str | None
    wanted_by: str

    @property
    def name(self) -> str:
        """The package's."""
        return Requirement(self.requirement).name

    @property
    def said(self) -> str:
        """What is wrong with it, without a full stop."""
        there = f"version {self.version}" if self.version else "not installed"
        trap = TRAPS.get(self.name) if self.version else None
        return f"{there}, and {self.wanted_by} wants {self.requirement}{f': {trap}' if trap else ''}"


def misfits(root: str = "mteval") -> tuple[int, list[Misfit]]:
    """How many packages a package needs, others' needs included, and those that do not fit.

    Raises:
        importlib.metadata.PackageNotFoundError: the package itself is not installed.
    """
    metadata.version(root)
    seen: set[str] = {root}
    found: list[Misfit] = []
    left = [(root, frozenset({""}))]
    asked: set[tuple[str, frozenset[str]]] = set(left)
    while left:
        asker, extras = left.pop()
        for requirement in _requirements(asker, extras):
            name = str(canonicalize_name(requirement.name))
            seen.add(name)
            try:
                version: str | None = metadata.version(requirement.name)
            except metadata.PackageNotFoundError:
                version = None
            plain = f"{requirement.name}{requirement.specifier}"
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                found.append(Misfit(plain, version, asker))
            if version is not None and (more := (name, frozenset({"", *requirement.extras}))) not in asked:
                asked.add(more)
                left.append(more)
    return len(seen) - 1, found


def _requirements(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    for line in metadata.requires(name) or ():
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue  # a version that only older tools could read, which no newer ones need to heed
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            yield requirement
