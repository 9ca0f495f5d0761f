"""The page of a run over HTTP, as it runs and after it: read-only, from the files it writes."""
