"""What a table of one's own says of a run's settings, and where it holds its tongue."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.datasets.table import TableError
from anml_fl.federation.adoption import adopted
from anml_fl.federation.contributors import behaviours_of, names_of
from anml_fl.federation.own_table import own_data
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError


@pytest.fixture
def patients(tmp_path):
    """Four sites of 30 rows, sick where the marker is high."""
    rng = np.random.default_rng(0)
    lines = ["site,age,marker,sick,cost"]
    for i in range(120):
        marker = rng.normal()
        lines.append(
            f"{'nesw'[i % 4]},{rng.uniform(20, 90):.1f},{marker:.3f},{int(marker > 0)},"
            f"{marker * 10:.2f}"
        )
    path = tmp_path / "my patients.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def given(path, **more):
    return adopted(from_flat({"data": str(path), "label": "sick", "by": "site", **more}))


def test_sites_take_part_as_they_are_and_nobody_attacks_or_is_known(patients):
    config = given(patients)
    federation = config.federation
    assert (federation.partition, federation.contributors) == ("natural", 4)
    assert federation.behaviours == {"honest": 4}
    assert federation.scenario == "unknown"
    assert config.name == "my-patients"
    # It would train on the honest alone, who are all of them.
    assert config.strategies == ("fedavg", "krum", "anml", "calibrated")
    assert "oracle" in given(patients, behaviours="label_flip=1").strategies
    assert config.data_name == "my patients.csv"
    assert names_of(config) == ("n", "e", "s", "w")


def test_local_epochs_are_chosen_by_the_rows_of_a_site(patients):
    # 24 of 30 rows train, which is one step; with a test table all 30; of 60 in two 48.
    assert given(patients).training.local_epochs == 8
    assert given(patients, test=str(patients)).training.local_epochs == 8
    assert given(patients, partition="iid", contributors=2).training.local_epochs == 4
    assert given(patients, **{"batch-size": 8}).training.local_epochs == 3
    assert given(patients, **{"local-epochs": 5}).training.local_epochs == 5


def test_numbers_that_may_stand_for_nothing_are_told_to_whoever_runs(patients):
    lines = patients.read_text().splitlines()
    lines[1:21] = [",".join(["n", "-999", *line.split(",")[2:]]) for line in lines[1:21]]
    patients.write_text("\n".join(lines) + "\n")
    notes = own_data(given(patients)).notes
    assert [note for note in notes if "-999 stands in 20 of 120 rows" in note]


def test_what_the_settings_say_stays(patients):
    config = given(
        patients, name="mine", scenario="high", partition="iid", contributors=6, metric="f1"
    )
    assert config.name == "mine"
    assert config.federation.scenario == "high"
    assert (config.federation.partition, config.federation.contributors) == ("iid", 6)
    assert config.evaluation.metric == "f1"
    one = given(patients, behaviours="label_flip=1")
    assert sorted(behaviours_of(one).values()) == ["honest", "honest", "honest", "label_flip"]
    few = given(patients, contributors=3)
    assert few.federation.behaviours == {"honest": 3}
    assert len(own_data(few).parts) == 3


def test_adopted_settings_are_adopted_already_and_read_back_the_same(patients):
    from anml_fl.settings.reading import from_toml

    config = given(patients)
    assert adopted(config) == config
    assert adopted(from_toml(config.to_toml())) == config
    assert adopted(from_flat(config.to_flat())) == config


def test_a_number_is_scored_by_r2_and_a_metric_of_the_other_kind_is_refused(patients):
    assert given(patients, label="cost").evaluation.metric == "r2"
    with pytest.raises(ConfigError, match="the label is a number, which 'f1' does not score"):
        given(patients, label="cost", metric="f1")
    with pytest.raises(ConfigError, match="one of 2 classes, which 'mae' does not score"):
        given(patients, metric="mae")


def all_rows(config):
    found = own_data(config)
    return found.test.labels.size + sum(part.labels.size for part in found.parts)


def test_a_run_finds_the_same_table_or_none(patients):
    config = given(patients)
    assert all_rows(config) == 120
    patients.write_text(patients.read_text() + "n,33,0.5,1,5\n")
    later = given(patients)
    assert later.table.digest != config.table.digest
    assert all_rows(later) == 121
    other = config.model_copy(update={"seed": 1})
    # Read before the change, and kept by its hash.
    assert all_rows(other) == 120
    from anml_fl.federation.own_table import own_table

    own_table.cache_clear()
    with pytest.raises(TableError, match="has changed since the run began"):
        own_data(config.model_copy(update={"seed": 2}))


@pytest.mark.parametrize("said", ["label", "by", "test"])
def test_settings_of_a_table_need_one(said):
    with pytest.raises(ConfigError, match=f"{said}: .* add --data TABLE"):
        adopted(from_flat({said: "x"}))


def test_a_label_that_is_not_given_is_asked_for_with_the_columns(patients):
    with pytest.raises(ConfigError, match="Give --label, one of: site, age, marker, sick"):
        given(patients, label="")


def test_a_schema_that_says_otherwise_is_held_against_the_options(patients, tmp_path):
    from anml_fl.tables.inference import inferred
    from anml_fl.tables.reading.source import read_columns
    from anml_fl.tables.schema_file import schema_text

    path = tmp_path / "schema.toml"
    path.write_text(schema_text(inferred(read_columns(str(patients)), "sick", "site")))
    assert given(patients, label="", by="", schema=str(path)).federation.contributors == 4
    with pytest.raises(ConfigError, match="says 'sick', and --label 'cost'"):
        given(patients, label="cost", schema=str(path))
