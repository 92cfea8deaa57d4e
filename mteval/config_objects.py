"""From a node of a composed config to the object that it names, with every setting checked on the way."""

from __future__ import annotations

import difflib
import importlib
import inspect
import re
import types
import typing
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from omegaconf import DictConfig, OmegaConf

from mteval.errors import ConfigError, MtevalError

Built = TypeVar("Built")


def build_all(config: DictConfig, group: str, base: type[Built], allow: Sequence[str]) -> dict[str, Built]:
    return {str(name): build_node(node, f"{group}.{name}", base, allow) for name, node in (config[group] or {}).items()}


def build_node(node: Any, key: str, base: type[Built], allow: Sequence[str]) -> Built:
    """Build what one node of the config names.

    Interpolations are resolved once, and what was checked is what is built: not Hydra's ``instantiate``, which would
    resolve them anew (``${now:%f}`` is another text each time), and has keys of its own that change what is called.

    Args:
        node: has ``_target_`` and its constructor's arguments; a plain dict is taken as it is, without interpolations.
        key: where the node is, for errors.
        base: the contract that the target must keep.
        allow: top-level packages whose classes may be built.
    """
    if not isinstance(node, DictConfig | dict) or "_target_" not in node:
        raise ConfigError(key, "names no class to build", "choose an option of the group, or add _target_: a class")
    plain = node if isinstance(node, dict) else OmegaConf.to_container(node, resolve=True)
    settings = cast(dict[str, Any], plain)
    for where, path in targets_of(settings, key):
        check_target(where, path, allow)
    target = _find(str(settings["_target_"]), key)
    if not (inspect.isclass(target) and issubclass(target, base)):
        raise ConfigError(f"{key}._target_", f"{settings['_target_']} is no {base.__name__}", f"name a {base.__name__}")
    _check_settings(settings, key)
    return cast(Built, _built(settings, key))


def _built(node: Any, key: str) -> Any:
    """A value of a config, with an object in place of each node that names a class, the innermost first."""
    if isinstance(node, list):
        return [_built(value, f"{key}[{index}]") for index, value in enumerate(node)]
    if not isinstance(node, dict):
        return node
    given = {name: _built(value, f"{key}.{name}") for name, value in node.items() if name != "_target_"}
    if "_target_" not in node:
        return given
    target = _find(str(node["_target_"]), key)
    try:
        return target(**given)
    except MtevalError as error:
        known = inspect.signature(target).parameters
        raise type(error)(_full_key(error.where, key, known), error.problem, error.remedy) from None
    except Exception as error:
        raise ConfigError(key, f"{type(error).__name__}: {error!s}", "correct it") from error


def _check_settings(node: Any, key: str) -> None:
    """Make sure that what a node gives to the class that it names fits that class's constructor, however deep."""
    if isinstance(node, list):
        for index, value in enumerate(node):
            _check_settings(value, f"{key}[{index}]")
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        _check_settings(value, f"{key}.{name}")
    if "_target_" not in node:
        return
    target = _find(str(node["_target_"]), key)
    known = inspect.signature(target).parameters
    hints = typing.get_type_hints(target.__init__)
    for name in map(str, node):
        if name not in known and name != "_target_":
            close = difflib.get_close_matches(name, known, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"it takes {', '.join(known) or 'no settings'}"
            raise ConfigError(f"{key}.{name}", "unknown key", remedy)
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in node:
            raise ConfigError(f"{key}.{name}", "has no value", f"give it one, as in {key}.{name}=VALUE")
    for name, value in node.items():
        if name in hints and not isinstance(value, dict) and not fits(value, hints[name]):
            expected = str(hints[name]).removeprefix("<class '").removesuffix("'>").replace("collections.abc.", "")
            raise ConfigError(f"{key}.{name}", f"{value!r} is not of type {expected}", "give a value of that type")


def fits(value: Any, hint: Any) -> bool:
    """Whether a value from YAML is of an annotated type; an annotation that YAML has no values for fits anything.

    A number is no truth value and a text is no number, however Python would take them.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, argument) for argument in arguments)
    if origin is typing.Literal:
        return value in arguments
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint in (str, bool, types.NoneType):
        return isinstance(value, hint)
    if origin is not None and issubclass(origin, Mapping):
        return isinstance(value, dict)
    if origin is not None and issubclass(origin, Sequence):
        return isinstance(value, list) and all(fits(one, arguments[0]) for one in value)
    return True


def _full_key(where: str, key: str, known: Collection[str]) -> str:
    """The key as the user's config has it, of a place that a constructor can only name by its own argument."""
    for found in re.finditer(r"[A-Za-z_]\w*", where):
        if found.group() in known:
            return f"{key}.{where[found.start() :]}"
    return where if where.startswith(key) else f"{key}: {where}"


def check_target(where: str, path: str, allow: Sequence[str], optional: str | None = None) -> None:
    """Make sure that a ``_target_``, however deep, is a class that an allowed package defines, not one it imports.

    Args:
        where: the node that has it.
        allow: top-level packages; no other is imported.
        optional: one whose modules may be missing, in which case nothing can be built of them.

    Raises:
        ConfigError: it is not.
    """
    package = path.split(".")[0]
    outside = ConfigError(
        f"{where}._target_",
        f"{path} is outside {' and '.join(allow)}",
        "if you trust that package, allow it by name: allow=[PACKAGE]",
    )
    if package not in allow:
        raise outside
    try:
        found = _find(path, where)
    except ConfigError:
        if package == optional and re.fullmatch(r"\w+(\.\w+){3}", path):
            return
        raise
    if not inspect.isclass(found):
        raise ConfigError(f"{where}._target_", f"{path} is no class", "name a class")
    if found.__module__.split(".")[0] not in allow:
        raise outside


def targets_of(node: Any, key: str) -> Iterator[tuple[str, str]]:
    """Every ``_target_`` in a node, however deep, with its key."""
    if isinstance(node, dict):
        if "_target_" in node:
            yield key, str(node["_target_"])
        for name, value in node.items():
            yield from targets_of(value, f"{key}.{name}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from targets_of(value, f"{key}[{index}]")


def _find(target: str, key: str) -> Any:
    module, _, name = target.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"{key}._target_", f"cannot import {target} ({error})", "correct the class's path") from None
