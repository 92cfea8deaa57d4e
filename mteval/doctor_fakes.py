"""A model hub on this machine that tells what it holds and keeps what it was asked, for tests of a check-up."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Shelved:
    """A repository of such a hub.

    Attributes:
        sizes: bytes by file; ``None`` where the hub does not tell them.
        gated: whether a licence must be accepted.
        accepted_by: tokens whose owners have.
        revisions: those that it has.
        seconds: how long the hub takes to speak of it.
    """

    sizes: Mapping[str, int | None] = field(default_factory=dict)
    gated: bool = False
    accepted_by: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ("main", COMMIT)
    seconds: float = 0


class HubServer(ThreadingHTTPServer):
    """A hub that answers what is asked of its repositories, and gives none of their files.

    Args:
        models, datasets: repositories by name.

    Attributes:
        asked: the path of every request, in order.
    """

    daemon_threads = True

    def __init__(self, models: Mapping[str, Shelved], datasets: Mapping[str, Shelved] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.holds = {"models": models, "datasets": datasets or {}}
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Answer(BaseHTTPRequestHandler):
    server: HubServer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        _, api, kind, owner, name, *rest = [*self.path.partition("?")[0].split("/"), "", "", "", ""][:7]
        held = self.server.holds.get(kind, {}).get(f"{owner}/{name}") if api == "api" else None
        if held is None:
            return self._give(401, {}, "RepoNotFound")
        time.sleep(held.seconds)
        if rest[0] == "auth-check":
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            refused = held.gated and token not in held.accepted_by
            return self._give(403, {}, "GatedRepo") if refused else self._give(200, {})
        if rest[0] == "revision" and rest[1] not in held.revisions:
            return self._give(404, {}, "RevisionNotFound")
        files = [{"rfilename": file} | ({} if size is None else {"size": size}) for file, size in held.sizes.items()]
        gated = "manual" if held.gated else False
        return self._give(200, {"id": f"{owner}/{name}", "sha": COMMIT, "gated": gated, "siblings": files})

    def _give(self, status: int, body: Mapping[str, object], code: str = "") -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for key, value in {"Content-Type": "application/json", "Content-Length": str(len(data))}.items():
            self.send_header(key, value)
        if code:
            self.send_header("X-Error-Code", code)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Say nothing."""
