"""A run's results as tables; docs/results-as-data.md lists their columns."""
