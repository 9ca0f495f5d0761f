"""What somebody else wrote: one file each, outside the package."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from anml_fl.datasets import loading, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = {
    "my_data": """
        import numpy as np
        from anml_fl.datasets.table import matrix

        def rings(folder):
            rng = np.random.default_rng(0)
            radius = np.repeat([1.0, 3.0], 60)
            angle = rng.uniform(0, 2 * np.pi, 120)
            points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
            return matrix(points + rng.normal(0, 0.1, points.shape), radius > 2)
        """,
    "my_model": """
        from torch import nn

        def small(shape):
            features, _, classes = shape
            return nn.Sequential(nn.Linear(features, 8), nn.Tanh(), nn.Linear(8, classes))
        """,
    "my_noise": """
        from dataclasses import replace
        from anml_fl.behaviour import Behaviour

        def _shuffled(samples, rng, attacks):
            return replace(samples, labels=rng.permutation(samples.labels))

        shuffled = Behaviour(samples=_shuffled)
        """,
    "my_attack": """
        from anml_fl.behaviour import Behaviour

        sign_flip = Behaviour(update=lambda update, sight: -update)
        """,
    "my_omniscient": """
        from anml_fl.behaviour import Behaviour

        def _little(update, sight):
            others = sight.others()
            return others.mean(axis=0) - 1.5 * others.std(axis=0)

        little_is_enough = Behaviour(update=_little)
        """,
    "my_forger": """
        from anml_fl.behaviour import Behaviour

        forger = Behaviour(credentials=lambda seed, name, names: ["no.real.token"])
        """,
    "my_scenario": """
        def shy(honest, rng):
            return (0.6 if honest else 0.2), rng.uniform(0.4, 0.5)
        """,
    "my_rule": """
        import numpy as np
        from strategies.decision import Decision

        def clipped(cohort, context):
            rows = cohort.wide
            norms = np.linalg.norm(rows, axis=1)
            bound = np.median(norms)
            weights = np.full(len(rows), 1 / len(rows))
            shrunk = rows * np.minimum(1, bound / norms)[:, None]
            update = (weights @ shrunk).astype(cohort.updates.dtype)
            return Decision(update, weights, np.ones(len(rows), bool), note="clipped")
        """,
    "my_momentum": """
        import os
        from dataclasses import replace
        from strategies.decision import averaged

        def momentum(cohort, context):
            if os.environ.get("DIE_IN_ROUND") == str(context.round):
                os._exit(9)
            found = averaged(cohort)
            speed = found.update + 0.9 * context.state.get("speed", 0 * found.update)
            return replace(found, update=speed, state={"speed": speed})
        """,
    "my_root": """
        import numpy as np
        from strategies.decision import Decision
        from strategies.rule import Rule

        def _trained(arrays):
            import torch
            from anml_fl.models.state import arrays_of, load_arrays
            from my_data import rings
            from my_model import small

            table = rings("")
            own = np.arange(0, 120, 6)
            features = torch.tensor(table.features[own] / 2, dtype=torch.float32)
            model = small((2, None, 2))
            load_arrays(model, arrays)
            step = torch.optim.SGD(model.parameters(), lr=0.1)
            for _ in range(20):
                step.zero_grad()
                loss = torch.nn.functional.cross_entropy(
                    model(features), torch.tensor(table.labels[own])
                )
                loss.backward()
                step.step()
            return arrays_of(model)

        def _decide(cohort, context):
            root = context.root_update().astype(np.float64)
            rows, length = cohort.wide, np.linalg.norm(root)
            norms = np.linalg.norm(rows, axis=1)
            trust = np.maximum(0, rows @ root / (norms * length))
            weights = trust / trust.sum()
            update = (weights * length / norms) @ rows
            return Decision(update.astype(cohort.updates.dtype), weights, weights > 0)

        fltrust = Rule(_decide, "fltrust", root=_trained)
        """,
}


def _plain(text: str) -> str:
    return "\n".join(line[8:] for line in text.splitlines()) + "\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, with a file for each thing; it is forgotten afterwards."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name}.py").write_text(_plain(text))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    before = {*sys.modules}
    yield folder
    for name in {*sys.modules} - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(folder):
            del sys.modules[name]


@pytest.fixture
def write(place: Path) -> Callable[[str, str], None]:
    """Write one more module."""

    def make(name: str, text: str) -> None:
        (place / f"{name}.py").write_text(text)

    return make


@pytest.fixture
def anml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Call the command in this process, in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> Any:
        return CliRunner().invoke(main, [str(word) for word in words])

    return call


@pytest.fixture
def options() -> Callable[..., list[str]]:
    """The words of `anml run` for a federation of which everything comes from outside."""

    def make(*behaviours: str, strategy: str = "my_rule:clipped", **more: Any) -> list[str]:
        given = {
            "dataset": "my_data:rings",
            "model": "my_model:small",
            "scenario": "my_scenario:shy",
            "contributors": 5,
            "rounds": 2,
            "local-epochs": 2,
            "strategy": strategy,
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        words = [f"--{name}={value}" for name, value in given.items()]
        counts = behaviours or ("honest=5",)
        return ["run", *words, *(f"--behaviour={one}" for one in counts)]

    return make


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Two tests may have data of one name, which a process loads once."""
    for cached in (loading._load, prepare._deal):
        cached.cache_clear()
    yield
    for cached in (loading._load, prepare._deal):
        cached.cache_clear()
