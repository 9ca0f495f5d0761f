"""Names that settings know: they exist, and an unknown one is told with the known."""

from __future__ import annotations

import pytest

from anml_fl import plugins
from anml_fl.behaviour import behaviour, behaviour_in_round
from anml_fl.settings.attackers import Attackers
from anml_fl.settings.reading import from_flat, from_toml
from anml_fl.settings.run import RunConfig, settings
from anml_fl.settings.section import ConfigError

KNOWN = {
    "": "name, seed, engine, strategies, federation, table, attacks, training, evaluation,"
    " aggregation, registry, settlement",
    "federation": "dataset, contributors, partition, names, leave_out, behaviours, roles,"
    " scenario, max_age, decay_rate",
    "table": "data, label, by, test, root_data, schema, digest",
    "attacks": "flip_fraction, flip_target, flip_offset, flip_pairs, pair_share,"
    " feature_shift, turn_round, good_rounds, bad_rounds, knowledge, strength, jitter,"
    " credentials, flip_reversed, poison_fraction, trigger_size, trigger_value,"
    " trigger_target",
    "training": "task, model, rounds, local_epochs, batch_size, learning_rate, schedule,"
    " optimizer, momentum, weight_decay, proximal, clip_norm, weight_classes, device, timeout,"
    " min_replies, fraction_train",
    "evaluation": "metric, patience, best_by, worth, repeats",
    "aggregation": "tau_h, tau_c, alpha, tau, fraction, n_byzantine, q, trim, clipping_radius,"
    " clipping_steps, bucket_size, client_momentum, example_weighting, root,"
    " server_optimizer, server_learning_rate, server_momentum, server_beta_2, server_tau",
    "registry": "database, simulated, reputation, forgetting, exploration, r_min, gold",
    "settlement": "pool, record_updates",
}
FLAT = "name, seed, engine, strategies, " + ", ".join(
    KNOWN[section].replace("_", "-") for section in KNOWN if section
)
NAMES = {
    "engine": "inline, cohort, simulation, deployment, app",
    "schedule": "constant, linear, cosine",
    "optimizer": "sgd, adam, adamw",
    "strategies": "fedavg, krum, multikrum, q_only, bulyan, median, trimmed_mean, anml,"
    " calibrated, softmax_blend, multiplicative, oracle, centred_clipping, cge,"
    " dnc, fedgreed, flanders, flare, fltrust, foolsgold, geometric_median, lasa, loss_drop,"
    " meamed, norm_clipping",
    "dataset": "digits, wine, breast_cancer, adult, covertype, fashion_mnist, heart_disease,"
    " labelme, mnist_writers, sentiment",
    "scenario": "high, moderate, low, adversarial, unknown",
    "model": "mlp, cnn, logistic, transformer",
}
# What an entry of a table is called; the other names are the settings' own.
KINDS = {
    "strategies": "strategy",
    "dataset": "data set",
    "scenario": "scenario",
    "model": "model",
}
BEHAVIOURS = (
    "honest, label_flip, gradient_aligned, credential_faking, compromised_issuer, joint,"
    " newcomer, turncoat, on_off, alie, alie_optimised, backdoor, fang_krum, fang_trimmed,"
    " free_rider, gaussian, ipm, ipm_optimised, mimic, mimicry, min_max, min_sum, rop,"
    " sign_flip, sybil"
)


def value_of(config: RunConfig, name: str):
    section, key = {n: (s, k) for n, s, k, _ in settings()}[name]
    return getattr(getattr(config, section) if section else config, key)


def test_flat_names_are_those_of_all_sections_and_unique():
    names = [name for name, *_ in settings()]
    assert names == FLAT.split(", ")
    assert len(set(names)) == len(names)


def test_every_setting_is_described():
    assert all(field.description for *_, field in settings())


def test_behaviours_that_settings_take_each_do_something_in_every_round():
    parts = {
        behaviour_in_round(name, n, Attackers())
        for name in BEHAVIOURS.split(", ")
        for n in (1, 30)
    }
    acting = {n for n in plugins.BEHAVIOURS.names if behaviour(n).in_round is None}
    assert parts == acting == set(BEHAVIOURS.split(", ")) - {"turncoat", "on_off"}
    assert tuple(BEHAVIOURS.split(", ")) == plugins.BEHAVIOURS.names


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("dataset", plugins.DATASETS),
        ("model", plugins.MODELS),
        ("scenario", plugins.SCENARIOS),
        ("strategies", plugins.RULES),
    ],
)
def test_names_that_settings_take_are_those_that_exist(name, table):
    assert tuple(NAMES[name].split(", ")) == table.names
    for one in table.names:
        taken = value_of(from_flat({name: one}), name)
        assert taken == ((one,) if name == "strategies" else one)
        assert callable(table.load(one))


def told(listed, where=True):
    """Say what a message tells of names of which none comes near: short lists whole."""
    if len(listed) <= 120:
        return f"known: {listed}"
    names = listed.split(", ")
    more = f"known: {', '.join(names[:6])} and {len(names) - 6} more"
    return more + ("; `anml run --help` has all" if where else "")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("nmm+krum", "unknown pre-aggregation 'nmm' in 'nmm+krum'; did you mean nnm?"),
        ("nnm+krumm", "unknown strategy 'krumm' in 'nnm+krumm'; did you mean krum?"),
        ("krum+nnm", "unknown pre-aggregation 'krum' in 'krum+nnm'; known: nnm, bucketing"),
        ("nnm+", "unknown strategy '' in 'nnm+'; known: fedavg"),
        ("nnm krum", "unknown strategy 'nnm krum'; did you mean krum?"),
    ],
)
def test_of_a_chain_the_wrong_part_is_named(wrong, said):
    with pytest.raises(ConfigError) as caught:
        from_flat({"strategies": wrong})
    assert str(caught.value).startswith(f"strategies: {said}")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "[federation]\nrounds = 1",
            "unknown key 'rounds' in [federation]; it belongs in [tr",
        ),
        ("[training]\nseed = 1", "unknown key 'seed' in [training]; it belongs above all sec"),
        ("[training]\nround = 1", "unknown key 'round' in [training]; did you mean rounds?"),
        ("sede = 1", "unknown key 'sede'; did you mean seed?"),
        ("engine = 'cohrt'", "engine: unknown 'cohrt'; did you mean cohort? known: inline, "),
    ],
)
def test_what_comes_near_is_meant(given, said):
    with pytest.raises(ConfigError) as caught:
        from_toml(given)
    assert str(caught.value).startswith(said)


def test_a_chain_is_a_strategy_of_its_own():
    given = "nnm+krum,arc+nnm+geometric_median,nnm+krum,krum,lab.pre:mine+lab.rules:mine"
    assert from_flat({"strategies": given}).strategies == (
        "nnm+krum",
        "arc+nnm+geometric_median",
        "krum",
        "lab.pre:mine+lab.rules:mine",
    )


@pytest.mark.parametrize("section", KNOWN)
def test_unknown_key_is_named_with_the_known_ones(section):
    header = f"[{section}]\n" if section else ""
    with pytest.raises(ConfigError) as caught:
        from_toml(f"{header}no_such = 1")
    inside = f" in [{section}]" if section else ""
    assert str(caught.value) == f"unknown key 'no_such'{inside}; {told(KNOWN[section])}"


def test_unknown_flat_name_is_named_with_those_that_come_near():
    with pytest.raises(ConfigError) as caught:
        from_flat({"learning_rate": 0.1})
    assert str(caught.value).startswith(
        "unknown key 'learning_rate'; did you mean learning-rate or "
    )
    with pytest.raises(ConfigError) as caught:
        from_flat({"no_such": 0.1})
    assert str(caught.value) == f"unknown key 'no_such'; {told(FLAT)}"


@pytest.mark.parametrize("name", NAMES)
def test_unknown_name_is_named_with_the_known_ones(name):
    with pytest.raises(ConfigError) as caught:
        from_flat({name: "nobody"})
    kind = KINDS.get(name)
    said = f"unknown {f'{kind} ' if kind else ''}'nobody'; {told(NAMES[name])}"
    own = "; one of your own is MODULE:OBJECT, as in nobody:OBJECT" if kind else ""
    assert str(caught.value) == f"{name}: {said}{own}"


@pytest.mark.parametrize(
    ("way", "given_as"),
    [
        (from_flat, {"behaviours": "nobody=1"}),
        (from_toml, "[federation.behaviours]\nnobody = 1"),
    ],
)
def test_unknown_behaviour_is_named_with_the_known_ones(way, given_as):
    with pytest.raises(ConfigError) as caught:
        way(given_as)
    assert str(caught.value).startswith(
        f"behaviours: unknown behaviour 'nobody'; {told(BEHAVIOURS)}; one of your own"
    )


def test_metric_is_taken_by_scikit_learns_names_and_an_unknown_one_lists_ours():
    assert from_flat({"metric": "neg_mean_absolute_error"}).evaluation.metric == "mae"
    assert from_flat({}).evaluation.metric == ""
    with pytest.raises(ConfigError) as caught:
        from_flat({"metric": "auc"})
    assert str(caught.value) == (
        "evaluation.metric: known metrics: accuracy, balanced_accuracy, f1, precision, recall,"
        " matthews_corrcoef, roc_auc, average_precision, log_loss, r2, mae, mse, rmse,"
        " loss, got 'auc'"
    )


def test_whose_word_on_the_best_round_is_one_of_two():
    assert from_flat({"best-by": "claims"}).evaluation.best_by == "claims"
    with pytest.raises(ConfigError) as caught:
        from_flat({"best-by": "nobody"})
    assert str(caught.value) == "best_by: unknown 'nobody'; known: server, claims"


@pytest.mark.parametrize("name", ["engine", "dataset", "scenario", "model"])
def test_unknown_name_that_is_the_settings_own_is_named_too(name):
    with pytest.raises(ConfigError) as caught:
        from_flat({name: name})
    assert str(caught.value).startswith(f"{name}: unknown ")
    assert f"{name!r}; " in str(caught.value)
    assert f"known: {NAMES[name]}" in str(caught.value)


@pytest.mark.parametrize("name", ["nnm+" * 25 + "krum", "a" * 99 + ":b"])
def test_a_name_that_is_too_long_is_called_so_and_not_unknown(name):
    with pytest.raises(
        ConfigError, match=r"must have at most 100 letters, got 10\d$"
    ) as refused:
        from_flat({"strategies": name})
    assert "unknown" not in str(refused.value)
