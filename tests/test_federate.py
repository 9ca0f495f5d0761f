"""A federation from Python: a frame, arrays or a file, and the same run as by the command."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from anml_fl import ConfigError, federate, load_run
from anml_fl.cli import main
from anml_fl.datasets.table import TableError
from anml_fl.run.verification import verify_run

QUICK = {"rounds": 2, "local_epochs": 1, "strategies": "fedavg,anml"}


@pytest.fixture
def table():
    rng = np.random.default_rng(3)
    marker = rng.normal(size=160)
    return {
        "age": rng.uniform(20, 90, 160),
        "marker": marker,
        "site": np.repeat(["north", "south", "east", "west"], 40),
        "sick": np.where(marker + 0.3 * rng.normal(size=160) > 0, "yes", "no"),
    }


def weights(folder):
    from safetensors.numpy import load_file

    return load_file(folder / "anml" / "model.safetensors")


def test_a_frame_arrays_and_a_file_lead_to_the_same_model(table, tmp_path):
    federate(pa.table(table), "sick", by="site", out=tmp_path / "frame", **QUICK)
    features = np.column_stack([table["age"], table["marker"]])
    federate(features, table["sick"], by=table["site"], out=tmp_path / "arrays", **QUICK)
    path = tmp_path / "t.csv"
    lines = zip(*(map(str, column) for column in table.values()), strict=True)
    path.write_text("\n".join([",".join(table), *map(",".join, lines)]) + "\n")
    federate(path, "sick", by="site", out=tmp_path / "file", **QUICK)
    options = ["--data", str(path), "--label", "sick", "--by", "site", "--rounds", "2"]
    options += ["--local-epochs", "1", "--strategy", "fedavg", "--strategy", "anml"]
    done = CliRunner().invoke(main, ["run", *options, "--out", str(tmp_path / "command")])
    assert done.exit_code == 0, done.output
    expected = weights(tmp_path / "command")
    for name in ("frame", "arrays", "file"):
        found = weights(tmp_path / name)
        for key, array in expected.items():
            assert np.allclose(found[key], array, atol=1e-6), (name, key)


def test_such_a_run_is_read_checked_and_done_anew(table, tmp_path):
    run = federate(table, "sick", by="site", out=tmp_path, behaviours="label_flip=1", **QUICK)
    assert sorted(run.summary.contributors) == ["east", "north", "south", "west"]
    assert not verify_run(tmp_path).altered
    assert (tmp_path / "report.html").stat().st_size > 10_000
    again = federate(
        table, "sick", by="site", out=tmp_path, behaviours="label_flip=1", **QUICK
    )
    assert again.strategies[0].records == run.strategies[0].records
    assert load_run(tmp_path).summary.dataset == "python:dict"


def test_other_rows_are_another_run(table, tmp_path):
    federate(table, "sick", by="site", out=tmp_path, **QUICK)
    table["age"][0] += 1
    with pytest.raises(ConfigError, match="other settings"):
        federate(table, "sick", by="site", out=tmp_path, **QUICK)


def test_what_needs_the_rows_again_says_that_nobody_has_them(table, tmp_path):
    federate(table, "sick", by="site", out=tmp_path, **QUICK)
    done = CliRunner().invoke(main, ["attribution", str(tmp_path)])
    assert done.exit_code == 2
    assert "were given by a program, and no file holds them" in done.output


def test_rows_of_a_program_stay_in_its_process(table, tmp_path):
    with pytest.raises(ConfigError, match="in its own process alone, got 'simulation'"):
        federate(table, "sick", by="site", out=tmp_path, engine="simulation", **QUICK)


def test_unknown_settings_and_columns_are_named(table, tmp_path):
    with pytest.raises(ConfigError, match="unknown keyword 'ruonds': did you mean rounds"):
        federate(table, "sick", by="site", out=tmp_path, ruonds=3)
    with pytest.raises((ConfigError, TableError), match="sick"):
        federate(table, "sic", by="site", out=tmp_path)
