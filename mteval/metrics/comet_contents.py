"""What a ``.ckpt`` file holds: all of it by torch, or what is beside the weights, at a glance; nothing in it is run.

The glance takes less than ``torch.load(weights_only=True)`` does, never more: of names it knows the few that are in any
file of weights, and what it cannot read is left to torch, which has the last word on it.

Code that a file holds runs where the user trusts it by name, as ``argparse.Namespace``; torch runs that and no other.
"""

from __future__ import annotations

import io
import pickle
import pkgutil
import re
import zipfile
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import OrderedDict
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn, Protocol

from mteval.metrics.comet_hub import first_line

_BEYOND_TORCH = {
    *("collections.OrderedDict", "collections.Counter", "_codecs.encode"),
    *("builtins.bytearray", "builtins.set", "builtins.complex"),
}
"""The names outside torch that ``torch.load(weights_only=True)`` takes."""
_REBUILDERS = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter")
_DTYPES = {
    *("float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"),
    *("uint8", "int8", "int16", "int32", "int64", "bool"),
}


class Refuse(Protocol):
    """Raises what says that a checkpoint cannot be used: the problem, and the remedy."""

    def __call__(self, problem: str, remedy: str) -> NoReturn: ...


def check_whole(ckpt: Path, refuse: Refuse) -> None:
    """Refuse a file that is cut off."""
    if not zipfile.is_zipfile(ckpt):  # the directory of a zip is at its end, so this finds cut-off files
        refuse(f"{ckpt.name} is cut off, or no file that torch saved", "copy or download it again")


def opened(ckpt: Path, refuse: Refuse, trusted: Collection[str] = ()) -> dict[str, Any]:
    """A checkpoint's weights and settings, mapped from the file.

    Args:
        trusted: the names of what code may run that the file holds, those of builtins without their module.
    """
    check_whole(ckpt, refuse)
    code: list[Any] = [_trusted(name, refuse) for name in trusted]
    import torch

    try:
        with torch.serialization.safe_globals(code):
            found = torch.load(ckpt, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        _refuse_code(named[1] if named else "", ckpt, refuse, trusted)
    except MemoryError:
        raise
    except Exception as error:  # torch's reader of pickles raises nearly anything of a damaged one
        refuse(f"{ckpt.name} is damaged ({first_line(error)})", "copy or download it again")
    return _parts(found, ckpt, refuse)


def glanced(ckpt: Path, refuse: Refuse, trusted: Collection[str] = ()) -> dict[str, Any]:
    """What ``opened`` returns, with empty objects for tensors, and without the seconds that importing torch takes.

    A file that holds trusted code is opened by torch.
    """
    check_whole(ckpt, refuse)
    try:
        with zipfile.ZipFile(ckpt) as archive:
            folder = archive.namelist()[0].partition("/")[0] + "/"
            records = frozenset(name.removeprefix(folder) for name in archive.namelist())
            raw = archive.read(f"{folder}data.pkl")
        if raw[:2] != b"\x80\x02" or "version" not in records:
            raise pickle.UnpicklingError("of other protocols, torch reads only some operations")
        found = _Unpickler(raw, records).load()
    except _PickledCodeError as error:
        if (name := str(error)) not in trusted:
            _refuse_code(name, ckpt, refuse, trusted)
        return opened(ckpt, refuse, trusted)
    except Exception:  # a damaged file can raise nearly anything; torch says what is wrong with it
        return opened(ckpt, refuse, trusted)
    return _parts(found, ckpt, refuse)


def _refuse_code(name: str, ckpt: Path, refuse: Refuse, trusted: Collection[str]) -> NoReturn:
    problem = f"{ckpt.name} holds pickled code{f' ({name})' if name else ''}, which loading would run"
    remedy = "use a checkpoint that torch.load(weights_only=True) accepts, as it does the published ones"
    if name in trusted:
        refuse(f"{problem}, and which torch takes from no one", remedy)
    said = f", or, if you trust its maker, set trust_pickled_code=[{','.join([*trusted, name])}], which runs it"
    refuse(problem, f"{remedy}{said if name else ''}")


def _trusted(name: str, refuse: Refuse) -> tuple[Any, str]:
    """What a name stands for, and the name as a file has it."""
    whole = name if "." in name else f"builtins.{name}"
    try:
        return pkgutil.resolve_name(whole), whole
    except (ImportError, AttributeError, ValueError) as error:
        problem = f"trust_pickled_code names {name}, which cannot be had ({first_line(error)})"
        refuse(problem, "install what it is part of, or correct the name")


def _parts(found: Any, ckpt: Path, refuse: Refuse) -> dict[str, Any]:
    parts = ("state_dict", "hyper_parameters")
    if not (isinstance(found, dict) and all(isinstance(found.get(part), Mapping) for part in parts)):
        refuse(f"{ckpt.name} holds no {' and '.join(parts)}", "use a checkpoint that COMET wrote")
    return found


class _PickledCodeError(Exception):
    """A file names code that loading would run; the message is the code's name."""


class _Weight:
    """Stands for a tensor, its storage or its type; nothing can be set on it."""

    __slots__ = ()

    def __init__(self, *parts: object) -> None:
        pass


class _Unpickler(pickle.Unpickler):
    def __init__(self, raw: bytes, records: frozenset[str]) -> None:
        super().__init__(io.BytesIO(raw), encoding="utf-8")
        self._records = records

    def find_class(self, module: str, name: str) -> Any:
        # The names of Python 2, as pickles of protocol 2 hold them.
        module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
        where = f"{module}.{name}"
        if where == "collections.OrderedDict":
            return OrderedDict
        if where == "torch.storage.UntypedStorage" or (module == "torch" and name.endswith("Storage")):
            return _Weight
        if module == "torch._utils" and name in _REBUILDERS:
            return _Weight
        if module == "torch" and name in _DTYPES:
            return _Weight()
        if module.partition(".")[0] == "torch" or where in _BEYOND_TORCH:
            raise pickle.UnpicklingError(f"{where} is torch's to take or refuse")
        raise _PickledCodeError(where.removeprefix("builtins."))

    def persistent_load(self, pid: Any) -> _Weight:
        kind, _, key, *_ = pid
        if kind != "storage" or f"data/{key}" not in self._records:
            raise pickle.UnpicklingError(f"{pid} is no storage of this file")
        return _Weight()
