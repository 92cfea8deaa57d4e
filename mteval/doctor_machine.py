"""What this machine has: memory, accelerators and room on its disk; no neural library is loaded if it can be helped."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import util
from pathlib import Path

_SECONDS = 5.0
"""How long the driver's program may take."""

_DEVICES = ("nvidiactl", "kfd", "dxg")
"""What stands in /dev where there is a driver of an accelerator: NVIDIA's, AMD's, and that of Windows' Linux."""

_QUERY = ("--query-gpu=index,uuid,name,memory.total,memory.free", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class Memory:
    """Bytes: in all, and how many of them are free now."""

    total: int
    free: int


@dataclass(frozen=True)
class Device:
    """An accelerator that torch can use."""

    name: str
    memory: Memory


def main_memory() -> Memory | None:
    """The memory that this process may take: the machine's, or what its container grants; ``None`` if unknown."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None
    free = total
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file() and (found := re.search(r"MemAvailable:\s+(\d+) kB", meminfo.read_text("utf-8"))):
        free = int(found.group(1)) * 1024
    if (granted := _granted()) is not None and granted.total < total:
        return Memory(granted.total, min(free, granted.free))
    return Memory(total, free)


def _granted() -> Memory | None:
    """What the control group of this process grants; ``None`` where there is no limit."""
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        try:
            total = int(Path(limit).read_text("utf-8"))
            return Memory(total, max(0, total - int(Path(used).read_text("utf-8"))))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return None


def devices() -> tuple[list[Device], str]:
    """The accelerators that torch can use, and what is to be said of them, without a full stop.

    NVIDIA's own program is asked first. Torch is imported only where there is a driver and no such program.
    """
    if (program := shutil.which("nvidia-smi")) is not None:
        found, problem = _of_nvidia(program)
    elif any(Path("/dev", name).exists() for name in _DEVICES) and util.find_spec("torch") is not None:
        found, problem = _of_torch()
    else:
        return [], "none found: models run on the CPU"
    if problem:
        return [], problem
    if not found:
        return [], "none that this process may use (CUDA_VISIBLE_DEVICES): models run on the CPU"
    if _torch_is_for_the_cpu():
        names = ", ".join(device.name for device in found)
        return (
            [],
            f"{names} is there, but the torch that is installed is built for the CPU alone: models run on the CPU",
        )
    return found, ""


def free_disk(folder: Path) -> int | None:
    """The free bytes where a folder is, or will be; ``None`` if that cannot be told."""
    for there in (folder.absolute(), *folder.absolute().parents):
        try:
            return shutil.disk_usage(there).free
        except OSError:
            continue
    return None


def writable(folder: Path) -> bool:
    """Whether a folder can be written, or made where it is not there; nothing is made."""
    there = next((one for one in (folder.absolute(), *folder.absolute().parents) if one.exists()), Path("/"))
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _of_nvidia(program: str) -> tuple[list[Device], str]:
    try:
        shown = subprocess.run([program, *_QUERY], capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], f"nvidia-smi does not answer ({type(error).__name__}): models run on the CPU unless torch finds one"
    if shown.returncode != 0:
        said = (shown.stdout.strip() or shown.stderr.strip() or "no word").splitlines()[0]
        return [], f"nvidia-smi says: {said}"
    rows = [[cell.strip() for cell in line.split(",")] for line in shown.stdout.splitlines() if line.count(",") == 4]
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        rows = [row for row in rows if _allowed(row[0], row[1], allowed)]
    return [Device(name, Memory(_mebibytes(total), _mebibytes(free))) for _, _, name, total, free in rows], ""


def _allowed(index: str, uuid: str, allowed: str) -> bool:
    names = [name.strip() for name in allowed.split(",")]
    return index in names or any(len(name) > 4 and uuid.startswith(name) for name in names)


def _mebibytes(number: str) -> int:
    return int(float(number) * 2**20) if re.fullmatch(r"[\d.]+", number) else 0


def _of_torch() -> tuple[list[Device], str]:
    try:
        import torch

        count = torch.cuda.device_count()
        found = [torch.cuda.get_device_properties(at) for at in range(count)]
        free = [torch.cuda.mem_get_info(at)[0] for at in range(count)]
    except Exception as error:  # whatever a driver that does not fit makes torch raise
        return [], f"torch cannot use one ({type(error).__name__}): models run on the CPU"
    return [Device(one.name, Memory(one.total_memory, left)) for one, left in zip(found, free, strict=True)], ""


def _torch_is_for_the_cpu() -> bool:
    """Whether torch is installed in a build without CUDA and ROCm, by the file in which it says so."""
    spec = util.find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    file = Path(spec.origin).parent / "version.py"
    text = file.read_text("utf-8", "replace") if file.is_file() else ""
    built = re.findall(r"^(?:cuda|hip)\b[^=\n]*=\s*(.+)$", text, re.MULTILINE)
    return bool(built) and all(value.strip() == "None" for value in built)
