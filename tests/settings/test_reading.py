"""Settings by the three ways in: a preset file, the command line, Flower's run config."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.models.metrics import METRICS
from anml_fl.plugins import BEHAVIOURS, DATASETS, MODELS, RULES, SCENARIOS
from anml_fl.settings.federation import FederationSettings
from anml_fl.settings.reading import from_flat, from_toml
from anml_fl.settings.run import RunConfig
from anml_fl.settings.section import ConfigError


def test_flat_settings_win_over_the_preset_and_blank_ones_do_not():
    preset = 'seed = 4\nengine = "simulation"\n[training]\nrounds = 3\nbatch_size = 8'
    config = from_toml(preset, {"rounds": 7, "seed": 5, "batch-size": "", "engine": ""})
    assert (config.seed, config.engine) == (5, "simulation")
    assert (config.training.rounds, config.training.batch_size) == (7, 8)


def test_text_is_read_as_a_number():
    config = from_flat({"rounds": "3", "tau": "0.25", "example-weighting": "false"})
    assert (config.training.rounds, config.aggregation.tau) == (3, 0.25)
    assert config.aggregation.example_weighting is False


def test_none_is_blank_in_flat_settings_and_left_out_of_toml():
    config = RunConfig()
    blank = {name for name, value in config.to_flat().items() if value == ""}
    assert blank == {
        "names",
        "leave-out",
        "roles",
        "task",
        "data",
        "label",
        "by",
        "test",
        "schema",
        "digest",
        "clip-norm",
        "strength",
        "clipping-radius",
        "flip-target",
        "flip-offset",
        "flip-pairs",
        "n-byzantine",
        "root-data",
        "server-learning-rate",
        "server-momentum",
        "metric",
        "database",
    }
    attacks = tomllib.loads(config.to_toml())["attacks"]
    assert attacks == {
        "knowledge": "updates",
        "jitter": 0.1,
        "credentials": "own",
        "flip_fraction": 1.0,
        "flip_reversed": False,
        "flip_pairs": "",
        "pair_share": 0.0,
        "feature_shift": 0.2,
        "poison_fraction": 0.5,
        "trigger_size": 4,
        "trigger_value": 3.0,
        "trigger_target": 0,
        "turn_round": 20,
        "good_rounds": 10,
        "bad_rounds": 2,
    }
    assert "n_byzantine" not in tomllib.loads(config.to_toml())["aggregation"]


def test_toml_is_in_sections_of_plain_values():
    tree = tomllib.loads(from_flat({"rounds": 3, "strategies": "krum"}).to_toml())
    sections = ["federation", "table", "attacks", "training", "evaluation"]
    sections += ["aggregation", "registry", "settlement"]
    assert set(tree) == {"name", "seed", "engine", "strategies", *sections}
    assert tree["training"]["rounds"] == 3
    assert tree["strategies"] == ["krum"]
    assert tree["federation"]["behaviours"]["joint"] == 1


def test_schema_is_named_in_toml_and_flat_settings_as_on_the_command_line():
    config = from_flat({"schema": "s.toml"})
    assert config.table.schema_file == "s.toml"
    assert tomllib.loads(config.to_toml())["table"]["schema"] == "s.toml"
    assert config.to_flat()["schema"] == "s.toml"
    with pytest.raises(
        ConfigError, match="unknown key 'schema_file' in \\[table\\]; did you mean schema"
    ):
        from_toml('[table]\nschema_file = "s.toml"')


def test_federation_in_which_nobody_attacks_survives_flat_settings():
    config = RunConfig(federation=FederationSettings(behaviours={}))
    assert from_flat(config.to_flat()) == config


@st.composite
def configs(draw):
    def share(**options):
        return draw(st.floats(0, 1, **options))

    def positive():
        return draw(st.floats(0, exclude_min=True, allow_infinity=False))

    def natural():
        return draw(st.integers(1, 2**63 - 1))

    contributors = draw(st.integers(1, 10_000))
    kinds = draw(
        st.lists(st.sampled_from(BEHAVIOURS.names), unique=True, min_size=1, max_size=5)
    )
    counts, left = {}, contributors
    for kind in kinds:
        counts[kind] = draw(st.integers(0, left))
        left -= counts[kind]
    if "honest" in counts:
        counts["honest"] += left
    alpha = draw(st.floats(1e-6, 1e6))
    return RunConfig.model_validate(
        {
            "name": draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)),
            "seed": draw(st.integers(0, 2**63 - 1)),
            "engine": draw(st.sampled_from(["inline", "cohort", "simulation"])),
            "strategies": draw(
                st.lists(st.sampled_from([*RULES.names, "nnm+krum"]), min_size=1)
            ),
            "federation": {
                "dataset": draw(st.sampled_from(DATASETS.names)),
                "contributors": contributors,
                "partition": draw(st.sampled_from(["iid", f"dirichlet:{alpha}"])),
                "behaviours": counts,
                "scenario": draw(st.sampled_from(SCENARIOS.names)),
                "max_age": draw(st.floats(0, allow_infinity=False)),
                "decay_rate": draw(st.floats(0, allow_infinity=False)),
            },
            "attacks": {
                "flip_fraction": share(),
                "feature_shift": share(),
                **draw(
                    st.sampled_from(
                        [
                            {},
                            {"flip_target": natural()},
                            {"flip_offset": -natural()},
                            {"flip_reversed": True, "strength": share()},
                        ]
                    )
                ),
            },
            "table": {
                "data": draw(st.sampled_from(["", "a b.csv", "hf:x/y#train"])),
                "label": draw(st.text(st.characters(codec="utf-8"), max_size=5)),
                "schema": draw(st.sampled_from(["", "schema.toml"])),
            },
            "evaluation": {
                "metric": draw(st.sampled_from(["", *METRICS])),
                "patience": draw(st.integers(0, 2**63 - 1)),
                "best_by": draw(st.sampled_from(["server", "claims"])),
                "worth": draw(st.booleans()),
                "repeats": draw(st.integers(2, 1000)),
            },
            "training": {
                "model": draw(st.sampled_from(MODELS.names)),
                "rounds": natural(),
                "local_epochs": natural(),
                "batch_size": natural(),
                "learning_rate": positive(),
                "schedule": draw(st.sampled_from(["constant", "linear", "cosine"])),
                **draw(
                    st.sampled_from(
                        [{}, {"momentum": 0.9}, {"optimizer": "adam"}, {"optimizer": "adamw"}]
                    )
                ),
                "weight_decay": draw(st.floats(0, 1e300)),
                "proximal": draw(st.floats(0, 1e300)),
                "clip_norm": draw(st.none() | st.floats(1e-300, 1e300)),
                "weight_classes": draw(st.booleans()),
                "device": draw(st.sampled_from(["cpu", "cuda:1", "mps"])),
                "timeout": positive(),
            },
            "aggregation": {
                "tau_h": share(),
                "tau_c": draw(st.floats(-1, 1)),
                "alpha": share(),
                "tau": positive(),
                "fraction": share(exclude_min=True),
                "n_byzantine": draw(st.none() | st.integers(0, 2**63 - 1)),
                "trim": draw(st.floats(0, 0.5, exclude_max=True)),
                "clipping_radius": draw(st.none() | st.floats(1e-300, 1e300)),
                "clipping_steps": draw(st.integers(1, 100)),
                "bucket_size": natural(),
                "client_momentum": draw(st.floats(0, 1, exclude_max=True)),
                "example_weighting": draw(st.booleans()),
            },
        }
    )


@given(configs())
def test_any_settings_survive_toml_and_flat(config):
    flat = config.to_flat()
    assert {type(value) for value in flat.values()} <= {str, int, float, bool}
    texts = {name: str(value) for name, value in flat.items()}  # as from a command line
    for again in (from_toml(config.to_toml()), from_flat(flat), from_flat(texts)):
        assert again == config
        # The order decides who gets which role, and == on dicts does not look at it.
        assert list(again.federation.behaviours) == list(config.federation.behaviours)
