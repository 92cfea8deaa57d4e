"""Translation services on this machine's own address, for tests that need no network and no account.

They answer as the real ones do, as far as mteval asks them, and refuse what those refuse: too many texts or too long
ones, a wrong key, a target that leaves open which variant is meant. A translation is the text in capitals, behind the
target's code.
"""

from __future__ import annotations

import html
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit


class _Server(ABC):
    """An HTTP server that speaks JSON, on the loopback, while it is entered.

    Args:
        faults: the statuses with which the next translation requests are answered, 200 for a translation.
        surplus: how many translations it gives more than it gets texts; below 0 for fewer.

    Attributes:
        url: its address.
        asked: the bodies of all translation requests, in order, those that it answered with a fault among them.
        headers: of the last request.
    """

    def __init__(self, faults: Sequence[int] = (), surplus: int = 0) -> None:
        self.faults = list(faults)
        self.surplus = surplus
        self.asked: list[dict[str, Any]] = []
        self.headers: dict[str, str] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self._answer()

            def do_GET(self) -> None:
                self._answer()

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.headers = dict(self.headers)
                status, answer = outer._answer(self.command, urlsplit(self.path).path, body)
                raw = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *said: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @abstractmethod
    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """The status and the body that a request is answered with."""

    def _fault(self) -> int | None:
        """The status of a fault that the next translation request is answered with; ``None`` for none."""
        status = self.faults.pop(0) if self.faults else 200
        return None if status == 200 else status

    def _made(self, texts: Sequence[str], target: str) -> list[str]:
        made = [f"{target}:{text.upper()}" for text in texts]
        return (made + [f"{target}:more"] * self.surplus) if self.surplus >= 0 else made[: self.surplus]


class DeepLServer(_Server):
    """DeepL's API, version 2.

    Args:
        key: the only one that it accepts.
    """

    SOURCES: ClassVar[Sequence[str]] = ("EN", "ES", "NB", "PT", "RO", "ZH")
    TARGETS: ClassVar[Sequence[str]] = ("EN-GB", "EN-US", "ES", "NB", "PT-BR", "PT-PT", "RO", "ZH", "ZH-HANS")
    FORMAL: ClassVar[Sequence[str]] = ("ES", "PT-BR", "PT-PT")

    def __init__(self, key: str, faults: Sequence[int] = (), surplus: int = 0) -> None:
        super().__init__(faults, surplus)
        self._key = key

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if self.headers.get("Authorization") != f"DeepL-Auth-Key {self._key}":
            return 403, {"message": f"not accepted: {self.headers.get('Authorization')}"}  # as a careless proxy says it
        if (method, path) == ("GET", "/v2/languages"):
            codes = self.TARGETS if b"type=target" in body else self.SOURCES
            return 200, [{"language": one, "name": one, "supports_formality": one in self.FORMAL} for one in codes]
        if (method, path) != ("POST", "/v2/translate"):
            return 404, {"message": "no such path"}
        asked = json.loads(body)
        self.asked.append(asked)
        if (status := self._fault()) is not None:
            return status, {"message": f"fault {status}"}
        texts, target = asked["text"], asked["target_lang"]
        if len(body) > 128 * 2**10:
            return 413, {"message": "the request is too large"}
        if len(texts) > 50 or target in ("EN", "PT") or not all(texts):
            return 400, {"message": "bad request"}
        made = self._made(texts, target)
        billed = [*map(len, texts), *[0] * max(0, self.surplus)]
        return 200, {
            "translations": [
                {"detected_source_language": asked.get("source_lang"), "text": text, "billed_characters": count}
                for text, count in zip(made, billed, strict=False)
            ]
        }


class GoogleServer(_Server):
    """Cloud Translation's API, version 3, over HTTP."""

    CODES: ClassVar[Sequence[str]] = ("en", "es", "no", "pt", "pt-PT", "ro", "zh-CN", "zh-TW")

    def _answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if method == "GET" and path.endswith("/supportedLanguages"):
            known = [{"languageCode": code, "supportSource": True, "supportTarget": True} for code in self.CODES]
            return 200, {"languages": known}
        if method != "POST" or not path.endswith(":translateText"):
            return _error(404, "no such path")
        asked = {"path": path, **json.loads(body)}
        self.asked.append(asked)
        if (status := self._fault()) is not None:
            return _error(status, "Quota exceeded for quota metric" if status == 429 else f"fault {status}")
        texts = asked["contents"]
        if len(texts) > 1024 or sum(map(len, texts)) > 30_000:
            return _error(400, "Text is too long.")
        made = self._made(texts, asked["targetLanguageCode"])
        if asked.get("mimeType") != "text/plain":  # else it takes them for HTML, and writes HTML
            made = [html.escape(text) for text in made]
        key = "glossaryTranslations" if "glossaryConfig" in asked else "translations"
        return 200, {"translations": [{"translatedText": "without glossary"}] * len(made)} | {
            key: [{"translatedText": text} for text in made]
        }


def _error(status: int, message: str) -> tuple[int, Any]:
    return status, {"error": {"code": status, "message": message, "status": "UNKNOWN"}}
