"""A small server on the loopback that speaks OpenAI's protocol, and fails on demand: for tests, the user's own too."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Messages = Sequence[Mapping[str, str]]
"""A conversation as a request holds it: ``[{"role": "user", "content": "…"}]``."""


@dataclass(frozen=True)
class Says:
    """What the model says.

    Attributes:
        text: the content; ``None`` for a content that is null.
        finish: the ``finish_reason``.
        refusal: the words of a refusal.
    """

    text: str | None
    finish: str | None = "stop"
    refusal: str | None = None


@dataclass(frozen=True)
class Breaks:
    """One request that the server answers with a fault.

    Attributes:
        status: of the answer.
        body: its body; text that is no JSON, too.
        headers: besides the usual.
        how: ``answer`` gives that answer; ``cut`` breaks off in the middle of its body; ``reset`` breaks the connection
            off at once; ``silent`` answers nothing until the server stops.
    """

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    how: str = "answer"


def failing(status: int, message: str = "as ordered", *, code: str | None = None, **headers: str) -> Breaks:
    """An error as OpenAI words it; headers with underscores for hyphens, as ``retry_after="1"``."""
    body = json.dumps({"error": {"message": message, "type": code, "param": None, "code": code}})
    return Breaks(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


Model = Callable[[Messages], Says | Breaks]


class FakeEndpoint:
    """Answers ``/v1/chat/completions`` and ``/v1/models`` by a function of the messages, in a thread for each request.

    Used as a context. A token is a word, as it counts them.

    Args:
        model: what is said to a conversation; it may order a fault, too.
        faults: what the first requests are answered with instead, one each.
        key: the key that requests must bear; ``None`` for any or none. A wrong one is answered with 401, and echoed.
        models: the names that ``/v1/models`` lists; ``None`` for a server that lacks it.
        knows_n: whether several answers may be asked for at once; one that does not gives one.
        counts: whether answers say what they took.
        delay: seconds that an answer takes.

    Attributes:
        requests: the body of each request for an answer, in the order in which they came, failed ones included.
        headers: of each of these.
        times: when each came, as ``time.monotonic`` has it.
        most: the largest number of requests that were under way at once.
        probes: how often it was asked for its models.
    """

    def __init__(
        self,
        model: Model = lambda messages: Says(messages[-1]["content"].upper()),
        faults: Iterable[Breaks] = (),
        key: str | None = None,
        models: Sequence[str] | None = ("fake",),
        knows_n: bool = True,
        counts: bool = True,
        delay: float = 0.0,
    ) -> None:
        self.model = model
        self.faults = list(faults)
        self.key = key
        self.models = models
        self.knows_n = knows_n
        self.counts = counts
        self.delay = delay
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.most = 0
        self.probes = 0
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self._under_way = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.endpoint = self

    @property
    def url(self) -> str:
        """What to give as ``base_url``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def asked(self) -> list[str]:
        """The last message of each request."""
        return [request["messages"][-1]["content"] for request in self.requests]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def begin(self, request: dict[str, Any], headers: Mapping[str, str]) -> Breaks | None:
        """Note a request that came, and say which fault it meets."""
        with self.lock:
            self._under_way += 1
            self.most = max(self.most, self._under_way)
            self.requests.append(request)
            self.headers.append({name.lower(): value for name, value in headers.items()})
            self.times.append(time.monotonic())
            return self.faults.pop(0) if self.faults else None

    def end(self) -> None:
        """Note that a request is over."""
        with self.lock:
            self._under_way -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    endpoint: FakeEndpoint

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that goes away in the middle is what is tested


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (so it is called there)
        pass

    def do_GET(self) -> None:
        endpoint = self.server.endpoint
        with endpoint.lock:
            endpoint.probes += 1
        if not self._allowed():
            return
        if self.path != "/v1/models" or endpoint.models is None:
            self._answer(Breaks(404, '{"detail": "Not Found"}'))
            return
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "nobody"} for name in endpoint.models]
        self._answer(Breaks(body=json.dumps({"object": "list", "data": listed})))

    def do_POST(self) -> None:
        endpoint = self.server.endpoint
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fault = endpoint.begin(request, dict(self.headers.items()))
        try:
            if not self._allowed():
                return
            if fault is None:
                if endpoint.delay:
                    endpoint.stopping.wait(endpoint.delay)
                fault = self._completion(request)
            self._answer(fault)
        finally:
            endpoint.end()

    def _allowed(self) -> bool:
        key, said = self.server.endpoint.key, self.headers.get("Authorization", "")
        if key is None or said == f"Bearer {key}":
            return True
        given = said.removeprefix("Bearer ")
        self._answer(failing(401, f"Incorrect API key provided: {given}", code="invalid_api_key"))
        return False

    def _completion(self, request: Mapping[str, Any]) -> Breaks:
        endpoint = self.server.endpoint
        if self.path != "/v1/chat/completions":
            return Breaks(404, '{"detail": "Not Found"}')
        said: list[Says] = []
        for _ in range(request.get("n") or 1 if endpoint.knows_n else 1):
            one = endpoint.model(request["messages"])
            if isinstance(one, Breaks):
                return one
            said.append(one)
        given = sum(len(message["content"].split()) for message in request["messages"])
        made = sum(len((one.text or "").split()) for one in said)
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": request["model"],
            "choices": [
                {
                    "index": index,
                    "message": {"role": "assistant", "content": one.text, "refusal": one.refusal},
                    "finish_reason": one.finish,
                }
                for index, one in enumerate(said)
            ],
        }
        if endpoint.counts:
            counts = {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
            answer["usage"] = counts
        return Breaks(body=json.dumps(answer))

    def _answer(self, given: Breaks) -> None:
        if given.how == "silent":
            self.server.endpoint.stopping.wait()
            return
        if given.how == "reset":  # so that the other side is reset, not closed
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        raw = given.body.encode("utf-8")
        self.send_response(given.status)
        kind = "application/json" if given.body[:1] in ("{", "[") else "text/html"
        for name, value in {"Content-Type": kind, "Content-Length": str(len(raw)), **given.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if given.how == "cut":
            self.wfile.write(raw[: len(raw) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.wfile.write(raw)
