"""A model hub on this machine that serves folders as data sets, as far as ``datasets`` and ``huggingface_hub`` ask."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
"""The only commit there is, of every data set."""


class Hub(ThreadingHTTPServer):
    """Serves ``folder/OWNER/NAME`` as the data set ``OWNER/NAME`` at ``url``, which is what ``HF_ENDPOINT`` names.

    Attributes:
        asked: the paths that were asked for.
        gated: data sets that are shown to all and given to nobody.
    """

    def __init__(self, folder: Path, gated: frozenset[str] = frozenset()) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.folder = folder
        self.gated = gated
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(folder: Path, gated: frozenset[str] = frozenset()) -> Iterator[Hub]:
    """A hub that answers as long as this lasts."""
    hub = Hub(folder, gated)
    thread = threading.Thread(target=hub.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()


class _Answer(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        match parts:
            case ["api", "datasets", owner, name, *rest]:
                self._api(f"{owner}/{name}", rest)
            case ["datasets", owner, name, "resolve", revision, *path]:
                self._file(f"{owner}/{name}", revision, "/".join(path))
            case _:
                self._refuse(404)

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        _, _, owner, name, _, _ = urlsplit(self.path).path.strip("/").split("/")
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        paths = (
            json.loads(asked)["paths"]
            if asked.startswith("{")
            else [
                unquote(one.partition("=")[2].replace("+", " ")) for one in asked.split("&") if one.startswith("paths=")
            ]
        )
        folder = self.server.folder / owner / name
        self._json([_entry(folder, folder / path) for path in paths if (folder / path).exists()])

    def _api(self, name: str, rest: list[str]) -> None:
        folder, (kind, revision, *path) = self.server.folder / name, [*rest, *["revision", "main"][len(rest) :]]
        if not folder.is_dir():
            return self._refuse(401, "RepoNotFound")
        if revision not in ("main", COMMIT):
            return self._refuse(404, "RevisionNotFound")
        if kind == "tree":
            below = folder.joinpath(*path)
            if not below.is_dir():
                return self._refuse(404, "EntryNotFound")
            deep = "recursive=true" in self.path.lower()
            return self._json([_entry(folder, one) for one in sorted(below.rglob("*") if deep else below.iterdir())])
        files = [{"rfilename": str(one.relative_to(folder))} for one in sorted(folder.rglob("*")) if one.is_file()]
        return self._json({"id": name, "sha": COMMIT, "siblings": files, "private": False, "tags": []})

    def _file(self, name: str, revision: str, path: str) -> None:
        file = self.server.folder / name / path
        if not (self.server.folder / name).is_dir():
            return self._refuse(401, "RepoNotFound")
        if name in self.server.gated:
            return self._refuse(403, "GatedRepo")
        if revision not in ("main", COMMIT):
            return self._refuse(404, "RevisionNotFound")
        if not file.is_file():
            return self._refuse(404, "EntryNotFound")
        return self._give(file.read_bytes(), "application/octet-stream")

    def _json(self, value: Any) -> None:
        self._give(json.dumps(value).encode(), "application/json")

    def _give(self, body: bytes, kind: str) -> None:
        start, end = 0, len(body)
        asked = self.headers.get("Range", "")
        if asked.startswith("bytes="):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last) + 1, end) if last else end
        self.send_response(206 if asked else 200)
        headers = {"Content-Type": kind, "Content-Length": end - start, "X-Repo-Commit": COMMIT}
        headers |= {"Accept-Ranges": "bytes", "Content-Range": f"bytes {start}-{end - 1}/{len(body)}"}
        for key, value in (headers | {"ETag": f'"{hashlib.sha256(body).hexdigest()}"'}).items():
            self.send_header(key, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[start:end])

    def _refuse(self, status: int, code: str = "") -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def _entry(folder: Path, path: Path) -> dict[str, Any]:
    """What a listing says of a file or folder."""
    name = str(path.relative_to(folder))
    oid = hashlib.sha1(name.encode()).hexdigest()
    if path.is_dir():
        return {"type": "directory", "path": name, "oid": oid}
    return {"type": "file", "path": name, "oid": oid, "size": path.stat().st_size}
