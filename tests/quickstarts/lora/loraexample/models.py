"""A tiny language model, frozen in bfloat16, and its adapters."""

import math

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig

VOCABULARY = 24


def cosine_annealing(current_round, total_round, lrate_max, lrate_min):
    cosine = math.cos(math.pi * current_round / total_round)
    return lrate_min + 0.5 * (lrate_max - lrate_min) * (1 + cosine)


def get_model(rank, alpha):
    """The same weights at every site, as if they were of a published model."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=32,
            bos_token_id=None,
            eos_token_id=None,
        ),
        dtype=torch.bfloat16,
    )
    adapters = LoraConfig(
        r=rank, lora_alpha=alpha, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    return get_peft_model(model, adapters)
