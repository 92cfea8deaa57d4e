"""The SentencePiece models of spBLEU's tokenizers, which are kept where sacreBLEU keeps them."""

from __future__ import annotations

import http.client
import importlib
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

from mteval import network
from mteval.errors import UnavailableError
from mteval.files import write_bytes

PIECES = ("flores101", "flores200", "spm", "spBLEU-1K")
"""The tokenizers that are SentencePiece models, which sacreBLEU downloads."""

_SECONDS = 30.0


class Pieces(NamedTuple):
    """A SentencePiece model that sacreBLEU uses: where it keeps it, and where it comes from."""

    file: Path
    url: str

    @property
    def there(self) -> bool:
        """Whether it has been downloaded."""
        return self.file.is_file() and self.file.stat().st_size > 0


def pieces_of(tokenize: str) -> Pieces | None:
    """The model behind a tokenizer of ``PIECES``; ``None`` for any other."""
    if tokenize not in PIECES:
        return None
    sacrebleu: Any = importlib.import_module("sacrebleu.tokenizers.tokenizer_spm")
    url = str(sacrebleu.SPM_MODELS[tokenize]["url"])
    return Pieces(Path(sacrebleu.SACREBLEU_DIR) / "models" / url.rpartition("/")[2], url)


def fetch(pieces: Pieces, where: str) -> None:
    """Download a SentencePiece model unless it is there: whole, or not at all, where sacreBLEU itself would leave half.

    Raises:
        UnavailableError: there is no network, or it does not come.
        OutputError: it cannot be written.
    """
    if pieces.there:
        return
    remedy = f"download {pieces.url} to {pieces.file}, or choose another tokenizer, as 13a"
    if network.offline() and not network.is_local(pieces.url):
        problem = f"its SentencePiece model {pieces.file} is not there, and this run is offline"
        raise UnavailableError(where, problem, remedy)
    try:
        with urllib.request.urlopen(pieces.url, timeout=_SECONDS) as answer:
            content = answer.read()
    except (OSError, http.client.HTTPException) as error:
        problem = f"its SentencePiece model cannot be downloaded ({type(error).__name__}: {error})"
        raise UnavailableError(where, problem, remedy) from None
    write_bytes(pieces.file, content)
