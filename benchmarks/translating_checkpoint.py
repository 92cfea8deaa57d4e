"""A checkpoint in the shape of OPUS-MT whose hypotheses are about as long as their sources, for measuring speed.

Weights are random but for what makes a hypothesis end: in the decoder's last layer, each head of the attention over the
source looks at the place that its own position points to and brings what stands there. One half of the heads reads
faster than it writes, the other half more slowly, so that one reaches the source's end early and the other late;
where in between a hypothesis ends depends on its words. Lengths thus spread as a trained checkpoint's do, likelihoods
too, and all layers cost what they cost in any other checkpoint of this shape.

    python -m benchmarks.translating_checkpoint FOLDER
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import texts

WIDTH, HEADS, LAYERS, INNER = 512, 8, 6, 2048
VOCABULARY = 58101
"""That of opus-mt-ROMANCE-en is 65,001, that of opus-mt-en-de 58,101."""
PIECES = 4000
FASTER, SLOWER = 0, -6  # steps of frequency: reading 1 and 0.81 tokens of the source for each one that is written
_FREQUENCIES = range(6, 99, 3)  # of positions, those by which heads find their place: 31 sines and 31 cosines a head
_SHARPNESS, _VOLUME, _CONFIDENCE = 120.0, 3.0, 1.5
_MARK, _PULL = WIDTH // 2 - 1, 120.0  # a place in the embeddings that marks the end, and how it draws heads that stray


def write(folder: Path, known: Iterable[str], seed: int = 1, source: str = "ro", target: str = "en") -> Path:
    """Write the checkpoint, with a tokenizer that knows the words of some texts.

    Returns:
        ``folder``.
    """
    import sentencepiece
    from transformers import MarianConfig

    folder.mkdir(parents=True, exist_ok=True)
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(known),
        model_writer=written,
        model_type="bpe",
        vocab_size=PIECES,
        hard_vocab_limit=False,
        character_coverage=1.0,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
    special = ("<s>", "</s>", "<unk>")
    found = [processor.id_to_piece(index) for index in range(processor.get_piece_size())]
    pieces = [piece for piece in found if piece not in special]
    unused = [f"▁unused{index}" for index in range(VOCABULARY - len(pieces) - 3)]
    vocabulary = ["</s>", "<unk>", *pieces, *unused, "<pad>"]
    for name in ("source.spm", "target.spm"):
        (folder / name).write_bytes(written.getvalue())
    settings = {"source_lang": source, "target_lang": target, "model_max_length": 512}
    _write_json(folder / "vocab.json", {piece: index for index, piece in enumerate(vocabulary)})
    _write_json(folder / "tokenizer_config.json", {**settings, "tokenizer_class": "MarianTokenizer"})
    pad = len(vocabulary) - 1
    config = MarianConfig(
        vocab_size=len(vocabulary),
        d_model=WIDTH,
        encoder_layers=LAYERS,
        decoder_layers=LAYERS,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=INNER,
        decoder_ffn_dim=INNER,
        max_position_embeddings=512,
        activation_function="swish",
        scale_embedding=True,
        pad_token_id=pad,
        decoder_start_token_id=pad,
        eos_token_id=0,
        forced_eos_token_id=0,
    )
    model = _model(config, seed)
    model.generation_config.update(num_beams=4, max_length=512, bad_words_ids=[[pad]], forced_eos_token_id=0)
    model.save_pretrained(folder)
    return folder


def _model(config: Any, seed: int) -> Any:
    import torch
    from transformers import MarianMTModel

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = MarianMTModel(config)
        places = sorted({index + shift for index in _FREQUENCIES for shift in (FASTER, SLOWER, 0)})
        with torch.no_grad():
            words = torch.randn(config.vocab_size, WIDTH) * WIDTH**-0.5
            words[:, [*places, *(WIDTH // 2 + place for place in places)]] = 0  # which leaves positions undisturbed
            words[:, _MARK] = 0
            words[config.eos_token_id, _MARK] = 3 * WIDTH**-0.5
            words[config.pad_token_id] = 0
            model.model.shared.weight.copy_(words)
            last = model.model.decoder.layers[-1]
            queries, keys = (torch.zeros(WIDTH, WIDTH) for _ in range(2))
            for head in range(HEADS):
                shift = FASTER if head % 2 else SLOWER
                for number, index in enumerate(_FREQUENCIES):
                    for row, half in ((2 * number, 0), (2 * number + 1, WIDTH // 2)):
                        row += head * WIDTH // HEADS
                        queries[row, half + index] = _SHARPNESS
                        keys[row, half + index + shift] = 1
                pull = (head + 1) * WIDTH // HEADS - 1
                keys[pull, _MARK] = 1
                last.encoder_attn.q_proj.bias[pull] = _PULL
            last.encoder_attn.q_proj.weight.copy_(queries)
            last.encoder_attn.k_proj.weight.copy_(keys)
            last.encoder_attn.v_proj.weight.copy_(torch.eye(WIDTH))
            last.encoder_attn.out_proj.weight.copy_(torch.eye(WIDTH) * _VOLUME)
            last.final_layer_norm.weight.fill_(_CONFIDENCE)
    return model


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]), (text for row in texts.rows(3000, 0) for text in (row.source, row.reference)))
