"""What the network says, to a check-up that may ask it: of files at the model hub, and of endpoints."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http.client import HTTPException
from typing import Any, NamedTuple, TypeVar

from mteval import network
from mteval.checkpoint import used
from mteval.needs import Need

HUB_SECONDS = 5.0
"""How long the hub may take for all that is asked of it."""

ENDPOINT_SECONDS = 3.0
"""How long an endpoint may take."""

Key = TypeVar("Key", bound=Hashable)
Said = TypeVar("Said")


class Repository(NamedTuple):
    """One revision of a model or a data set at the hub."""

    name: str
    dataset: bool
    revision: str | None


@dataclass(frozen=True)
class HubSays:
    """What the hub says of a repository.

    Attributes:
        problem: why it cannot be had, without a full stop; ``None`` if it can.
        reached: whether the hub answered at all.
        sizes: bytes by file, as far as the hub tells them.
        gated: whether a licence must be accepted first.
        accepted: whether this user has; ``None`` where it is not gated, or the hub did not tell.
    """

    problem: str | None = None
    reached: bool = True
    sizes: Mapping[str, int | None] | None = None
    gated: bool = False
    accepted: bool | None = None

    def download(self, need: Need) -> int | None:
        """The bytes of the files that a need has to fetch; ``None`` where the hub does not tell them.

        Of a checkpoint that names no files, these are the ones that ``mteval.checkpoint`` takes, which are not all.
        """
        if not self.sizes:
            return None
        names = [name for name in self.sizes if any(fnmatchcase(name, pattern) for pattern in need.files or ("*",))]
        if need.kind == "checkpoint" and not need.files:
            names = _taken(self.sizes) or names
        sizes = [self.sizes[name] for name in names]
        return None if None in sizes else sum(size for size in sizes if size is not None)


def repository_of(need: Need) -> Repository | None:
    """Where a need comes from at the hub; ``None`` if it does not come from there."""
    return None if need.hub is None else Repository(need.hub, need.dataset, need.revision)


def ask_hub(needs: Iterable[Need]) -> dict[Repository, HubSays]:
    """What the hub says of everything that would come from there, asked all at once, with the user's own token.

    Nothing is asked offline, and nothing is downloaded.
    """
    gated = {repository: need.gated for need in needs if (repository := repository_of(need)) is not None}
    if network.offline() or not gated:
        return {}
    import huggingface_hub  # noqa: F401  # here, and not by several threads at once

    said = _at_once({one: _asking(one, is_gated) for one, is_gated in gated.items()}, HUB_SECONDS)
    silent = HubSays(f"the hub did not answer within {HUB_SECONDS:g} s", reached=False)
    return {repository: said.get(repository, silent) for repository in gated}


def hub_address() -> str:
    """Where the hub is, as its library was told."""
    from huggingface_hub import constants

    return str(constants.ENDPOINT)


def ask_endpoints(urls: Iterable[str]) -> dict[str, tuple[bool | None, str]]:
    """Whether each address answers, and with what; one that may not be asked offline is not, and has no answer.

    No key is sent: a server that refuses whoever has none is there all the same.
    """
    allowed = [url for url in dict.fromkeys(urls) if not network.offline() or network.is_local(url)]
    said = _at_once({url: _trying(url) for url in allowed}, ENDPOINT_SECONDS + 1)
    silent: tuple[bool | None, str] = (False, f"does not answer within {ENDPOINT_SECONDS:g} s")
    return {url: said.get(url, silent) for url in allowed}


def _taken(names: Iterable[str]) -> list[str]:
    """The files of a checkpoint that is loaded by ``mteval.checkpoint``; none if it has no such weights."""
    found = used(list(names))
    return found if any(name.endswith((".safetensors", ".bin")) for name in found) else []


def _asking(repository: Repository, gated: bool) -> Callable[[], HubSays]:
    return lambda: _ask(repository, gated)


def _trying(url: str) -> Callable[[], tuple[bool | None, str]]:
    return lambda: _try(url)


def _ask(repository: Repository, gated: bool) -> HubSays:
    from huggingface_hub import HfApi, errors

    name, dataset, revision = repository
    hub = HfApi()
    about = hub.dataset_info if dataset else hub.model_info
    try:
        info: Any = about(name, revision=revision, timeout=HUB_SECONDS, files_metadata=True)
    except errors.GatedRepoError:
        return HubSays(gated=True, accepted=False)
    except errors.RevisionNotFoundError:
        return HubSays(f"the hub has no revision {revision} of it")
    except errors.RepositoryNotFoundError:
        return HubSays("the hub shows no such repository to this user")
    except errors.HFValidationError:
        return HubSays("that is no name at the hub")
    except errors.HfHubHTTPError as error:
        return HubSays(f"the hub answers with HTTP {getattr(error.response, 'status_code', '?')}")
    except (OSError, ValueError) as error:  # every failure of the network is an OSError; no JSON is a ValueError
        return HubSays(f"the hub cannot be reached ({type(error).__name__})", reached=False)
    sizes = {file.rfilename: file.size for file in info.siblings or ()}
    if not (gated or info.gated):
        return HubSays(sizes=sizes)
    try:
        hub.auth_check(name, repo_type="dataset" if dataset else "model")
        accepted: bool | None = True
    except (errors.GatedRepoError, errors.RepositoryNotFoundError):
        accepted = False
    except (OSError, ValueError):
        accepted = None
    return HubSays(sizes=sizes, gated=True, accepted=accepted)


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirection, since an answer is all that is asked for."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _try(url: str) -> tuple[bool | None, str]:
    handlers = [_Stay(), *([urllib.request.ProxyHandler({})] if network.is_local(url) else [])]
    try:
        with urllib.request.build_opener(*handlers).open(url, timeout=ENDPOINT_SECONDS) as answer:
            return True, f"answers (HTTP {answer.status})"
    except urllib.error.HTTPError as error:
        error.close()
        return (None if error.code >= 500 else True), f"answers (HTTP {error.code})"
    except (OSError, ValueError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        said = getattr(reason, "strerror", None) or str(reason) or type(error).__name__
        return False, f"does not answer ({said})"


def _at_once(calls: Mapping[Key, Callable[[], Said]], seconds: float) -> dict[Key, Said]:
    """What calls give, each in a thread of its own; those that take longer than ``seconds`` are left behind."""
    results: dict[Key, Said] = {}

    def work(key: Key, call: Callable[[], Said]) -> None:
        results[key] = call()

    threads = [threading.Thread(target=work, args=item, daemon=True) for item in calls.items()]
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return dict(results)
