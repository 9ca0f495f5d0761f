"""Settings: three ways in, one meaning; a refusal names what is wrong and what is known."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from anml_fl import plugins
from anml_fl.behaviour import behaviour, behaviour_in_round
from anml_fl.settings.attacks import Attacks
from anml_fl.settings.reading import from_flat, from_toml
from anml_fl.settings.run import RunConfig, settings
from anml_fl.settings.section import ConfigError

KNOWN = {
    "": "name, seed, engine, strategies, federation, table, attacks, training, evaluation,"
    " aggregation, registry, settlement",
    "federation": "dataset, contributors, partition, names, leave_out, behaviours, roles,"
    " scenario, max_age, decay_rate",
    "table": "data, label, by, test, schema, digest",
    "attacks": "flip_fraction, flip_target, flip_offset, flip_pairs, pair_share,"
    " feature_shift, turn_round, good_rounds, bad_rounds",
    "training": "task, model, rounds, local_epochs, batch_size, learning_rate, schedule,"
    " optimizer, momentum, weight_decay, proximal, clip_norm, weight_classes, device, timeout,"
    " min_replies",
    "evaluation": "metric, patience, best_by, worth, repeats",
    "aggregation": "tau_h, tau_c, alpha, tau, fraction, n_byzantine, trim, example_weighting,"
    " server_optimizer, server_learning_rate, server_momentum, server_beta_2, server_tau",
    "registry": "database, simulated, reputation, forgetting, exploration, r_min, gold",
    "settlement": "pool, record_updates",
}
FLAT = "name, seed, engine, strategies, " + ", ".join(
    KNOWN[section].replace("_", "-") for section in KNOWN if section
)
NAMES = {
    "engine": "inline, simulation, deployment, app",
    "schedule": "constant, linear, cosine",
    "optimizer": "sgd, adam, adamw",
    "strategies": "fedavg, krum, multikrum, q_only, bulyan, median, trimmed_mean, anml,"
    " softmax_blend, multiplicative, oracle",
    "dataset": "digits, wine, breast_cancer, adult, covertype, fashion_mnist, heart_disease,"
    " labelme, mnist_writers, sentiment",
    "scenario": "high, moderate, low, adversarial, unknown",
    "model": "mlp, cnn, logistic, transformer",
}
BEHAVIOURS = (
    "honest, label_flip, gradient_aligned, credential_faking, compromised_issuer, joint,"
    " newcomer, turncoat, on_off"
)

ABOVE_0, BELOW_0 = math.nextafter(0, 1), math.nextafter(0, -1)
ABOVE_1, BELOW_1 = math.nextafter(1, 2), math.nextafter(1, 0)
BELOW_HALF = math.nextafter(0.5, 0)
SHARE = ([0.0, 1.0], [BELOW_0, ABOVE_1])
POSITIVE = ([ABOVE_0, 1e300], [0.0, -1.0])
NATURAL = ([1, 10**6], [0, -1])
# Flat name: values just inside, values just outside.
BOUNDS = {
    "seed": ([0, 2**63 - 1], [-1, 2**63]),
    "contributors": ([1, 10_000], [0, 10_001]),
    "max-age": ([0.0, 1e300], [BELOW_0]),
    "decay-rate": ([0.0, 1e300], [BELOW_0]),
    "flip-fraction": SHARE,
    "flip-target": ([0, 10**6], [-1]),
    "flip-offset": ([-(10**6), 0, 10**6], []),
    "pair-share": SHARE,
    "feature-shift": SHARE,
    "turn-round": NATURAL,
    "good-rounds": NATURAL,
    "bad-rounds": NATURAL,
    "rounds": NATURAL,
    "local-epochs": NATURAL,
    "batch-size": NATURAL,
    "learning-rate": POSITIVE,
    "momentum": ([0.0, BELOW_1], [BELOW_0, 1.0]),
    "weight-decay": ([0.0, 1e300], [BELOW_0]),
    "proximal": ([0.0, 1e300], [BELOW_0]),
    "clip-norm": POSITIVE,
    "timeout": POSITIVE,
    "min-replies": SHARE,
    "patience": ([0, 10**6], [-1]),
    "repeats": ([2, 1000], [1, 1001]),
    "tau-h": SHARE,
    "tau-c": ([-1.0, 1.0], [-ABOVE_1, ABOVE_1]),
    "alpha": SHARE,
    "tau": POSITIVE,
    "fraction": ([ABOVE_0, 1.0], [0.0, ABOVE_1]),
    "n-byzantine": ([0, 10**6], [-1]),
    "trim": ([0.0, BELOW_HALF], [BELOW_0, 0.5]),
    "server-learning-rate": POSITIVE,
    "server-momentum": ([0.0, BELOW_1], [BELOW_0, 1.0]),
    "server-beta-2": ([0.0, BELOW_1], [BELOW_0, 1.0]),
    "server-tau": POSITIVE,
    "forgetting": SHARE,
    "exploration": ([0, 10**6], [-1]),
    "r-min": SHARE,
    "gold": ([0, 1000], [-1, 1001]),
    "pool": ([0, 2**53 - 1], [-1, 2**53]),
}
WHOLE = {name for name, (inside, _) in BOUNDS.items() if type(inside[0]) is int}


def value_of(config: RunConfig, name: str):
    section, key = {n: (s, k) for n, s, k, _ in settings()}[name]
    return getattr(getattr(config, section) if section else config, key)


def edges(which: int):
    return [(name, value) for name, both in BOUNDS.items() for value in both[which]]


# ── Defaults and names ──────────────────────────────────────────────────────────────────────


@pytest.mark.checkout
def test_default_preset_is_what_no_preset_means():
    text = (Path(__file__).parents[2] / "presets/default.toml").read_text(encoding="utf-8")
    assert len(tomllib.loads(text)) == 6  # it says something in every section but attacks
    assert from_toml(text) == from_toml("") == from_flat({}) == RunConfig()
    said = from_toml(text).federation.behaviours
    assert list(said.items()) == list(RunConfig().federation.behaviours.items())


@pytest.mark.checkout
def test_every_preset_is_valid_and_named_like_its_file():
    presets = sorted((Path(__file__).parents[2] / "presets").glob("*.toml"))
    assert presets
    for path in presets:
        assert from_toml(path.read_text(encoding="utf-8")).name == path.stem


def test_defaults_are_the_papers():
    config = RunConfig()
    chosen = config.aggregation
    assert (chosen.tau_h, chosen.tau_c, chosen.alpha, chosen.tau, chosen.fraction) == (
        0.35,
        0.3,
        0.5,
        1.0,
        0.7,
    )
    assert config.attacks == Attacks(flip_fraction=1.0, feature_shift=0.2)
    assert config.federation.scenario == "moderate"
    assert config.federation.decay_rate == 0.1


def test_flat_names_are_those_of_all_sections_and_unique():
    names = [name for name, *_ in settings()]
    assert names == FLAT.split(", ")
    assert len(set(names)) == len(names)


def test_every_setting_is_described():
    assert all(field.description for *_, field in settings())


def test_behaviours_that_settings_take_each_do_something_in_every_round():
    parts = {
        behaviour_in_round(name, n, Attacks())
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


# ── Bounds ──────────────────────────────────────────────────────────────────────────────────


def test_bounds_below_cover_every_number():
    numbers = {name for name, *_, field in settings() if type(field.default) in (int, float)}
    absent = {"flip-target", "flip-offset", "n-byzantine", "clip-norm"}
    absent |= {"server-learning-rate", "server-momentum"}
    assert set(BOUNDS) == numbers | absent


@pytest.mark.parametrize(("name", "value"), edges(0))
def test_number_at_its_bound_is_taken_as_it_is(name, value):
    others = {"behaviours": "joint=0", "flip-pairs": "0-1", "server-optimizer": "fedadam"}
    taken = value_of(from_flat({**others, name: value}), name)
    assert taken == value
    assert type(taken) is (int if name in WHOLE else float)


@pytest.mark.parametrize(("name", "value"), edges(1))
def test_number_past_its_bound_is_refused_by_name_and_value(name, value):
    with pytest.raises(ConfigError) as caught:
        from_flat({"behaviours": "joint=0", name: value})
    assert f"{name.replace('-', '_')}: Input should be " in str(caught.value)
    assert str(caught.value).endswith(f", got {value!r}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_number_that_is_not_finite_is_refused(name, value):
    with pytest.raises(ConfigError, match=rf"{name.replace('-', '_')}: .*finite.*{value}"):
        from_flat({name: value})


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_part_of_a_whole_is_refused(name):
    with pytest.raises(ConfigError, match=rf"{name.replace('-', '_')}: .*got 1\.5"):
        from_flat({name: 1.5})


@pytest.mark.parametrize("name", ["a", "9", "A.b_c-d", "x" * 64])
def test_name_that_can_be_a_folder_is_taken(name):
    assert from_flat({"name": name}).name == name


@pytest.mark.parametrize("name", [".", "..", "-a", "_a", "a/b", "a b", "x" * 65, "a\n", "é"])
def test_name_that_can_be_no_folder_is_refused(name):
    with pytest.raises(ConfigError, match=r"^name: "):
        from_flat({"name": name})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"name": "Z\udcc3\udcbcrich"},
            r"name: holds characters .*encoding lost \(LANG=C.UTF-8 keeps them\); it must"
            r" match \^\[A-Za-z0-9\].*, got 'Z\\udcc3\\udcbcrich'",
        ),
        ({"strategies": "Z\udcc3"}, r"strategies.0: holds .*keeps them\), got 'Z\\udcc3'"),
    ],
)
def test_characters_that_an_encoding_lost_are_told_in_our_words(given, told):
    with pytest.raises(ConfigError, match=told) as caught:
        from_flat(given)
    assert "raw data" not in str(caught.value)


# ── Unknown keys and values ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("section", KNOWN)
def test_unknown_key_is_named_with_the_known_ones(section):
    header = f"[{section}]\n" if section else ""
    with pytest.raises(ConfigError) as caught:
        from_toml(f"{header}no_such = 1")
    inside = f" in [{section}]" if section else ""
    assert str(caught.value) == f"unknown key 'no_such'{inside}; known: {KNOWN[section]}"


def test_unknown_flat_name_is_named_with_the_known_ones():
    with pytest.raises(ConfigError) as caught:
        from_flat({"learning_rate": 0.1})
    assert str(caught.value) == f"unknown key 'learning_rate'; known: {FLAT}"


@pytest.mark.parametrize("name", NAMES)
def test_unknown_name_is_named_with_the_known_ones(name):
    with pytest.raises(ConfigError) as caught:
        from_flat({name: "nobody"})
    assert str(caught.value) == f"{name}: unknown 'nobody'; known: {NAMES[name]}"


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
    assert str(caught.value) == f"behaviours: unknown 'nobody'; known: {BEHAVIOURS}"


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


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("a,b", "names must name each of the 3 contributors, got 2"),
        ("a,b,a", "names: 'a' is there twice"),
    ],
)
def test_names_that_do_not_fit_the_contributors_are_refused(names, told):
    three = {"contributors": 3, "behaviours": "honest=3"}
    assert from_flat({**three, "names": "a, b,c"}).federation.listed_names == ("a", "b", "c")
    with pytest.raises(ConfigError, match=told):
        from_flat({**three, "names": names})


@pytest.mark.parametrize("name", ["engine", "dataset", "scenario", "model"])
def test_unknown_name_that_is_the_settings_own_is_named_too(name):
    with pytest.raises(ConfigError) as caught:
        from_flat({name: name})
    assert str(caught.value) == f"{name}: unknown {name!r}; known: {NAMES[name]}"


def test_all_problems_are_told_at_once_a_line_each():
    with pytest.raises(ConfigError) as caught:
        from_toml("sede = 1\n[training]\nrounds = 0\n[aggregation]\ntau_x = 1")
    lines = str(caught.value).splitlines()
    assert [line.split(";")[0].split(":")[0] for line in lines] == [
        "training.rounds",
        "unknown key 'tau_x' in [aggregation]",
        "unknown key 'sede'",
    ]


def test_text_that_is_no_toml_is_refused():
    with pytest.raises(ConfigError, match=r"not valid TOML: .*line 1"):
        from_toml("rounds: 3\n")


@pytest.mark.parametrize("overrides", [{}, {"rounds": 5}])
@pytest.mark.parametrize("given_as", ["training = 3", "[[training]]"])
def test_section_that_is_no_table_is_refused(given_as, overrides):
    with pytest.raises(ConfigError, match="training"):
        from_toml(given_as, overrides)


def test_settings_cannot_be_changed_afterwards():
    config = RunConfig()
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 1
    with pytest.raises(ValidationError, match="frozen"):
        config.training.rounds = 1
