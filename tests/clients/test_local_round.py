"""A contributor's round: what an attacker sees of the others is what they really send."""

from __future__ import annotations

import numpy as np
import pytest

import clients.local_round
from anml_fl.behaviour import Behaviour
from anml_fl.federation.contributors import behaviours_of
from anml_fl.federation.run_task import task_of
from anml_fl.models.state import arrays_of
from anml_fl.seeding import stream
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from clients.app import app
from clients.local_round import LocalRound

SETTINGS = {
    "dataset": "wine",
    "contributors": 5,
    "behaviours": "label_flip=1,turncoat=1,newcomer=1",
    "turn-round": 2,
    "local-epochs": 1,
    "seed": 6,
}


@pytest.fixture(autouse=True)
def _anew():
    clients.local_round._known.cache_clear()


@pytest.fixture
def begin(monkeypatch):
    """Begin a round of a federation, with attackers of the test's own."""

    def make(number=1, acting=None, **more):
        config = from_flat({**SETTINGS, **more})
        if acting is not None:
            real = clients.local_round.behaviour
            monkeypatch.setattr(
                clients.local_round,
                "behaviour",
                lambda name: acting if name == "label_flip" else real(name),
            )
        task = task_of(config)
        return LocalRound(config, task, number, arrays_of(task.initial_model()))

    return make


def vector(arrays):
    return np.concatenate([array.ravel() for array in arrays.values()])


@pytest.mark.parametrize(("number", "honest"), [(1, 4), (2, 3)])
def test_others_are_the_honest_updates_bit_for_bit(begin, instruct, context, number, honest):
    seen = []
    watcher = Behaviour(update=lambda update, sight: seen.append(sight.others()) or update)
    local = begin(number, watcher)
    (attacker,) = [n for n, b in behaviours_of(local.config).items() if b == "label_flip"]
    local.reply_of(attacker, "label_flip")
    sent = []
    for partition, (_, name) in enumerate(behaviours_of(local.config).items()):
        message = instruct(arrays=local.model, server_round=number)
        reply = app(message, context(local.config.to_flat(), partition_id=partition))
        arrays = {k: v.numpy() for k, v in reply.content["arrays"].items()}
        # A turncoat is honest in the first round, and none afterwards.
        if name in ("honest", "newcomer") or (name == "turncoat" and number < 2):
            sent.append(vector(arrays) - vector(local.model))
    assert seen[0].shape == (honest, vector(local.model).size)
    assert seen[0].tobytes() == np.stack(sent).tobytes()
    with pytest.raises(ValueError, match="read-only"):
        seen[0][0] = 0


def test_others_are_trained_once_a_round_for_all_attackers(begin, monkeypatch):
    trained = []
    real = clients.local_round.train
    monkeypatch.setattr(
        clients.local_round, "train", lambda *given: trained.append(1) or real(*given)
    )
    both = Behaviour(update=lambda update, sight: update + sight.others().sum(axis=0))
    for _ in range(2):
        local = begin(1, both, behaviours="label_flip=2")
        for name in ("contributor-0001", "contributor-0003"):
            local.reply_of(name, "label_flip")
    assert len(trained) == 4 + 3
    begin(2, both, behaviours="label_flip=2").reply_of("contributor-0001", "label_flip")
    assert len(trained) == 4 + 3 + 1 + 3


def test_nobody_honest_is_an_empty_sight(begin):
    seen = []
    watcher = Behaviour(update=lambda update, sight: seen.append(sight.others()) or update)
    local = begin(1, watcher, contributors=2, behaviours="label_flip=2")
    local.reply_of("contributor-0000", "label_flip")
    assert seen[0].shape == (0, vector(local.model).size)


def test_a_deployment_has_no_sight_of_others(begin):
    local = begin(1, Behaviour(update=lambda update, sight: sight.others()[0]))
    deployed = LocalRound(
        local.config.model_copy(update={"engine": "deployment"}),
        local.task,
        1,
        local.model,
    )
    with pytest.raises(
        ConfigError, match="a simulation alone has; usable engines: inline, cohort, simulation"
    ):
        deployed.reply_of("contributor-0000", "label_flip")


def test_what_an_attacker_sees_is_its_own_and_the_rounds(begin):
    seen = []
    local = begin(3, Behaviour(update=lambda update, sight: seen.append(sight) or 2 * update))
    arrays, examples = local.reply_of("contributor-0002", "label_flip")
    (sight,) = seen
    assert (sight.round, sight.contributor) == (3, "contributor-0002")
    assert sight.attacks == local.config.attacks
    assert sight.model.tobytes() == vector(local.model).tobytes()
    expected = stream(6, "update", "contributor-0002", "3").random()
    assert sight.rng.random() == expected
    honest, count = local.reply_of("contributor-0002", "honest")
    assert (list(arrays), examples) == (list(honest), count)
    np.testing.assert_allclose(
        vector(arrays) - sight.model, 2 * (vector(honest) - sight.model), atol=1e-6
    )


@pytest.mark.parametrize("update", [np.zeros(3), 0.5, None])
def test_an_update_of_another_shape_is_refused(begin, update):
    local = begin(1, Behaviour(update=lambda *_: update))
    size = vector(local.model).size
    with pytest.raises(
        ConfigError, match=rf"must give an update of shape \({size},\), got \("
    ):
        local.reply_of("contributor-0000", "label_flip")


def test_samples_that_are_none_are_refused(begin):
    local = begin(1, Behaviour(samples=lambda *_: "a row"))
    with pytest.raises(ConfigError, match=r"must give .*Samples, got str$"):
        local.reply_of("contributor-0000", "label_flip")
