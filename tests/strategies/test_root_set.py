"""A root set in a strategy: what a rule may ask of it, and what an app is told of it."""

from __future__ import annotations

import logging
import re

import numpy as np
import pytest
import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from anml_fl import Anml, InlineGrid, RootSet, echo_nonce, strategy
from anml_fl.models.state import arrays_of, load_arrays
from anml_fl.settings.aggregation import Aggregation
from strategies.layout import Layout
from strategies.root_set import root_of
from strategies.rule import Rule

ROWS = 24
FEATURES = np.random.default_rng(0).normal(size=(ROWS, 3)).astype(np.float32)
LABELS = (FEATURES[:, 0] > 0).astype(np.int64)


def net(dtype=torch.float32):
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)
    ).to(dtype)


def rows(model=None, **more):
    return RootSet(model or net(), FEATURES, LABELS, 2, **more)


class OneByOne:
    """Rows of somebody's own making: they answer for one model at a time."""

    def __init__(self, inner, *, donated=True):
        self.inner = inner
        self.labels, self.classes = inner.labels, inner.classes
        self.about, self.donated = "rows of theirs", donated

    def __call__(self, arrays):
        return self.inner(arrays)

    def outputs(self, arrays):
        return self.inner.outputs(arrays)


def asked(root, model):
    record = ArrayRecord({name: Array(value) for name, value in arrays_of(model).items()})
    layout = Layout.of(record)
    vector = np.empty(layout.size, layout.dtype)
    layout.flatten(record, vector)
    return root_of(root, record, layout, vector), vector


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16]
)
def test_models_moved_by_steps_say_what_each_says_by_itself(dtype):
    model = net(dtype)
    steps = np.random.default_rng(1).normal(0, 0.3, (9, 26))
    many, vector = asked(rows(model), model)
    one, _ = asked(OneByOne(rows(model)), model)
    steps = steps.astype(vector.dtype)
    near = 1e-5 if dtype in (torch.float32, torch.float64) else 1e-9
    np.testing.assert_allclose(many.outputs(steps), one.outputs(steps), atol=near)
    assert (many.about, many.donated) == ("24 rows of the server's", False)
    assert (one.about, one.donated) == ("rows of theirs", True)
    # And that is what torch says of the first.
    moved, start = {}, 0
    for name, value in arrays_of(model).items():
        part = vector[start : start + value.size] + steps[0, start : start + value.size]
        moved[name], start = part.reshape(value.shape).astype(value.dtype), start + value.size
    load_arrays(model, moved)
    with torch.no_grad():
        said = model(torch.tensor(FEATURES).to(dtype)).double().numpy()
    np.testing.assert_allclose(many.outputs(steps)[0], said, atol=1e-5)


def test_steps_are_asked_in_parts_that_do_not_change_the_answer(monkeypatch):
    model = net()
    root, vector = asked(rows(model), model)
    steps = np.random.default_rng(1).normal(0, 0.3, (11, vector.size)).astype(np.float32)
    whole = root.outputs(steps)
    monkeypatch.setattr("strategies.root_set._AT_ONCE", 3 * vector.size)
    monkeypatch.setattr("anml_fl.models.many_models._AT_ONCE", 2 * vector.size)
    np.testing.assert_allclose(root.outputs(steps), whole, atol=1e-6)


@pytest.mark.parametrize("kind", [rows, lambda model: OneByOne(rows(model))])
def test_what_is_not_finite_says_nothing_and_what_is_vast_is_cut_off(kind):
    model = net()
    root, vector = asked(kind(model), model)
    steps = np.zeros((6, vector.size), np.float32)
    steps[1, 0] = np.nan
    steps[2, 3] = np.inf
    steps[3] = 1e30
    steps[4] = np.finfo(np.float32).max
    found = root.outputs(steps)
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1e6
    assert (found[1] == 0).all()
    assert (found[2] == 0).all()
    np.testing.assert_allclose(found[5], found[0])
    assert np.abs(found[0]).max() > 0


def test_one_that_can_only_be_trained_is_no_root_set_and_is_trained():
    model = net()
    trains = rows(model).__call__
    assert asked(trains, model)[0] is None
    assert asked(None, model)[0] is None


def test_the_step_is_where_training_leads():
    model = net()
    root, vector = asked(rows(model), model)
    trained = rows(model)(arrays_of(model))
    expected = np.concatenate([value.ravel() for value in trained.values()]) - vector
    np.testing.assert_allclose(root.step(), expected)


# ── In a Flower app ─────────────────────────────────────────────────────────────────────────


def app(flips):
    """Each client learns the same task on rows of its own; some turn their labels."""
    made = ClientApp(mods=[echo_nonce])

    @made.train()
    def train(message: Message, context):
        place = int(context.node_config["partition-id"])
        rng = np.random.default_rng(place + 10)
        features = rng.normal(size=(60, 3)).astype(np.float32)
        labels = (features[:, 0] > 0).astype(np.int64)
        labels = 1 - labels if place in flips else labels
        arrays = {n: a.numpy() for n, a in message.content["arrays"].items()}
        own = RootSet(net(), features, labels, 2, learning_rate=0.5)
        for _ in range(4):
            arrays = own(arrays)
        return Message(
            RecordDict(
                {
                    "arrays": ArrayRecord({n: Array(a) for n, a in arrays.items()}),
                    "metrics": MetricRecord({"num-examples": 60}),
                }
            ),
            reply_to=message,
        )

    return made


def started(chosen, flips=(), nodes=6):
    places = [{"partition-id": i, "num-partitions": nodes} for i in range(nodes)]
    grid = InlineGrid(app(flips), places, {})
    initial = ArrayRecord({name: Array(value) for name, value in arrays_of(net()).items()})
    chosen.start(grid, initial, num_rounds=5, train_config=ConfigRecord())
    return chosen


@pytest.mark.parametrize(
    "make",
    [
        lambda **more: strategy("calibrated", Aggregation(), **more),
        lambda **more: Anml("calibrated", **more),
    ],
)
def test_an_apps_root_set_tells_flippers_from_honest_clients(make):
    trusted = rows(about="24 rows of the clinic's")
    chosen = started(make(root=trusted, fraction_evaluate=0.0), flips=(1, 4))
    assert chosen.name == "calibrated"
    last = chosen.records[-1]
    assert last.judgement.root == "24 rows of the clinic's"
    shares = {one.contributor: one.weight for one in last.contributors}
    flipped = sum(share for name, share in shares.items() if name[-1] in "14")
    assert flipped < 0.05
    # Somebody's own rows, of which one model is asked at a time, do as well.
    again = started(
        make(root=OneByOne(trusted, donated=False), fraction_evaluate=0.0), flips=(1, 4)
    )
    assert [one.selected for one in again.records[-1].contributors] == [
        one.selected for one in last.contributors
    ]


def test_an_app_without_one_is_told_once_what_is_not_promised(caplog):
    with caplog.at_level(logging.WARNING, "flwr"):
        started(strategy("calibrated", Aggregation(), fraction_evaluate=0.0))
    (said,) = [one.message for one in caplog.records if "root set" in one.message]
    assert said == (
        "no root set (none was given; root=anml_fl.RootSet(...) is one): without one no rule"
        " that was tried is safe against 40 % of contributors who act together"
    )


def test_other_rules_say_nothing_of_it(caplog):
    with caplog.at_level(logging.WARNING, "flwr"):
        started(strategy("fedavg", Aggregation(), fraction_evaluate=0.0))
    assert not [one for one in caplog.records if "root set" in one.message]


def test_an_app_is_told_what_of_its_rows_does_not_count(caplog):
    twice = RootSet(
        net(), np.concatenate([FEATURES, FEATURES[:2]]), np.r_[LABELS, LABELS[:2]], 2
    )
    with caplog.at_level(logging.WARNING, "flwr"):
        started(Anml("calibrated", root=twice, fraction_evaluate=0.0))
    said = [one.message for one in caplog.records if "root set" in one.message]
    assert said == ["root set: 2 rows that are there already counted once"]


def test_what_is_no_root_set_is_refused():
    with pytest.raises(TypeError, match=r"root must be an anml_fl\.RootSet, or a function"):
        Anml("calibrated", root="80")
    with pytest.raises(TypeError, match="or a function that trains a model"):
        Anml("calibrated", root=RootSet)
    with pytest.raises(ValueError, match=r"^settings\.root: .* got '80': give root=anml_fl"):
        Anml("calibrated", Aggregation(root="80"))
    with pytest.raises(ValueError, match=r"^settings\.root: .* got 'donated'"):
        strategy("calibrated", Aggregation(root="donated"))
    assert isinstance(Anml("calibrated", Aggregation(root="80"), root=rows()).rule, Rule)


def test_a_kept_run_with_another_root_set_is_another_run(tmp_path):
    def kept(**more):
        chosen = Anml(
            "calibrated", save=tmp_path / "mine", fraction_evaluate=0.0, seed=1, **more
        )
        started(chosen)

    kept(root=rows())
    text = (tmp_path / "mine" / "manifest.json").read_text()
    assert re.search(r'"root": "24 rows of the server\'s"', text)
    for path in (tmp_path / "mine").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(row.tobytes() in content for row in FEATURES), path
