"""A small Transformer encoder for text (Vaswani et al. 2017), whose layers are judged exactly.

Attention is written out with linear layers, so that the gradient of each single sample is
known (`anml_fl.method.gradients`): `nn.MultiheadAttention` keeps its weights to itself.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

_WIDTH, _HEADS, _DEPTH, _INNER = 32, 4, 2, 64
# Token 0 is no word: it fills a row up.
PADDING = 0


class SelfAttention(nn.Module):
    """Attention of each position to all others that hold a word."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)

    def forward(self, x: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """Take (n, positions, width) and (n, positions) bools; give (n, positions, width)."""
        n, positions, width = x.shape
        query, key, value = (
            layer(x).reshape(n, positions, self.heads, -1).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        mixed = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=words[:, None, None, :]
        )
        found: torch.Tensor = self.output(mixed.transpose(1, 2).reshape(n, positions, width))
        return found


class EncoderLayer(nn.Module):
    """Attention, then a perceptron at each position, each normalised before and added on."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.before_attention = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.before_perceptron = nn.LayerNorm(width)
        self.perceptron = nn.Sequential(
            nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width)
        )

    def forward(self, x: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """Take and give (n, positions, width)."""
        x = x + self.attention(self.before_attention(x), words)
        found: torch.Tensor = x + self.perceptron(self.before_perceptron(x))
        return found


class Encoder(nn.Module):
    """Tokens to logits: embedding, positions, encoder layers, the mean over words, a head."""

    positions: torch.Tensor

    def __init__(self, length: int, classes: int, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, _WIDTH, padding_idx=PADDING)
        # Scaled by sqrt(width), words are then as long as positions. PyTorch's are six times
        # as long: after six epochs on 1,500 sentences their error is .45, and .39 with these.
        nn.init.normal_(self.embedding.weight, std=_WIDTH**-0.5)
        nn.init.zeros_(self.embedding.weight[PADDING])
        self.layers = nn.ModuleList(
            EncoderLayer(_WIDTH, _HEADS, _INNER) for _ in range(_DEPTH)
        )
        self.normalisation = nn.LayerNorm(_WIDTH)
        self.head = nn.Linear(_WIDTH, classes)
        self.register_buffer("positions", sinusoids(length, _WIDTH), persistent=False)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Take (n, length) token ids, of any type; give (n, classes) logits."""
        tokens = rows.long()
        words = tokens != PADDING
        # A row without a word attends to its padding, whose embedding is 0.
        seen = words | ~words.any(1, keepdim=True)
        x = self.embedding(tokens) * math.sqrt(_WIDTH) + self.positions
        for layer in self.layers:
            x = layer(x, seen)
        x = self.normalisation(x) * seen.unsqueeze(2)
        logits: torch.Tensor = self.head(x.sum(1) / seen.sum(1, keepdim=True))
        return logits


def sinusoids(length: int, width: int) -> torch.Tensor:
    """Tell positions apart by sines and cosines of falling frequency, (length, width).

    Examples
    --------
    >>> sinusoids(2, 4)[0]
    tensor([0., 1., 0., 1.])
    """
    at = torch.arange(length, dtype=torch.float64).unsqueeze(1)
    pace = torch.exp(torch.arange(0, width, 2, dtype=torch.float64) * -(math.log(1e4) / width))
    angles = at * pace
    waves = torch.stack([angles.sin(), angles.cos()], 2).reshape(length, width)
    return waves.to(torch.get_default_dtype())


def transformer(features: int, classes: int, vocabulary: int) -> nn.Module:
    """Build an encoder for rows of token ids.

    Raises
    ------
    ValueError
        If rows hold no tokens.
    """
    if not vocabulary:
        raise ValueError(
            "model transformer needs rows of token ids (sentiment), and these are none: use"
            " mlp"
        )
    return Encoder(features, classes, vocabulary)
