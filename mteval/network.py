"""Whether the network may be tried: ``offline=true`` in a config forbids it, as ``HF_HUB_OFFLINE=1`` does."""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import urlsplit

from mteval.errors import UnavailableError

_SWITCHES = ("MTEVAL_OFFLINE", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")
_OURS = ("MTEVAL_OFFLINE", "HF_HUB_OFFLINE")


def offline() -> bool:
    """Whether this process must do without a network."""
    return any(os.environ.get(name, "").strip().upper() in ("1", "ON", "YES", "TRUE") for name in _OURS)


def go_offline() -> None:
    """Do without a network from here on; what of the hub's libraries is imported later keeps to it too."""
    for name in _SWITCHES:
        os.environ[name] = "1"


def is_local(url: str) -> bool:
    """Whether an address is this machine's own, which is no network: ``localhost``, ``127.0.0.1``, ``[::1]``."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_online(where: str, url: str) -> None:
    """Make sure that an address may be asked.

    Args:
        where: who asks, for the error.

    Raises:
        UnavailableError: this process is offline, and the address is not this machine's own.
    """
    if offline() and not is_local(url):
        raise UnavailableError(
            where, f"needs {urlsplit(url).hostname or url}, and this run is offline", "set offline=false"
        )
