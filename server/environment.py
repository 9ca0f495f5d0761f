"""Environment variables between the processes of a run."""

HELD = "ANML_FOLDER_HELD"
"""Tells a ServerApp that its run's folder is held already, by who started its engine."""
