"""A finished run's files, read as far as others may repeat it."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

from anml_fl.run.files import CONFIG, MANIFEST, SUMMARY
from anml_fl.run.repeats import FinishedRun, but_for_the_seed, ratio_of_test_rows
from server.page.json_numbers import number
from server.page.opening import content
from server.page.run_settings import LARGEST, read_settings

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 1 << 26
"""Bytes of a summary or a manifest."""


def finished_run(folder: Path) -> FinishedRun | None:
    """Read a run; None where it has not ended, or a file does not say what it should."""
    try:
        settings = read_settings(folder)
        tree = tomllib.loads(content(folder, CONFIG, most=LARGEST).decode("utf-8-sig"))
        summary = json.loads(content(folder, SUMMARY, most=LONGEST))["strategies"]
        manifest = json.loads(content(folder, MANIFEST, most=LONGEST))
        code = [manifest["code"]["server"], manifest.get("own", {}).get("server", {})]
        field = "test_score" if settings.metric else "test_error"
        return FinishedRun(
            folder.name,
            int(tree["seed"]),
            but_for_the_seed(tree),
            json.dumps(code, sort_keys=True),
            settings.metric,
            ratio_of_test_rows(tree),
            {name: number(summary[name].get(field)) for name in settings.strategies},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
