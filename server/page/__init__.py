"""The page of a run over HTTP, while it runs and after: read-only, from its files."""
