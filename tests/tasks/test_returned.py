"""What `train` of a task leaves: the net that it was given, trained."""

from __future__ import annotations

import pytest

from anml_fl.settings.section import ConfigError


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
