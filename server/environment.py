"""Environment variables between the processes of a run."""

HELD = "ANML_FOLDER_HELD"
"""Tells a ServerApp that its run's folder is held already, by who started its engine."""

STARTED_IN = "ANML_STARTED_IN"
"""The folder in which the command was given: an engine's processes have one of their own."""
