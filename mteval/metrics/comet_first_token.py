"""What of a joining COMET model need not be computed: its score comes from the first token of each layer alone.

Every token of a layer is needed to compute the next, but none beside the first is needed of the last layer, nor of the
mixture of all of them. The score is the same; about a layer's worth of work is saved.
"""

from __future__ import annotations

from typing import Any


def keep_first_token(model: Any) -> None:
    """Leave out what the score of a model that joins its texts does not depend on, where it is known how."""
    import torch
    from transformers.models.xlm_roberta.modeling_xlm_roberta import XLMRobertaLayer, XLMRobertaSdpaSelfAttention

    mix = model.layerwise_attention
    if model.word_level or mix is None or mix.layer_norm:
        return

    class Mix(torch.nn.Module):
        """The mixture of the layers' first tokens, by COMET's own module."""

        def __init__(self, mix: Any) -> None:
            super().__init__()
            self.mix = mix

        def forward(self, layers: Any, mask: Any) -> Any:
            return self.mix([layer[:, :1] for layer in layers], mask[:, :1])

    class Last(torch.nn.Module):
        """What the last layer makes of the first token, by transformers' own modules."""

        def __init__(self, layer: Any) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, hidden: Any, mask: Any = None, *_: Any, **__: Any) -> tuple[Any]:
            own, first = self.layer.attention.self, hidden[:, :1]

            def heads(vectors: Any) -> Any:
                shape = (len(vectors), -1, own.num_attention_heads, own.attention_head_size)
                return vectors.view(shape).transpose(1, 2)

            found = torch.nn.functional.scaled_dot_product_attention(
                heads(own.query(first)),
                heads(own.key(hidden)),
                heads(own.value(hidden)),
                attn_mask=None if mask is None else mask[:, :, :1],
            )
            found = found.transpose(1, 2).reshape(len(first), 1, own.all_head_size)
            return (self.layer.feed_forward_chunk(self.layer.attention.output(found, first)),)

    model.layerwise_attention = Mix(mix)
    layers = model.encoder.model.encoder.layer
    last = layers[-1]
    if type(last) is XLMRobertaLayer and type(last.attention.self) is XLMRobertaSdpaSelfAttention:
        layers[-1] = Last(last)
