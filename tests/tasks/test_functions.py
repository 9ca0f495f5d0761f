"""A task's functions: what they may ask for, and what is said when one of them fails."""

from __future__ import annotations

import pytest
import torch

from anml_fl.federation.own_task.arguments import arguments
from anml_fl.settings.section import ConfigError

CLASS = "class Net(nn.Linear):\n    def __init__(self):\n        super().__init__(4, 3)"
ANSWER = "return 0.0, right / len(testloader.dataset)"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "(net, trainloader, epochs, lr, device)",
            "(net, trainloader, epochs, lr, scaler)",
            "plain.train: nobody can give it 'scaler'; known are net, trainloader, loader,",
        ),
        (
            "batch_size=8",
            "batch_size, tokenizer",
            "load_data: nobody can give it 'tokenizer'; known are partition_id,",
        ),
        ("__init__(self)", "__init__(self, width)", "Net: nobody can give it 'width'"),
        (CLASS, "Net = list", "plain.Net must give a torch.nn.Module, got list"),
        (
            "return DataLoader(data, batch_size, shuffle=True), Data",
            "return Data",
            "load_data must give (trainloader, testloader), or (trainloader, valloader,",
        ),
        (
            "return DataLoader(data, batch_size, shuffle=True), Data",
            "return [1, 2], Data",
            "must give loaders as torch.utils.data.DataLoader, whose dataset has a length",
        ),
        ("return 0.0, right", 'return {"f1": 0.5}, right', "got tuple of dict, float"),
        (ANSWER, 'return {"f1": 0.5}', "test must give (loss, accuracy), (loss, {"),
        (ANSWER, "return None", "got NoneType"),
        (ANSWER, "return 0.0, 100 * right / 40", "the accuracy must lie in [0, 1], got"),
        (
            "right = sum",
            "raise KeyError('x')\n    right = sum",
            "plain.test failed for contributor-0000: KeyError: 'x'",
        ),
        (
            "x = torch.randn",
            "raise OSError('no disc')\n    x = torch.randn",
            "OSError: no disc",
        ),
        (
            "super().__init__(4, 3)",
            "super().__init__(4, 3).gone",
            "Net failed: AttributeError",
        ),
    ],
)
def test_functions_that_do_not_fit(refused, write, old, new, said):
    assert said in refused("--task", write("plain", (old, new)))


def test_parameters_are_bound_by_name_first_and_by_place_only_where_that_says_nothing():
    known = {"net": "N", "trainloader": "T", "lr": 0.5}
    first = ("net", "trainloader")
    assert arguments(lambda one, other=1: 0, "f", known, first) == ([], {"one": "N"})

    def swapped(train_loader, model, /, *, learning_rate):
        """Nothing."""

    assert arguments(swapped, "f", known, first) == (["T", "N"], {"learning_rate": 0.5})
    with pytest.raises(ConfigError, match="nobody can give it 'other'"):
        arguments(lambda net, trainloader, other: 0, "f", known, first)
    # The second is the net by its name, so that the first is none.
    with pytest.raises(ConfigError, match="nobody can give it 'what'"):
        arguments(lambda what, net: 0, "f", known, first)


def test_a_failure_at_another_contributor_than_the_first_is_told_by_function_and_name(
    anml, place, write
):
    old = "x = torch.randn"
    name = write("some", (old, f"assert partition_id != 1, 'no rows'\n    {old}"))
    done = anml("run", "--task", name, "--contributors", 3, "--rounds", 1)
    assert done.exit_code != 0
    said = " ".join(done.output.split())
    assert "some.load_data failed for contributor-0001: AssertionError: no rows" in said


def test_a_train_that_fails_is_recorded_by_function_contributor_and_words(anml, place, write):
    name = write("sad", ("optimizer = ", "raise OSError('no disc')\n    optimizer = "))
    anml("run", "--task", name, "--contributors", 3, "--rounds", 1, "--strategy", "anml")
    rounds = (place / "runs/sad/anml/rounds.jsonl").read_text()
    assert "sad.train failed for contributor-0002: OSError: no disc" in rounds


def test_on_nodes_errors_keep_their_words_to_themselves(place, write):
    from dataclasses import replace

    from anml_fl.federation.own_task.task import ModuleTask
    from anml_fl.settings.reading import from_flat

    name = write("quiet", ("x = torch.randn", "raise OSError('a row')\n    x = torch.randn"))
    task = ModuleTask.of(
        from_flat({"task": name, "contributors": 3, "behaviours": "honest=3"})
    )
    with pytest.raises(ConfigError, match=r"quiet\.load_data failed for contributor-0000"):
        task.loaders("contributor-0000")
    # As it is: the node's own rules decide what is told of it.
    with pytest.raises(OSError, match="a row"):
        replace(task, on_nodes=True).loaders("contributor-0000")


def test_what_a_task_changes_of_the_process_is_restored(anml, place, write):
    from pathlib import Path

    lines = (
        "import os",
        "os.chdir('/')",
        "torch.set_grad_enabled(False)",
        "torch.set_default_dtype(torch.float64)",
        "",
    )
    change = "\n    ".join(lines)
    name = write(
        "moving",
        ("right = sum", f"{change}right = sum"),
        ("generator = torch", f"{change}generator = torch"),
        (
            "torch.randn(40, 4, generator=generator)",
            "torch.randn(40, 4, generator=generator).float()",
        ),
    )
    done = anml(
        "run", "--task", name, "--contributors", 2, "--rounds", 1, "--strategy", "anml"
    )
    assert done.exit_code == 0, done.output
    assert Path.cwd() == place
    assert torch.get_default_dtype() is torch.float32
    assert torch.is_grad_enabled()
    assert (place / "runs/moving/anml/rounds.jsonl").is_file()
