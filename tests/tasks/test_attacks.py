"""Attacks on a task's samples: carried out on its loaders, or refused."""

from __future__ import annotations

import pytest
import torch

from anml_fl.settings.section import ConfigError

ANSWER = "return 0.0, right / len(testloader.dataset)"
BATCHES = [
    ("TensorDataset(x, x[:, :3].argmax(1))", "TensorDataset(x, x.argmax(1), x)", "list of 3"),
    ("x[:, :3].argmax(1)", "2 * torch.eye(3)[x[:, :3].argmax(1)]", "labels of shape (40, 3)"),
]
WORDS = """
    class Words(torch.utils.data.Dataset):
        def __init__(self, data):
            self.data = data

        def __len__(self):
            return len(self.data)

        def __getitem__(self, at):
            x, y = self.data[at]
            return {"x": x, "label": y, "text": "a word"}


    def load_data"""


@pytest.mark.parametrize(("old", "new", "said"), BATCHES)
def test_batches_that_cannot_be_taken_apart(place, write, old, new, said):
    from anml_fl.behaviour import behaviour
    from anml_fl.federation.adoption import adopted
    from anml_fl.federation.own_task.behaving import loaders_behaving
    from anml_fl.federation.own_task.task import ModuleTask
    from anml_fl.settings.reading import from_flat

    name = write("odd", (old, new), (ANSWER, "return 0.0, 0.5"), ("right = sum", "0 and sum"))
    config = adopted(from_flat({"task": name, "contributors": 3}))
    task = ModuleTask.of(config)
    with pytest.raises(
        ConfigError, match="a behaviour that changes samples needs batches"
    ) as error:
        loaders_behaving(task, task.data.names[0], behaviour("label_flip"), config.attacks)
    assert f"got {said}" in str(error.value)


@pytest.mark.parametrize("behaviour", ["label_flip", "gradient_aligned", "turncoat"])
def test_an_attack_that_cannot_be_carried_out_is_refused_and_no_defence(
    refused, anml, write, behaviour
):
    name = write(
        "texts",
        ("def load_data", WORDS.strip("\n")),
        (
            "= TensorDataset(x, x[:, :3].argmax(1))",
            "= Words(TensorDataset(x, x[:, :3].argmax(1)))",
        ),
        (
            "x, y in trainloader:",
            'x, y in ((b["x"], b["label"]) for b in trainloader):',
        ),
        (ANSWER, "return 0.0, 0.5"),
        ("right = sum", "0 and sum"),
    )
    words = ("--task", name, "--behaviour", "honest=2", "--behaviour", f"{behaviour}=1")
    said = refused(*words, "--rounds", 30)
    assert "cannot be carried out at contributor-000" in said
    assert "with a row for each example, and labels that are" in said
    # To its end, however long it is.
    assert (
        "got entries of Tensor, Tensor, list; one that changes updates needs nothing" in said
    )
    # Where nobody changes samples, batches may be of any form.
    done = anml(
        "run", "--task", name, "--contributors", 3, "--rounds", 1, "--strategy", "anml"
    )
    assert done.exit_code == 0, done.output


def test_a_behaviour_of_ones_own_that_fails_on_the_samples_is_refused(refused, write):
    write(
        "odd",
        text="""
        from anml_fl import Behaviour

        lost = Behaviour(samples=lambda samples, rng, attacks: None)
        bad = Behaviour(samples=lambda samples, rng, attacks: samples.gone)
        """,
    )
    said = refused("--task", write("plain"), "--behaviour", "odd:lost=1")
    assert "a behaviour must give anml_fl.datasets.prepare.Samples, got NoneType" in said
    said = refused("--task", "plain", "--behaviour", "odd:bad=1")
    assert "behaviour 'odd:bad', on the samples of contributor-000" in said
    assert "failed: AttributeError" in said


def test_one_hot_labels_are_flipped_and_stay_one_hot():
    from torch.utils.data import DataLoader, TensorDataset

    from anml_fl.datasets.prepare import Samples
    from anml_fl.federation.own_task.poisoned_loader import poisoned

    hot = torch.eye(3)[torch.tensor([0, 2, 1, 2, 0])]
    data = TensorDataset(torch.arange(5.0)[:, None], hot)

    def next_class(samples):
        assert samples.classes == 3
        return Samples(samples.features, (samples.labels + 1) % 3, 3)

    (batch,) = poisoned(DataLoader(data, 8), next_class, "task")
    assert batch[1].dtype == hot.dtype
    # The columns move on by one.
    assert batch[1].tolist() == hot.roll(1, dims=1).tolist()
