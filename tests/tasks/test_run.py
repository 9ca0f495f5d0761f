"""A task of a quickstart's shape runs unchanged, and leaves behind what any run does."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from safetensors.numpy import load_file

from anml_fl.run.reading import load_run
from anml_fl.run.updates import load_updates

CLASS = "class Net(nn.Linear):\n    def __init__(self):\n        super().__init__(4, 3)"
PLAIN = ("--contributors", 4, "--rounds", 2, "--local-epochs", 2, "--strategy", "anml")
ANSWER = "return 0.0, right / len(testloader.dataset)"
QUICKSTART = ("--task", "quickstart.task", "--rounds", 4, "--local-epochs", 2, "--seed", 3)


def ended(done):
    assert done.exit_code == 0, done.output
    return done


def test_the_shape_of_the_quickstart_learns_and_leaves_a_whole_run(anml, place):
    ended(anml("run", *QUICKSTART, "--contributors", 5))
    out = place / "runs" / "quickstart.task"
    run = load_run(out)
    # Nobody attacks, so that the oracle has nothing to know; and digits are learned.
    assert list(run.summary.strategies) == ["fedavg", "krum", "anml", "calibrated"]
    assert set(run.summary.contributors.values()) == {"honest"}
    errors = {name: one.test_error for name, one in run.summary.strategies.items()}
    assert max(errors.values()) < 0.5, errors
    assert run.summary.dataset == "quickstart.task"
    assert run.summary.tested_on == "the task's load_centralized_dataset, at the server"
    # 4/5 of every fifth of the first 1200 rows.
    assert load_updates(out / "calibrated", 1).examples.tolist() == [192.0] * 5
    ended(anml("verify", out))
    ended(anml("attribution", out))
    page = (out / "report.html").read_text()
    assert "Task: quickstart.task, tested on the task&#39;s load_centralized_dataset" in page
    own = json.loads((out / "manifest.json").read_text())["own"]
    assert list(own["server"]) == ["quickstart.task"]
    assert set(own["contributors"]) == set(run.summary.contributors)
    assert all(said == own["server"] for said in own["contributors"].values())


def test_pairs_other_names_and_three_loaders_run_by_their_file(anml, place):
    words = ("--rounds", 3, "--strategy", "anml", "--names", "north,south,east,west")
    done = ended(anml("run", "--task", "pairs.py", *words))
    assert "mine.pairs" in done.output
    assert str(place) not in done.output.replace(str(place / "runs"), "")
    run = load_run(place / "runs" / "mine.pairs")
    assert list(run.summary.contributors) == ["north", "south", "east", "west"]
    assert run.summary.strategies["anml"].test_error < 0.3
    assert run.summary.tested_on == "the test loaders of all 4 contributors, by examples"
    # The module's own defaults, where the command says nothing.
    config = (place / "runs" / "mine.pairs" / "config.toml").read_text()
    assert re.search(r"^local_epochs = 2$", config, re.MULTILINE)
    assert re.search(r"^learning_rate = 0.02$", config, re.MULTILINE)
    assert re.search(r"^batch_size = 16$", config, re.MULTILINE)
    # The page names the module, and its settings its file.
    page = (place / "runs/mine.pairs/report.html").read_text()
    facts = re.search(r'<p class="facts">(.*?)</p>', page)[1]
    assert "Task: mine.pairs, tested on the test loaders" in facts
    assert str(place) not in facts


@pytest.mark.parametrize("behaviour", ["label_flip", "gradient_aligned"])
@pytest.mark.parametrize("task", ["quickstart.task", "pairs"])
def test_who_poisons_its_samples_is_caught_as_in_our_own_data(anml, place, task, behaviour):
    words = ("--rounds", 3, "--strategy", "anml", "--behaviour", f"{behaviour}=1", "--seed", 1)
    ended(anml("run", "--task", task, *words, "--contributors", 6))
    run = load_run(place / "runs" / task)
    (attacker,) = (n for n, b in run.summary.contributors.items() if b == behaviour)
    last = {one.contributor: one.q for one in run.lead.records[-1].contributors}
    assert last[attacker] == min(last.values())
    assert run.summary.strategies["anml"].attacker_weight < 1 / 6


def test_who_changes_its_update_needs_nothing_of_the_batches(anml, place, write):
    write(
        "flip",
        text="""
        from anml_fl import Behaviour

        sign = Behaviour(update=lambda update, sight: -update)
        """,
    )
    words = ("--behaviour", "flip:sign=1", "--contributors", 6, "--rounds", 2)
    ended(anml("run", "--task", write("plain"), *words, "--strategy", "anml"))
    run = load_run(place / "runs" / "plain")
    (attacker,) = (n for n, b in run.summary.contributors.items() if b == "flip:sign")
    last = {one.contributor: one.q for one in run.lead.records[-1].contributors}
    assert last[attacker] == min(last.values())
    own = json.loads((place / "runs/plain/manifest.json").read_text())["own"]
    # Contributors need none of another one's behaviours.
    assert sorted(own["server"]) == ["flip", "plain"]
    assert {tuple(said) for said in own["contributors"].values()} == {("plain",)}


def test_a_task_that_gives_a_loss_alone_is_shown_by_its_loss(anml, place, write):
    name = write("lossy", (ANSWER, "return 1.5 - right / 40"))
    words = ("--rounds", 2, "--contributors", 4, "--strategy", "anml")
    ended(anml("run", "--task", name, *words))
    run = load_run(place / "runs" / "lossy")
    assert run.summary.metric == "loss"
    found = run.summary.strategies["anml"]
    assert found.test_error is None
    assert 0.5 <= found.test_score < 1.2
    assert "Test loss" in (place / "runs/lossy/report.html").read_text()
    ended(anml("verify", "runs/lossy"))
    done = anml("attribution", "runs/lossy")
    assert done.exit_code == 2
    assert "a task's test gives a loss alone" in done.output


@pytest.mark.slow
def test_flowers_simulation_finds_the_task_and_comes_to_the_same(anml, place):
    words = (*QUICKSTART, "--contributors", 3, "--rounds", 2, "--strategy", "anml")
    ended(anml("run", *words, "--out", "inline"))
    ended(anml("run", *words, "--engine", "simulation", "--out", "simulated"))
    models = [load_file(f"{out}/anml/model.safetensors") for out in ("inline", "simulated")]
    assert models[0].keys() == models[1].keys()
    for name, array in models[0].items():
        # What ADR 15 promises of two engines; measured: the same bytes.
        np.testing.assert_allclose(array, models[1][name], atol=1e-6, rtol=0, err_msg=name)


COUNTING = """
    class Net(nn.Linear):
        def __init__(self):
            super().__init__(4, 3)
            self.register_buffer("asked", torch.tensor(0))

        def forward(self, rows):
            self.asked += len(rows)
            return super().forward(rows)
    """


def test_a_net_that_counts_what_it_is_asked_trains(anml, place, write):
    name = write("counting", (CLASS, COUNTING))
    ended(anml("run", "--task", name, *PLAIN))
    # In each round 2 epochs of 40 rows, at everybody.
    assert load_file(f"runs/{name}/anml/model.safetensors")["asked"] == 2 * 2 * 40


@pytest.mark.parametrize(
    "first",
    [
        "net.bias.requires_grad_(False)",
        "net.requires_grad_(True)",
        "net.double(); trainloader = [(x.double(), y) for x, y in trainloader]",
    ],
    ids=["freezes", "unfreezes", "double"],
)
def test_what_train_does_to_the_net_changes_nothing_of_what_travels(anml, place, write, first):
    frozen = "self.register_parameter('scale', nn.Parameter(torch.ones(2), False))"
    name = write(
        "tuning",
        (CLASS, f"{CLASS}\n        {frozen}"),
        ("optimizer = ", f"{first}\n    optimizer = "),
        ("right = ", "net.float()\n    right = "),
    )
    words = (*PLAIN[:-2], "--behaviour", "turncoat=1", "--strategy", "fedavg")
    ended(anml("run", "--task", name, *words))
    kept = load_file(f"runs/{name}/fedavg/model.safetensors")
    assert {n: (a.shape, a.dtype.name) for n, a in kept.items()} == {
        "weight": ((3, 4), "float32"),
        "bias": ((3,), "float32"),
    }
    *_, last = (place / f"runs/{name}/fedavg/rounds.jsonl").read_text().splitlines()
    assert {one["reason"] for one in json.loads(last)["contributors"]} == {None}


@pytest.mark.parametrize(
    ("load", "train", "adopted"),
    [
        ("", "epochs=3, lr=0.2, batch_size=4", (3, 0.2, 4)),
        (", epochs=3, lr=0.2, batch_size=4", "", (3, 0.2, 4)),
        # Where they disagree, batches are of load_data, and the rest of train.
        (", epochs=5, lr=0.5, batch_size=6", "epochs=3, lr=0.2, batch_size=4", (3, 0.2, 6)),
    ],
)
def test_defaults_of_both_functions_are_the_runs(place, write, load, train, adopted):
    from anml_fl.federation.adoption import adopted as fill_in
    from anml_fl.settings.reading import from_flat

    name = write(
        "both",
        (", batch_size=8", load),
        ("batch_size, shuffle", "8, shuffle"),
        ("DataLoader(data, batch_size)", "DataLoader(data, 8)"),
        ("epochs, lr, device", f"device, {train}"),
        ("range(epochs)", "range(1)"),
        ("lr=lr", "lr=0.1"),
    )
    found = fill_in(from_flat({"task": name, "contributors": 3})).training
    assert (found.local_epochs, found.learning_rate, found.batch_size) == adopted
    said = fill_in(from_flat({"task": name, "contributors": 3, "local-epochs": 7})).training
    assert (said.local_epochs, said.batch_size) == (7, adopted[2])


def test_load_data_is_given_the_runs_epochs_too(anml, place, write):
    name = write(
        "epochal",
        ("batch_size=8", "batch_size=8, *, epochs"),
        ("x = torch.randn", "assert epochs == 2\n    x = torch.randn"),
    )
    ended(
        anml(
            "run",
            "--task",
            name,
            "--contributors",
            2,
            "--rounds",
            1,
            "--local-epochs",
            2,
            "--strategy",
            "anml",
        )
    )
