"""How a task is found and imported: what stands in its way is said by name."""

from __future__ import annotations

import pytest


def test_all_missing_names_are_listed_with_what_each_must_be(refused, write):
    name = write("half", ("def load_data", "def load"), ("def test", "def tested"))
    said = refused("--task", name)
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
def test_what_cannot_be_imported_is_said_in_one_line(refused, write, first, said):
    name = write("broken", ("import torch\n", f"{first}\nimport torch\n"))
    assert said in refused("--task", name)


def test_what_is_called_otherwise_than_its_package_is_told_by_the_package(
    refused, write, monkeypatch
):
    import sys

    monkeypatch.setitem(sys.modules, "cv2", None)
    name = write("seeing", ("import torch\n", "import cv2\nimport torch\n"))
    assert "it imports cv2, which is not installed here: pip install opencv-python" in refused(
        "--task", name
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
def test_a_task_that_is_not_there(refused, task, said):
    assert said in refused("--task", task)


def test_a_file_whose_name_is_another_modules(refused, place):
    (place / "json.py").write_text((place / "pairs.py").read_text())
    said = refused("--task", "json.py")
    assert "another module is called 'json'" in said


@pytest.mark.parametrize(
    ("where", "task", "said"),
    [
        ("server", "server/task.py", "looked for in another 'server', of this project, which"),
        ("clients", "clients.task", "looked for in another 'clients', of this project, which"),
        ("json", "json.task", "json.task is looked for in another 'json', at /"),
    ],
)
def test_a_package_that_another_one_hides(refused, place, where, task, said):
    (place / where).mkdir()
    (place / where / "__init__.py").touch()
    (place / where / "task.py").write_text((place / "pairs.py").read_text())
    found = refused("--task", task)
    assert said in found
    assert f"before the folder {where} here: call yours otherwise, such as my_{where}" in found


def test_a_module_that_another_one_hides(refused, place, write):
    assert "before the file abc.py here" in refused("--task", write("abc"))
    # What the task itself imports may be hidden as well.
    (place / "strategies").mkdir()
    name = write("whole", ("import torch\n", "import strategies.mine\nimport torch\n"))
    said = refused("--task", name)
    assert "strategies.mine is looked for in another 'strategies', of this project" in said
