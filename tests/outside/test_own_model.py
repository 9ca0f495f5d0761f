"""A model of one's own that has everything trains, is judged by that alone, and goes on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord
from flwr.clientapp import ClientApp
from safetensors.numpy import load_file

from anml_fl.federation.run_task import task_of
from anml_fl.method.records import RoundRecord
from anml_fl.run.updates import load_updates
from anml_fl.settings.reading import from_flat
from clients.app import train_round
from clients.echo import echo_nonce
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation

if TYPE_CHECKING:
    from flwr.app import Context, Message

NET = dedent("""\
    import os

    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self, features, classes):
            super().__init__()
            self.first = nn.Linear(features, 16)
            self.normal = nn.BatchNorm1d(16)
            self.frozen = nn.Linear(16, 16).requires_grad_(False)
            self.one, self.other = nn.Linear(16, 16), nn.Linear(16, 16)
            self.other.weight = self.one.weight
            self.head = nn.Linear(16, classes, dtype=torch.bfloat16)
            self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
            self.register_buffer("level", torch.ones(3))
            self.register_buffer("mask", torch.full((3, 3), float("-inf")).triu(1))
            self.register_buffer("asked", torch.zeros((), dtype=torch.int64))

        def forward(self, rows):
            self.asked += len(rows)
            if self.training:
                self.seen += len(rows)
                self.level.add_(0.5)
                if int(self.seen) > int(os.environ.get("DIE_AFTER", 10**9)):
                    os._exit(9)
            x = torch.relu(self.normal(self.first(rows)))
            x = x + torch.relu(self.frozen(x))
            x = torch.relu(self.other(torch.relu(self.one(x))))
            return self.head(x.to(torch.bfloat16)).float()

    class Adapted(nn.Module):
        def __init__(self, features, classes):
            super().__init__()
            self.base = nn.Linear(features, 32).requires_grad_(False)
            self.down = nn.Parameter(torch.randn(2, features) / 8)
            self.up = nn.Parameter(torch.zeros(32, 2))
            self.head = nn.Linear(32, classes).requires_grad_(False)

        def forward(self, rows):
            x = self.base(rows) + rows @ self.down.t() @ self.up.t()
            return self.head(torch.relu(x))
    """)
TRAINED = {
    "first.weight", "first.bias", "normal.weight", "normal.bias", "one.weight", "one.bias",
    "other.bias", "head.weight", "head.bias",
}  # fmt: skip
BUFFERS = [
    "asked", "level", "mask", "normal.num_batches_tracked", "normal.running_mean",
    "normal.running_var", "seen",
]  # fmt: skip
SETTINGS = {
    "model": "net:Net",
    "contributors": 5,
    "behaviours": "label_flip=1",
    "rounds": 3,
    "local-epochs": 8,
    "strategies": "anml",
}
WORDS = [
    "run",
    *(f"--{name}={value}" for name, value in SETTINGS.items() if name[0] not in "bs"),
    "--behaviour=label_flip=1",
    "--strategy=anml",
]


@pytest.fixture(autouse=True)
def _net(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("net", None)


def rounds_of(run):
    lines = (Path(run) / "anml" / "rounds.jsonl").read_text().splitlines()
    return [RoundRecord.from_json(line) for line in lines]


def q_of(record):
    return {one.contributor: one.q for one in record.contributors}


# ── Through the command ─────────────────────────────────────────────────────────────────────


def test_it_trains_learns_and_is_judged_by_its_parameters_alone(anml):
    found = anml(*WORDS, "--out", "run")
    assert found.exit_code == 0, found.output
    records = rounds_of("run")
    assert records[-1].test_error < 0.25
    assert task_error_before() > 0.5
    assert all(list(one.buffers) == BUFFERS for one in records)

    kept = load_file("run/anml/model.safetensors")
    assert set(kept) == TRAINED | {*BUFFERS}
    assert kept["seen"].dtype == np.int64
    assert kept["seen"] > 0
    mask = np.triu(np.full((3, 3), -np.inf, np.float32), 1)
    np.testing.assert_array_equal(kept["mask"], mask)
    assert kept["asked"] == kept["seen"]  # what the server asks stays at the server
    assert kept["head.weight"].dtype == np.float32
    width = sum(kept[name].size for name in TRAINED)
    updates = load_updates(Path("run/anml"), 1)
    assert updates.model.shape == (width,)
    assert set(updates.buffers) == {*BUFFERS}
    told = json.loads(Path("run/manifest.json").read_text())["model"]
    assert told["trained"] == {"arrays": 9, "values": width}
    assert told["frozen"]["values"] == 16 * 16 + 16
    assert told["tied"] == {"other.weight": "one.weight"}

    assert anml("verify", "run").exit_code == 0
    valued = anml("attribution", "run")
    assert valued.exit_code == 0, valued.output


def task_error_before():
    task = task_of(from_flat(SETTINGS))
    return task.error(task.initial_model())


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_to_the_same_bytes(tmp_path):
    def anml(*words, **more):
        command = [sys.executable, "-P", "-m", "anml_fl.cli", *words]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    whole = anml(*WORDS, "--out", "whole")
    assert whole.returncode == 0, whole.stderr
    seen = int(load_file(tmp_path / "whole/anml/model.safetensors")["seen"])
    killed = anml(*WORDS, "--out", "killed", DIE_AFTER=str(seen // 2))
    assert killed.returncode == 9, killed.stderr
    assert 1 <= len(rounds_of(tmp_path / "killed")) <= 2
    resumed = anml("resume", "killed")
    assert resumed.returncode == 0, resumed.stderr
    for name in (
        "anml/rounds.jsonl",
        "anml/model.safetensors",
        "anml/updates/0003.safetensors",
    ):
        one, other = (tmp_path / run / name for run in ("whole", "killed"))
        assert one.read_bytes() == other.read_bytes(), name


def test_of_an_adapter_only_the_small_matrices_travel_and_it_learns(anml):
    words = [word.replace("net:Net", "net:Adapted") for word in WORDS]
    found = anml(*words, "--learning-rate=0.3", "--out", "run")
    assert found.exit_code == 0, found.output
    kept = load_file("run/anml/model.safetensors")
    assert {name: value.shape for name, value in kept.items()} == {
        "down": (2, 64),
        "up": (32, 2),
    }
    errors = [one.test_error for one in rounds_of("run")]
    task = task_of(from_flat({**SETTINGS, "model": "net:Adapted"}))
    assert errors[-1] < task.error(task.initial_model()) - 0.1
    # The model that the run leaves is base and adapter: every side has the same base.
    assert task.error(task.model_of(kept)) == errors[-1]


@pytest.mark.slow
def test_sites_with_rows_of_their_own_are_told_what_joining_is_worth(anml, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 5))
    label = (x[:, 0] + x[:, 1] > 0).astype(int)
    site = np.repeat(["a", "b", "c", "d"], 100)
    lines = [
        ",".join(map(str, [*row, s, y])) for row, s, y in zip(x, site, label, strict=True)
    ]
    (tmp_path / "t.csv").write_text("p,q,r,s,t,site,y\n" + "\n".join(lines) + "\n")
    found = anml(
        *("run", "--data=t.csv", "--label=y", "--by=site", "--model=net:Net", "--rounds=2"),
        *("--local-epochs=2", "--strategy=anml", "--worth", "--repeats=2", "--out=run"),
    )
    assert found.exit_code == 0, found.output
    told = json.loads(Path("run/summary.json").read_text())
    task_errors = [one["errors"]["anml"] for one in told["holdings"].values()]
    assert len(task_errors) == 4
    assert max(task_errors) < 0.5
    assert Path("run/worth.json").is_file()
    assert anml("verify", "run").exit_code == 0


# ── An attacker that changes nothing but buffers ────────────────────────────────────────────


@dataclass
class Meddling:
    """ClientApp of a federation in which one contributor multiplies what is no parameter."""

    factor: float
    app: ClientApp = field(default_factory=lambda: ClientApp(mods=[echo_nonce]))

    def __post_init__(self) -> None:

        @self.app.train()
        def train(message: Message, context: Context) -> Message:
            reply = train_round(message, context)
            if context.node_config["partition-id"] == 0:
                arrays = reply.content["arrays"]
                for name in BUFFERS:
                    value: Any = arrays[name].numpy()
                    arrays[name] = Array(np.asarray(value * self.factor, value.dtype))
                reply.content["arrays"] = ArrayRecord(dict(arrays))
            return reply


def test_scaling_buffers_changes_nobodys_q_and_does_not_enter_the_model(tmp_path):
    config = from_flat({**SETTINGS, "behaviours": "honest=5", "rounds": 1})
    found = {}
    for factor in (1.0, 1e6):
        nodes = [{"partition-id": i, "num-partitions": 5} for i in range(5)]
        grid = InlineGrid(Meddling(factor).app, nodes, config.to_flat())
        out = tmp_path / f"run-{factor:g}"
        run_federation(grid, config, out)
        (record,) = rounds_of(out)
        found[factor] = q_of(record), load_file(out / "anml" / "model.safetensors")
    (q, model), (meddled, other) = found[1.0], found[1e6]
    assert len(q) == 5
    assert q == meddled
    assert meddled["contributor-0000"] > min(q.values())
    for name in TRAINED:
        np.testing.assert_array_equal(model[name], other[name])
    for name in BUFFERS:
        # Within what the others sent: far from a millionfold.
        np.testing.assert_array_equal(np.isinf(model[name]), np.isinf(other[name]))
        finite = np.isfinite(model[name])
        most = np.abs(model[name][finite]).max()
        assert np.abs(other[name][finite]).max() < 100 * max(1, most)


# ── What is refused, in one line ────────────────────────────────────────────────────────────

BAD = dedent("""\
    import random
    import torch
    from torch import nn

    class Base(nn.Module):
        def __init__(self, features, classes):
            super().__init__()
            self.layer = nn.Linear(features, classes)
        def forward(self, rows):
            return self.layer(rows)

    def raises(features, classes):
        raise KeyError("weights.pt")

    def wants(features, width):
        return nn.Linear(features, width)

    def wide(features, classes):
        return nn.Linear(features, classes + 1)

    def narrow(features, classes):
        return nn.Linear(features - 1, classes)

    def frozen(features, classes):
        return nn.Linear(features, classes).requires_grad_(False)

    def chance(features, classes):
        model = nn.Linear(features, classes)
        with torch.no_grad():
            model.bias.fill_(random.random())
        return model

    class Cut(Base):
        def forward(self, rows):
            return super().forward(rows).detach()

    class Normal(Base):
        def forward(self, rows):
            return self.normal(super().forward(rows))
        def __init__(self, features, classes):
            super().__init__(features, classes)
            self.normal = nn.BatchNorm1d(classes)
    """)


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        (
            "raises",
            (),
            "cannot be built for rows of 64 features and 10 classes: KeyError: 'we",
        ),
        ("wants", (), "needs width, which nobody gives it"),
        ("wide", (), "into logits of shape (2, 10), got (2, 11)"),
        ("narrow", (), "fails on rows of shape (2, 64), torch.float32: RuntimeError: mat1"),
        ("narrow", (), "a model of pictures asks for `image`"),
        ("frozen", (), "trains nothing: none of its 2 parameters has requires_grad=True"),
        ("chance", (), "has other weights each time it is built"),
        ("Cut", (), "cannot be trained by gradients: RuntimeError: element 0 of tensors"),
        ("Normal", ("--batch-size=1",), "takes statistics of a batch, which one row has not"),
    ],
)
def test_a_model_that_cannot_do_is_refused_in_one_line(anml, tmp_path, name, more, said):
    (tmp_path / "bad.py").write_text(BAD)
    found = anml("run", f"--model=bad:{name}", *more, "--out", "run")
    assert found.exit_code == 2, found.output
    assert said in re.sub(r"\s+", " ", found.output.split("\nError: ")[1])
    assert "Traceback" not in found.output
    assert not Path("run").exists()
    sys.modules.pop("bad", None)
