"""What weights depend on, read from a run's settings: the settings' own bounds hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from anml_fl.config import RunConfig
from anml_fl.run.dials import dials_of, read_dials
from anml_fl.settings.aggregation import Aggregation

NAMES = ("tau_h", "tau_c", "alpha", "tau", "fraction")
BOUNDS = st.sampled_from([-1.0, 0.0, 1.0, 2.0, 1e308, float("inf"), float("nan"), 5e-324])


def test_what_a_run_wrote_is_what_it_decided_by(tmp_path):
    chosen = Aggregation(tau_h=0.1, tau_c=-0.5, alpha=0.25, tau=3, fraction=0.9)
    (tmp_path / "config.toml").write_text(RunConfig(aggregation=chosen).to_toml())
    found = read_dials(tmp_path)
    assert found.gate == chosen.gate
    assert found.fraction == 0.9


def test_what_is_missing_is_the_default(tmp_path):
    found = dials_of("name = 'older'\n[aggregation]\nalpha = 1", tmp_path)
    assert found.gate == Aggregation(alpha=1).gate
    assert found.fraction == Aggregation().fraction
    assert dials_of("", tmp_path).gate == Aggregation().gate


@given(st.sampled_from(NAMES), st.one_of(BOUNDS, st.floats(), st.floats(-2, 2)))
def test_a_number_is_refused_where_settings_refuse_it(name, value):
    text = f"[aggregation]\n{name} = {value!r}"
    try:
        Aggregation(**{name: value})
    except ValidationError:
        with pytest.raises(ValueError, match=rf"^config.toml: aggregation\.{name} must be"):
            dials_of(text, Path("config.toml"))
    else:
        found = dials_of(text, Path("config.toml"))
        assert getattr(found, name, getattr(found.gate, name, None)) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tau_h = '0.3'", r"aggregation\.tau_h must be a number in \[0, 1\], got '0\.3'"),
        ("tau = true", r"aggregation\.tau must be a number > 0, got True"),
        ("fraction = [1]", r"aggregation\.fraction must be a number in \(0, 1\], got \[1\]"),
        (f"tau = 1{400 * '0'}", r"aggregation\.tau must be a number > 0, got 1000.*…$"),
        ("tau_c =", "not TOML"),
    ],
)
def test_a_setting_of_another_kind_is_named_with_its_file(tmp_path, text, message):
    path = tmp_path / "config.toml"
    path.write_text(f"[aggregation]\n{text}")
    with pytest.raises(ValueError, match=message) as caught:
        read_dials(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_section_that_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="aggregation must be a table, got 3"):
        dials_of("aggregation = 3", tmp_path)
