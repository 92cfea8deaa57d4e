"""A real Slurm of one node with two CPUs on the loopback, from Debian's ``slurm-wlm`` and ``munge``."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "scancel")
_CONFIG = """\
ClusterName=mteval
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
SchedulerParameters=batch_sched_delay=0,sched_interval=1
KillWait=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def lacking() -> str | None:
    """Why there can be no Slurm here, in words; ``None`` if there can."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [name for name in _PROGRAMS if shutil.which(name, path=path) is None]
    if missing:
        return f"no {', '.join(missing)}: install Debian's slurm-wlm and munge"
    return None if os.geteuid() == 0 else "Slurm's programs are started as root"


@contextmanager
def cluster(folder: Path) -> Iterator[Mapping[str, str]]:
    """Start a Slurm in a folder, and stop it in the end; gives the environment in which its commands find it.

    Raises:
        RuntimeError: it does not come up; what its programs said is shown.
    """
    host = socket.gethostname().partition(".")[0]
    for name in ("munge", "state", "spool"):
        (folder / name).mkdir()
    (folder / "munge").chmod(0o711)
    key = folder / "munge" / "key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        ports = {"controller": one.getsockname()[1], "daemon": other.getsockname()[1]}
    config = folder / "slurm.conf"
    config.write_text(_CONFIG.format(host=host, folder=folder, **ports), "utf-8")
    environment = {**os.environ, "SLURM_CONF": str(config), "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    munge = [f"--{name}={folder}/munge/{name}" for name in ("socket", "pid-file", "log-file", "seed-file")]
    with ExitStack() as running:
        for command in (
            ["munged", "--foreground", "--force", f"--key-file={key}", *munge],
            ["slurmctld", "-D", "-i"],
            ["slurmd", "-D", "-N", host],
        ):
            log = running.enter_context((folder / f"{command[0]}.txt").open("w"))
            running.enter_context(_running(command, environment, log))
            time.sleep(0.5)
        _wait_until_idle(folder, environment)
        yield environment
        subprocess.run(["scancel", "--user=root"], env=environment, check=False)


def _wait_until_idle(folder: Path, environment: Mapping[str, str]) -> None:
    shown = ""
    for _ in range(120):
        found = subprocess.run(
            ["sinfo", "-h", "-o", "%T"], env=environment, capture_output=True, text=True, check=False
        )
        shown = found.stdout.strip()
        if shown == "idle":
            return
        time.sleep(0.25)
    told = "\n".join(file.read_text("utf-8", errors="replace")[-1500:] for file in sorted(folder.glob("*.txt")))
    raise RuntimeError(f"Slurm's node is {shown or 'unknown'}, not idle:\n{told}")


@contextmanager
def _running(command: list[str], environment: Mapping[str, str], log: IO[str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
