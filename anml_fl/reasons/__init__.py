"""Why each contributor got its weight: told from records, by the method's own functions."""
