"""What a task must be, said by name before anything is written."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from anml_fl.federation.own_task.arguments import arguments
from anml_fl.federation.own_task.tested import understood
from anml_fl.settings.section import ConfigError

CLASS = "class Net(nn.Linear):\n    def __init__(self):\n        super().__init__(4, 3)"
ANSWER = "return 0.0, right / len(testloader.dataset)"


def refused(anml, place, *words):
    """Run a command that must be refused in one message, and leave no folder behind."""
    done = anml("run", "--rounds", 1, "--contributors", 3, "--strategy", "anml", *words)
    assert done.exit_code == 2, done.output
    assert not (place / "runs").exists()
    return " ".join(done.output.split())


def test_all_missing_names_are_listed_with_what_each_must_be(anml, place, write):
    name = write("half", ("def load_data", "def load"), ("def test", "def tested"))
    said = refused(anml, place, "--task", name)
    assert "task half: the module has no load_data, a function load_data(partition_id" in said
    assert (
        "no test, a function test(net, testloader, device) that gives (loss, accuracy)" in said
    )
    assert "no Net" not in said
    assert "no train," not in said


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (
            "import no_such_package.inner",
            "task broken: it imports no_such_package, which is not installed here: pip install"
            " no_such_package",
        ),
        ("import flwr_datasets_gone as one", "pip install flwr_datasets_gone"),
        ("raise ValueError('by itself')", "importing it failed: ValueError: by itself"),
        ("raise SystemExit(0)", "importing it failed: SystemExit: 0"),
    ],
)
def test_what_cannot_be_imported_is_said_in_one_line(anml, place, write, first, said):
    name = write("broken", ("import torch\n", f"{first}\nimport torch\n"))
    assert said in refused(anml, place, "--task", name)


def test_what_is_called_otherwise_than_its_package_is_told_by_the_package(
    anml, place, write, monkeypatch
):
    import sys

    monkeypatch.setitem(sys.modules, "cv2", None)
    name = write("seeing", ("import torch\n", "import cv2\nimport torch\n"))
    assert "it imports cv2, which is not installed here: pip install opencv-python" in refused(
        anml, place, "--task", name
    )


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("nowhere.task", "no module is called nowhere: is it in the folder where the command"),
        ("nowhere.task", "A run that goes on needs the folder in which it was begun"),
        ("nowhere/task.py", "there is no file"),
        ("quickstart.gone", "no module is called quickstart.gone"),
        ("my task", "must be a module such as mypkg.task, or a file such as pkg/task.py"),
        ("pairs:Net", "must be a module such as mypkg.task"),
    ],
)
def test_a_task_that_is_not_there(anml, place, task, said):
    assert said in refused(anml, place, "--task", task)


def test_a_file_whose_name_is_another_modules(anml, place):
    (place / "json.py").write_text((place / "pairs.py").read_text())
    said = refused(anml, place, "--task", "json.py")
    assert "another module is called 'json'" in said


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
def test_functions_that_do_not_fit(anml, place, write, old, new, said):
    assert said in refused(anml, place, "--task", write("plain", (old, new)))


def test_a_train_that_returns_another_model_is_left_out_with_the_reason(anml, place, write):
    name = write(
        "new", ("for _ in range(epochs):", "return Net()\n    for _ in range(epochs):")
    )
    done = anml(
        "run", "--task", name, "--rounds", 1, "--contributors", 3, "--strategy", "anml"
    )
    assert done.exit_code == 0
    assert "no round changed a model" in done.output
    rounds = (place / "runs/new/anml/rounds.jsonl").read_text()
    assert "train must train the net that it is given, and returned another Net" in rounds


@pytest.mark.parametrize(
    "words",
    [
        ("--dataset", "wine"),
        ("--data", "table.csv"),
        ("--label", "sick"),
        ("--model", "cnn"),
        ("--partition", "natural"),
        ("--leave-out", "somebody"),
        ("--weight-classes",),
        ("--worth",),
        ("--gold", 3),
    ],
)
def test_what_would_mean_nothing_beside_a_task(anml, place, words):
    said = refused(anml, place, "--task", "pairs", *words)
    assert f"beside which {words[0]} means nothing: leave it out" in said


def test_a_setting_that_no_function_takes(anml, place, write):
    name = write("fixed", ("epochs, lr, device", "epochs, device"), ("lr=lr", "lr=0.1"))
    said = refused(anml, place, "--task", name, "--learning-rate", "0.5")
    assert "neither load_data nor train of fixed takes lr" in said


def test_metrics_are_the_tasks_own(anml, place, write):
    assert "is scored by its own test" in refused(
        anml, place, "--task", "pairs", "--metric", "f1"
    )
    done = anml("run", "--metric", "loss", "--out", "runs", "--rounds", 1)
    assert done.exit_code == 2
    assert "which loss does not score" in " ".join(done.output.split())


BATCHES = [
    ("TensorDataset(x, x[:, :3].argmax(1))", "TensorDataset(x, x.argmax(1), x)", "list of 3"),
    ("x[:, :3].argmax(1)", "2 * torch.eye(3)[x[:, :3].argmax(1)]", "labels of shape (40, 3)"),
]


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


@pytest.mark.parametrize(
    ("answer", "loss", "accuracy"),
    [
        ((0.25, 0.5), 0.25, 0.5),
        ([0.25, 1], 0.25, 1.0),
        ((0.25, {"accuracy": 0.5, "f1": 0.1}), 0.25, 0.5),
        ((0.25, 40, {"acc": 0.5}), 0.25, 0.5),
        ((0.25, {"f1": 0.1}), 0.25, None),
        ({"test_loss": 0.25, "eval_accuracy": 0.5}, 0.25, 0.5),
        ({"Accuracy": 0.5}, None, 0.5),
        ({"validation_loss": 0.25, "validation_accuracy": 0.5}, 0.25, 0.5),
        ({"valid-loss": 0.25, "evaluation acc": 0.5}, 0.25, 0.5),
        ((np.array([[0.25]]), torch.tensor([0.5])), 0.25, 0.5),
        (0.25, 0.25, None),
        (float("inf"), float("inf"), None),
    ],
)
def test_what_test_gives_is_understood(answer, loss, accuracy):
    found = understood(answer, "task.test")
    assert (found.loss if loss is not None else None) == loss
    assert (found.accuracy if accuracy is not None else None) == accuracy
    assert (found.loss != found.loss) == (loss is None)
    assert (found.accuracy != found.accuracy) == (accuracy is None)


@pytest.mark.parametrize(
    "answer",
    [None, "0.5", True, (), (0.5,), ("a", 0.5), (0.5, "b"), (1, 2, 3), {}, {"f1": 1.0}],
)
def test_what_test_gives_and_is_not_understood(answer):
    with pytest.raises(ConfigError, match=r"task.test must give \(loss, accuracy\)"):
        understood(answer, "task.test")


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


@pytest.mark.parametrize("behaviour", ["label_flip", "gradient_aligned", "turncoat"])
def test_an_attack_that_cannot_be_carried_out_is_refused_and_no_defence(
    anml, place, write, behaviour
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
    said = refused(anml, place, *words, "--rounds", 30)
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


def test_a_behaviour_of_ones_own_that_fails_on_the_samples_is_refused(anml, place, write):
    write(
        "odd",
        text="""
        from anml_fl import Behaviour

        lost = Behaviour(samples=lambda samples, rng, attacks: None)
        bad = Behaviour(samples=lambda samples, rng, attacks: samples.gone)
        """,
    )
    said = refused(anml, place, "--task", write("plain"), "--behaviour", "odd:lost=1")
    assert "a behaviour must give anml_fl.datasets.prepare.Samples, got NoneType" in said
    said = refused(anml, place, "--task", "plain", "--behaviour", "odd:bad=1")
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


@pytest.mark.parametrize(
    "answer",
    [
        "(other, 0.5)",
        '{"model": other, "loss": 0.5}',
        "other.state_dict()",
        '(0.5, {"state": other.state_dict()})',
        "[one.detach().numpy() for one in other.state_dict().values()]",
        "([one.detach().numpy() for one in other.state_dict().values()], 40, {})",
    ],
)
def test_a_training_that_is_in_what_train_returned_would_be_lost(answer):
    from torch import nn

    from anml_fl.federation.own_task.returned import refuse_stranger

    net, other = nn.Linear(2, 1), nn.Linear(2, 1)
    returned = eval(answer, {"other": other})  # noqa: S307 - of this file
    with pytest.raises(ConfigError, match="must train the net that it is given, and returned"):
        refuse_stranger(net, returned, "task.train")
    # The same of the net itself loses nothing; nor do its parts, or what is around it.
    for kept in (eval(answer, {"other": net}), nn.Sequential(net), (1.0, 2.0), net.weight):  # noqa: S307
        refuse_stranger(net, kept, "task.train")


def test_a_net_that_was_not_trained_is_warned_of_once_by_name(anml, write, caplog):
    name = write("idle", ("range(epochs)", "range(0)"))
    words = ("--rounds", 2, "--strategy", "anml", "--names", "north,south")
    done = anml("run", "--task", name, *words)
    assert done.exit_code == 0, done.output
    said = [one for one in caplog.messages if "changed no trained value" in one]
    assert len(said) == 2, said
    assert "idle.train changed no trained value of the net for north" in "".join(said)
    caplog.clear()
    done = anml("run", "--task", write("busy"), *words)
    assert not [one for one in caplog.messages if "changed no trained value" in one]


@pytest.mark.parametrize(
    ("where", "task", "said"),
    [
        ("server", "server/task.py", "looked for in another 'server', of this project, which"),
        ("clients", "clients.task", "looked for in another 'clients', of this project, which"),
        ("json", "json.task", "json.task is looked for in another 'json', at /"),
    ],
)
def test_a_package_that_another_one_hides(anml, place, where, task, said):
    (place / where).mkdir()
    (place / where / "__init__.py").touch()
    (place / where / "task.py").write_text((place / "pairs.py").read_text())
    found = refused(anml, place, "--task", task)
    assert said in found
    assert f"before the folder {where} here: call yours otherwise, such as my_{where}" in found


def test_a_module_that_another_one_hides(anml, place, write):
    assert "before the file abc.py here" in refused(anml, place, "--task", write("abc"))
    # What the task itself imports may be hidden as well.
    (place / "strategies").mkdir()
    name = write("whole", ("import torch\n", "import strategies.mine\nimport torch\n"))
    said = refused(anml, place, "--task", name)
    assert "strategies.mine is looked for in another 'strategies', of this project" in said


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


def test_an_answer_of_many_numbers_is_told_by_its_shape():
    with pytest.raises(ConfigError, match=r"got tuple of float, Tensor of shape \(2, 3\)"):
        understood((0.5, torch.zeros(2, 3)), "task.test")


@pytest.mark.parametrize(
    ("given", "order"),
    [
        ('{"test": 2, "train": 1}', [1, 2, 2]),
        ('{"testloader": 2, "val_loader": 3, "train_loader": 1}', [1, 3, 2]),
        ('{"validation": 3, "training": 1, "classes": 5}', [1, 3, 3]),
        ('collections.namedtuple("Data", "test train")(2, 1)', [1, 2, 2]),
    ],
)
def test_loaders_with_names_are_read_by_name(write, given, order):
    from anml_fl.federation.own_task.task import ModuleTask
    from anml_fl.settings.reading import from_flat

    old = "return DataLoader(data, batch_size, shuffle=True), DataLoader(data, batch_size)"
    for number in (1, 2, 3):
        given = given.replace(f" {number}", f" sized({number})").replace(
            f"({number},", f"(sized({number}),"
        )
    sized = "sized = lambda n: DataLoader(TensorDataset(x[:n]))"
    name = write("named", (old, f"import collections\n    {sized}\n    return {given}"))
    task = ModuleTask.of(
        from_flat({"task": name, "contributors": 3, "behaviours": "honest=3"})
    )
    found = task.loaders("contributor-0001")
    sizes = [len(one.dataset) for one in (found.train, found.validation, found.test)]
    assert sizes == order


@pytest.mark.parametrize("names", ['"a", "b"', '"test", "val"', '"train", "other"'])
def test_loaders_whose_names_do_not_say_which_is_which(anml, place, write, names):
    old = "return DataLoader(data, batch_size, shuffle=True), DataLoader(data, batch_size)"
    name = write("names", (old, f"return dict.fromkeys([{names}], DataLoader(data))"))
    said = refused(anml, place, "--task", name)
    assert "the names are read, which must be train and test, or train, val and test" in said
    assert f"got {names}".replace('"', "") in said


def test_a_loss_that_is_no_number_is_told_without_an_option_nobody_gave(anml, place, write):
    said = refused(anml, place, "--task", write("nans", (ANSWER, "return float('nan')")))
    assert "nans.test gives neither a loss nor an accuracy that is a number" in said
    assert "--metric" not in said


def test_a_loader_that_can_be_gone_through_once_is_refused(anml, place, write):
    once = "\n    ".join(
        (
            "class Once:",
            "    dataset = data",
            "    rows = iter([*DataLoader(data, batch_size)])",
            "    def __iter__(self): return self.rows",
            "return Once(), Data",
        )
    )
    old = "return DataLoader(data, batch_size, shuffle=True), Data"
    name = write("once", (old, once))
    said = refused(anml, place, "--task", name)
    assert "once.load_data gives a loader that can be gone through once alone" in said


@pytest.mark.parametrize(
    ("taken", "told"),
    [("batch_size=8", 1), ("me, of, batch_size=8", 0), ("cid, batch_size=8", 0)],
)
def test_data_that_are_the_same_for_all_are_told_once(anml, write, caplog, taken, told):
    name = write(
        "alike",
        ("partition_id, num_partitions, batch_size=8", taken),
        ("manual_seed(partition_id)", "manual_seed(0)"),
    )
    words = ("--contributors", 2, "--rounds", 1, "--strategy", "anml")
    done = anml("run", "--task", name, *words)
    assert done.exit_code == 0, done.output
    said = [one for one in caplog.messages if "all contributors have the same data" in one]
    assert len(said) == told
