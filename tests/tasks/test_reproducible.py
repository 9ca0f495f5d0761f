"""The same seed, the same bytes: after an interruption, in any order, beside other draws."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from flwr.common import logger

from anml_fl.federation.adoption import adopted
from anml_fl.federation.own_task.generators import seeded_generators
from anml_fl.federation.own_task.loaders import loaders_of
from anml_fl.federation.own_task.task import ModuleTask
from anml_fl.models.state import arrays_of
from anml_fl.seeding import stream
from anml_fl.settings.reading import from_flat
from clients.local_round import LocalRound
from server.orchestration import round_loop

WORDS = ("--task", "pairs", "--contributors", 4, "--rounds", 4, "--strategy", "anml")


def files(out):
    """What a run came to, without the time it took."""
    return {
        name: (Path(out) / "anml" / name).read_bytes()
        for name in ("rounds.jsonl", "model.safetensors")
    } | {path.name: path.read_bytes() for path in (Path(out) / "anml" / "updates").iterdir()}


def interrupt_after(monkeypatch, rounds):
    """Stop a run as Ctrl-C does, when so many rounds are kept."""
    add = round_loop.RoundLog.add

    def stopping(self, done, *rest):
        add(self, done, *rest)
        if done.record.round == rounds:
            raise KeyboardInterrupt

    monkeypatch.setattr(round_loop.RoundLog, "add", stopping)
    return lambda: monkeypatch.setattr(round_loop.RoundLog, "add", add)


def test_a_run_that_was_interrupted_comes_to_the_same_bytes(anml, place, monkeypatch):
    assert anml("run", *WORDS, "--out", "whole").exit_code == 0
    go_on = interrupt_after(monkeypatch, 2)
    assert anml("run", *WORDS, "--out", "broken").exit_code == 130
    go_on()
    # What a new process has not: its loaders are made again.
    loaders_of.cache_clear()
    random.seed(5), torch.manual_seed(5)
    done = anml("resume", "broken")
    assert done.exit_code == 0, done.output
    assert files("broken") == files("whole")
    assert anml("verify", "broken").exit_code == 0


def test_a_task_that_changed_meanwhile_is_said_to_have(anml, place, monkeypatch, caplog):
    go_on = interrupt_after(monkeypatch, 2)
    assert anml("run", *WORDS, "--out", "broken").exit_code == 130
    go_on()
    before = json.loads(Path("broken/manifest.json").read_text())["own"]["server"]["pairs"]
    module = place / "pairs.py"
    module.write_text(module.read_text() + "\n# another\n")
    logger.FLOWER_LOGGER.propagate = True
    try:
        assert anml("resume", "broken").exit_code == 0
    finally:
        logger.FLOWER_LOGGER.propagate = False
    assert "pairs has changed since the run began" in caplog.text
    assert before[:12] in caplog.text
    own = json.loads(Path("broken/manifest.json").read_text())["own"]
    assert own["earlier"] == {"pairs": [before]}
    assert own["server"]["pairs"] != before


def task_of(name, **more):
    return ModuleTask.of(adopted(from_flat({"task": name, "contributors": 3, **more})))


def replies(task, order):
    flat = {"task": task.module.name, "contributors": 3, "local-epochs": 1, "seed": task.seed}
    config = adopted(from_flat(flat))
    local = LocalRound(config, task, 1, arrays_of(task.initial_model()))
    return {name: local.reply_of(name, "honest")[0] for name in order}


def test_the_order_of_contributors_does_not_matter(place):
    task = task_of("pairs")
    names = task.data.names
    forth = replies(task, names)
    loaders_of.cache_clear()
    back = replies(task, reversed(names))
    for name in names:
        for key, array in forth[name].items():
            assert array.tobytes() == back[name][key].tobytes()


def test_global_generators_are_as_they_were(place):
    task = task_of("pairs")
    random.seed(1), torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002 - the global one is what is meant
    wanted = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    replies(task, task.data.names)
    task.error(task.initial_model())
    assert random.getstate() == wanted[0]
    assert torch.equal(torch.get_rng_state(), wanted[1])
    assert (np.random.get_state()[1] == wanted[2]).all()  # noqa: NPY002


def test_two_rounds_draw_other_numbers_and_one_draws_the_same(place):
    def drawn(number):
        with seeded_generators(stream(0, "training", "a", number)):
            python, numpy = random.random(), np.random.rand()  # noqa: S311, NPY002 - meant
            return torch.rand(2).tolist(), python, float(numpy)

    assert drawn("1") == drawn("1")
    assert all(one != other for one, other in zip(drawn("1"), drawn("2"), strict=True))


def test_a_loaders_own_generator_is_seeded_by_round_too(place, write):
    name = write(
        "seeded",
        (
            "DataLoader(data, batch_size, shuffle=True), DataLoader",
            "DataLoader(data, 4, shuffle=True, generator=torch.Generator().manual_seed(1)),"
            " DataLoader",
        ),
    )
    task = task_of(name)
    first = replies(task, task.data.names)
    again = replies(task, task.data.names)
    for one in task.data.names:
        assert first[one]["weight"].tobytes() == again[one]["weight"].tobytes()


@pytest.mark.parametrize("seed", [0, 1])
def test_load_data_is_asked_once_a_contributor_under_a_seed_of_its_own(place, write, seed):
    name = write(
        f"counted{seed}",
        ("def load_data", "asked = []\n\n\ndef load_data"),
        ("x = ", "asked.append((partition_id, torch.rand(1).item()))\n    x = "),
    )
    task = task_of(name, seed=seed, **{"local-epochs": 1})
    replies(task, task.data.names)
    replies(task, task.data.names)
    task.error(task.initial_model())
    asked = task.module.load_data.__globals__["asked"]
    assert sorted(index for index, _ in asked) == [0, 1, 2]
    assert len({drawn for _, drawn in asked}) == 3
