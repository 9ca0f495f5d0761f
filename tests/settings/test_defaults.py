"""Settings that nobody gave: those of the default preset, and the paper's."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from anml_fl.settings.attackers import Attackers
from anml_fl.settings.reading import from_flat, from_toml
from anml_fl.settings.run import RunConfig


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
    assert config.attacks == Attackers(flip_fraction=1.0, feature_shift=0.2)
    assert config.federation.scenario == "moderate"
    assert config.federation.decay_rate == 0.1


def test_settings_cannot_be_changed_afterwards():
    config = RunConfig()
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 1
    with pytest.raises(ValidationError, match="frozen"):
        config.training.rounds = 1
