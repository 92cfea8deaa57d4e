"""Files of models at the hub, for COMET: from the hub's cache, or downloaded, or else one error that says why not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from mteval import network
from mteval.errors import GatedError, UnavailableError
from mteval.metrics.comet_quiet import quiet

_SECONDS = 5.0  # a hub that has not answered by then is taken for unreachable


def fetch(
    name: str,
    revision: str | None,
    files: tuple[str, ...],
    is_whole: Callable[[Path], bool],
    where: str,
    what: str,
    remedy: str,
    gated: bool,
) -> Path:
    """The folder in the hub's cache that holds those of ``files`` that the model has.

    Where a whole one is in the cache the hub is not asked: whoever wants a newer revision says so.

    Args:
        name: the model's, at the hub.
        revision: a commit, branch or tag; ``None`` for ``main``.
        is_whole: whether a folder holds all that is needed.
        where: the checkpoint, for errors.
        what: the part of it that is fetched, with a space after it, for errors; empty for the checkpoint itself.
        remedy: what the user can do if nothing comes.
        gated: whether the model is known to be behind a licence.

    Raises:
        GatedError: a licence must be accepted first.
        UnavailableError: no such model or revision, or no hub.
    """
    from huggingface_hub import HfApi, constants, errors, snapshot_download
    from requests.exceptions import ConnectionError as NoConnection
    from requests.exceptions import Timeout

    def refuse(problem: str, remedy: str = remedy) -> NoReturn:
        raise UnavailableError(where, what + problem, remedy) from None

    if (folder := cached(name, revision, is_whole)) is not None:
        return folder
    with quiet():
        try:
            if network.offline():
                refuse("is not in the hub's cache, and this run is offline")
            HfApi().model_info(name, revision=revision, timeout=_SECONDS)  # snapshot_download would wait for ever
            return Path(snapshot_download(name, revision=revision, allow_patterns=list(files), etag_timeout=_SECONDS))
        except errors.GatedRepoError:
            raise GatedError(
                where,
                f"{what}is gated: its licence must be accepted first",
                f"accept it at {constants.ENDPOINT}/{name} and log in with `hf auth login`, or {remedy}",
            ) from None
        except errors.RevisionNotFoundError:
            refuse(f"has no revision {revision} at the hub", "set revision to one that it has")
        except errors.RepositoryNotFoundError:
            refuse("is neither a folder here nor a model that the hub shows")
        except errors.OfflineModeIsEnabled:
            refuse("is not in the hub's cache, and this run is offline")
        except (errors.LocalEntryNotFoundError, NoConnection, Timeout):
            too = ", where its licence must be accepted too" if gated else ""
            refuse(f"is not in the hub's cache, and the hub ({constants.ENDPOINT}{too}) cannot be reached")
        except (errors.HfHubHTTPError, OSError, ValueError) as error:
            refuse(f"cannot be downloaded ({first_line(error)})")


def cached(name: str, revision: str | None, is_whole: Callable[[Path], bool]) -> Path | None:
    """The folder in the hub's cache that holds a whole model; ``None`` if there is none. The hub is not asked."""
    from huggingface_hub import errors, snapshot_download

    with quiet(), contextlib.suppress(errors.LocalEntryNotFoundError, errors.HFValidationError):
        folder = Path(snapshot_download(name, revision=revision, local_files_only=True))
        if is_whole(folder):
            return folder
    return None


def first_line(error: Exception) -> str:
    """The first line of what an error says, or its name if it says nothing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]
