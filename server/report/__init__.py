"""A run's report: its figures, tables and wording."""
