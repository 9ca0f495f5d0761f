"""A task's loaders: which is which, and what they must be."""

from __future__ import annotations

import pytest


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
def test_loaders_whose_names_do_not_say_which_is_which(refused, write, names):
    old = "return DataLoader(data, batch_size, shuffle=True), DataLoader(data, batch_size)"
    name = write("names", (old, f"return dict.fromkeys([{names}], DataLoader(data))"))
    said = refused("--task", name)
    assert "the names are read, which must be train and test, or train, val and test" in said
    assert f"got {names}".replace('"', "") in said


def test_a_loader_that_can_be_gone_through_once_is_refused(refused, write):
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
    said = refused("--task", name)
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
