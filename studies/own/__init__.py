"""Studies beyond the paper's own tables."""
