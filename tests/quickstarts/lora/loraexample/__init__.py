"""Low-rank adapters of a language model, whose weights stay as they are."""
