"""Experiments with a Transformer encoder and a CNN: what the MLP's rooms have, for models."""
