"""Sequences in which each token mostly has one successor, the same at every site."""

import torch

from loraexample.models import VOCABULARY


def load_data(partition_id):
    draw = torch.Generator().manual_seed(1 + partition_id)
    tokens = torch.randint(VOCABULARY, (32, 1), generator=draw)
    while tokens.shape[1] < 12:
        following = (tokens[:, -1:] * 5 + 3) % VOCABULARY
        noise = torch.randint(VOCABULARY, following.shape, generator=draw)
        right = torch.rand(following.shape, generator=draw) < 0.9
        tokens = torch.cat([tokens, torch.where(right, following, noise)], dim=1)
    return tokens
