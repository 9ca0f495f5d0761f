"""The app learns from four clients in this process, and says what each weighed."""

import tomllib
from pathlib import Path

from anml_fl import InlineGrid, load_run
from flwr.app import Context, RecordDict

from $package import client_app, server_app

ROOT = Path(__file__).parents[1]


def test_rounds_make_the_model_better_and_are_recorded(tmp_path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    settings = project["tool"]["flwr"]["app"]["config"]
    settings["save"] = str(tmp_path / "run")
    nodes = [{"partition-id": i, "num-partitions": 4} for i in range(4)]

    grid = InlineGrid(client_app.app, nodes, settings)
    server_app.app(grid, Context(1, 1, {}, RecordDict(), settings))

    (strategy,) = load_run(tmp_path / "run").strategies
    assert len(strategy.records) == settings["num-server-rounds"]
    last = strategy.records[-1]
    # Ten digits: whoever guesses is wrong nine times in ten.
    assert last.test_error < 0.5
    assert sum(one.weight for one in last.contributors) > 0.99
