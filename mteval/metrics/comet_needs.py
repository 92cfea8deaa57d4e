"""What a COMET checkpoint needs on this machine: itself, and its encoder's tokenizer; nothing is asked of the hub."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mteval.files import resolve
from mteval.metrics.comet_hub import cached
from mteval.metrics.comet_layout import CKPT, ENCODER_FILES, HPARAMS, HUB_NAME, is_checkpoint, is_encoder
from mteval.needs import Need


def checkpoint_need(name: str, revision: str | None, gated: bool, remedy: str, bytes_per_weight: float) -> Need:
    """The checkpoint: a folder, a ``.ckpt`` file or a model of the hub's cache."""
    here = resolve(name)
    if here.exists() or not HUB_NAME.fullmatch(name):
        ckpt = here if here.is_file() else here / CKPT
        there = Need("checkpoint", name, ckpt.is_file(), f"in {here}" if ckpt.is_file() else f"no {ckpt}")
    else:
        folder = cached(name, revision, is_checkpoint)
        ckpt = (folder or here) / CKPT
        told = f"in {folder}" if folder else "not in the hub's cache"
        there = Need("checkpoint", name, folder is not None, told, hub=name, revision=revision)
    memory = int(ckpt.stat().st_size * bytes_per_weight / 4) if there.found else None
    return replace(there, remedy=remedy, gated=gated, files=(HPARAMS, CKPT), memory=memory)


def local_encoder_need(name: str, folder: Path, remedy: str) -> Need:
    """An encoder's configuration and tokenizer in a folder."""
    there = is_encoder(folder)
    told = f"tokenizer in {folder}" if there else f"{folder} lacks config.json or a tokenizer"
    return Need("checkpoint", name, there, told, remedy)


def cached_encoder_need(name: str, remedy: str) -> Need:
    """An encoder's configuration and tokenizer in the hub's cache."""
    folder = cached(name, None, is_encoder)
    told = f"tokenizer in {folder}" if folder else "its tokenizer is not in the hub's cache"
    return Need("checkpoint", name, folder is not None, told, remedy, hub=name, files=ENCODER_FILES)
