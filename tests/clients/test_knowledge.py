"""What attackers know, by setting: their own training, the honest updates, or the rule too."""

from __future__ import annotations

import numpy as np
import pytest

import clients.local_round
from anml_fl.behaviour import behaviour
from anml_fl.federation.contributors import behaviours_of
from anml_fl.federation.run_task import task_of
from anml_fl.method.krum import krum_scores
from anml_fl.models.state import arrays_of
from anml_fl.seeding import stream
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from clients.local_round import LocalRound
from clients.sight import sight_of

SETTINGS = {
    "dataset": "wine",
    "contributors": 7,
    "behaviours": "alie=2,label_flip=1,turncoat=1",
    "turn-round": 2,
    "local-epochs": 1,
    "seed": 6,
    "strategies": "fedavg",
}


@pytest.fixture
def begin():
    """Begin a round of a federation."""

    def make(number=1, kind=LocalRound, **more):
        config = from_flat({**SETTINGS, **more})
        task = task_of(config)
        return kind(config, task, number, arrays_of(task.initial_model()))

    return make


def vector(arrays):
    return np.concatenate([array.ravel() for array in arrays.values()])


def attackers_of(local, kinds=("alie", "label_flip")):
    return [who for who, kind in behaviours_of(local.config).items() if kind in kinds]


def honest_rows(local, who):
    before = vector(local.model)
    return np.stack([vector(local.reply_of(one, "honest")[0]) - before for one in who])


@pytest.mark.parametrize(
    ("number", "kinds"),
    [(1, ("alie", "label_flip")), (2, ("alie", "label_flip", "turncoat"))],
)
def test_own_knowledge_is_honest_training_on_all_attackers_samples(begin, number, kinds):
    local = begin(number, knowledge="own")
    attackers = attackers_of(local, kinds)
    sight = sight_of(local, attackers[1])
    assert sight.others().tobytes() == honest_rows(local, attackers).tobytes()
    assert (sight.attackers, sight.place, sight.contributors) == (len(kinds) + 1, 1, 7)


@pytest.mark.parametrize("knowledge", ["updates", "rule"])
def test_other_knowledge_is_of_the_honest(begin, knowledge):
    local = begin(knowledge=knowledge)
    honest = attackers_of(local, ("honest", "turncoat"))
    found = sight_of(local, attackers_of(local)[0]).others()
    assert found.tobytes() == honest_rows(local, honest).tobytes()


def test_own_knowledge_is_the_same_in_a_deployment_and_more_is_refused(begin):
    local = begin(knowledge="own")
    attacker = attackers_of(local)[0]
    deployed = begin(knowledge="own", engine="deployment")
    sent, simulated = (one.reply_of(attacker, "alie")[0] for one in (deployed, local))
    assert vector(sent).tobytes() == vector(simulated).tobytes()
    for knowledge in ("updates", "rule"):
        with pytest.raises(ConfigError, match=r"or give attacks.knowledge = own$"):
            begin(knowledge=knowledge, engine="deployment").reply_of(attacker, "alie")


def aggregate(local, crafted):
    return sight_of(local, attackers_of(local)[0]).aggregate(crafted)


@pytest.mark.parametrize("knowledge", ["own", "updates"])
def test_the_rule_is_known_to_those_alone_whose_setting_says_so(begin, knowledge):
    local = begin(knowledge=knowledge)
    assert aggregate(local, np.zeros(vector(local.model).size)) is None


def test_who_knows_the_rule_sees_what_it_makes_of_crafted_updates(begin):
    local = begin(knowledge="rule")
    honest = local._honest_updates()
    crafted = np.full(honest.shape[1], 0.25)
    everybody = np.vstack([honest, np.tile(crafted, (3, 1))])
    np.testing.assert_allclose(
        aggregate(local, crafted), everybody.mean(axis=0), rtol=1e-5, atol=1e-7
    )
    each = np.stack([crafted, 2 * crafted, 3 * crafted])
    everybody = np.vstack([honest, each])
    np.testing.assert_allclose(
        aggregate(local, each), everybody.mean(axis=0), rtol=1e-5, atol=1e-7
    )


def test_the_rule_under_attack_is_the_one_that_settles(begin):
    local = begin(knowledge="rule", strategies="fedavg,krum,anml", behaviours="alie=2")
    assert local.config.settling == "anml"
    both = begin(knowledge="rule", strategies="krum,fedavg", behaviours="alie=2")
    honest = both._honest_updates()
    crafted = honest.mean(axis=0)
    rows = np.vstack([honest, np.tile(crafted, (2, 1))])
    best = rows[krum_scores(rows).argmin()]
    found = local_rule = sight_of(both, attackers_of(both)[0]).aggregate(crafted)
    np.testing.assert_allclose(local_rule, best, atol=1e-6)
    other = sight_of(local, attackers_of(local)[0]).aggregate(crafted)
    assert not np.allclose(found, other)


def fails(cohort, context):
    raise ValueError("this rule needs rows")


def steps_as_the_server(cohort, context):
    from strategies.decision import Decision

    n = len(cohort.contributors)
    return Decision(context.root_update(), np.full(n, 1 / n), np.ones(n, bool))


def test_a_rule_that_cannot_be_applied_is_as_good_as_unknown(begin):
    local = begin(knowledge="rule", strategies=f"{__name__}:fails")
    assert aggregate(local, np.zeros(vector(local.model).size)) is None


def test_a_rule_sees_what_is_finite_alone(begin):
    local = begin(knowledge="rule")
    honest = local._honest_updates()
    crafted = np.full(honest.shape[1], np.inf)
    np.testing.assert_allclose(aggregate(local, crafted), honest.mean(axis=0), atol=1e-6)


def test_the_attackers_mean_stands_in_for_the_servers_own_step(begin):
    local = begin(knowledge="rule", strategies=f"{__name__}:steps_as_the_server")
    found = aggregate(local, np.zeros(vector(local.model).size))
    np.testing.assert_allclose(found, local._honest_updates().mean(axis=0))


def test_what_the_model_moved_by_is_since_the_first_round(begin):
    local = begin(3)
    moved = {name: array + 0.5 for name, array in local.model.items()}
    later = LocalRound(local.config, local.task, 3, moved)
    sight = sight_of(later, attackers_of(local)[0])
    np.testing.assert_allclose(sight.moved(), 0.5, atol=1e-6)
    assert sight.lasting().random() == stream(6, "drift").random()


def test_what_attackers_share_may_be_kept_by_whoever_carries_the_round_out(begin, monkeypatch):
    trained = []
    real = clients.local_round.train
    monkeypatch.setattr(
        clients.local_round, "train", lambda *given: trained.append(1) or real(*given)
    )
    kept = {}

    class Carried(LocalRound):
        def known(self):
            return kept

    local = begin(kind=Carried)
    for who in attackers_of(local, ("alie",)):
        local.reply_of(who, "alie")
    assert len(trained) == 2 + 4
    assert set(kept) == {"honest", "alie"}
    with pytest.raises(ValueError, match="read-only"):
        kept["alie"][0] = 1


NAMES = (
    *("sign_flip", "gaussian", "alie", "alie_optimised", "ipm", "ipm_optimised", "min_max"),
    *("min_sum", "mimic", "mimicry", "fang_krum", "fang_trimmed", "free_rider", "rop"),
    *("sybil", "backdoor"),
)


@pytest.mark.parametrize("knowledge", ["own", "updates", "rule"])
@pytest.mark.parametrize("name", NAMES)
def test_each_attack_sends_finite_arrays_the_same_again_and_none_like_the_honest(
    begin, name, knowledge
):
    more = {"behaviours": f"{name}=3", "knowledge": knowledge, "strategies": "krum"}
    for number in (1, 4):
        local = begin(number, **more)
        who = attackers_of(local, (name,))
        sent = [local.reply_of(one, name)[0] for one in who]
        again = [begin(number, **more).reply_of(one, name)[0] for one in reversed(who)]
        assert [vector(one).tobytes() for one in sent] == [
            vector(one).tobytes() for one in reversed(again)
        ]
        for arrays in sent:
            assert behaviour(name).update is not None
            assert {k: (v.shape, v.dtype) for k, v in arrays.items()} == {
                k: (v.shape, v.dtype) for k, v in local.model.items()
            }
            assert all(np.isfinite(array).all() for array in arrays.values())
        honest = [vector(local.reply_of(one, "honest")[0]) for one in who]
        assert not any(
            np.array_equal(vector(one), other) for one, other in zip(sent, honest, strict=True)
        ) or (name, knowledge) == ("mimic", "own")
