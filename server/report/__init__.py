"""A run's page: its figures, tables and wording, and serving it while it runs."""
