"""Environment variables between the processes of a run."""

HELD = "ANML_FOLDER_HELD"
"""Tells a ServerApp that its run's folder is held already, by who started its engine."""

STARTED_IN = "ANML_STARTED_IN"
"""The folder in which the command was given: an engine's processes have one of their own."""

SWITCHES = {
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}
"""What keeps Flower and Ray from reporting home, and from installing while they run."""
