"""What a sweep may be asked for, how it is written down, and what is refused before it."""

from __future__ import annotations

import tomllib

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.cli import main
from anml_fl.settings.reading import from_flat, from_toml
from anml_fl.settings.run import settings
from anml_fl.settings.section import ConfigError
from studies.sweep.axis import parse_axes
from studies.sweep.plan import planned
from studies.sweep.request import check_sweep, open_sweep, request_text
from studies.sweep.seeds import parse_seeds, written_seeds

SMALL = {"dataset": "wine", "contributors": 6, "strategies": "fedavg,anml"}


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, unique=True))
def test_written_seeds_are_read_back(seeds):
    assert parse_seeds(written_seeds(tuple(seeds))) == tuple(seeds)


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("0-4", (0, 1, 2, 3, 4)), ("0,3,7", (0, 3, 7)), (" 5 - 6, 1", (5, 6, 1))],
)
def test_ranges_have_both_ends(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "got ''"),
        ("0-", "got '0-'"),
        ("-1", "got '-1'"),
        ("1.5", "got '1.5'"),
        ("a", "such as 0-4 or 0,3,7"),
        ("4-0", "give 0-4"),
        ("0-3,2", "2 is given twice"),
        ("9223372036854775808", "below 2**63"),
        ("0-10000", "at most 10,000 seeds"),
        ("0-9223372036854775807", "at most 10,000 seeds"),
    ],
)
def test_what_is_no_seed_is_refused_with_what_would_be_one(text, said):
    with pytest.raises(ConfigError, match="--seeds") as refused:
        parse_seeds(text)
    assert said in str(refused.value)


def test_every_setting_has_its_names_or_a_reason_why_it_is_not_swept():
    apart = {"seed", "name", "metric", "database"}
    for name, section, key, field in settings():
        full = f"{section}.{field.alias or key}" if section else key
        for said in (name, full, f"--{name}"):
            if name in apart:
                with pytest.raises(ConfigError, match="cannot be swept"):
                    parse_axes([f"{said}=1;2"])
            else:
                (one,) = parse_axes([f"{said}=1;2"])
                assert (one.name, one.key) == (name, full)


def test_options_in_the_singular_name_the_same():
    assert parse_axes(["behaviour=joint=1;joint=2"]) == parse_axes(
        ["behaviours=joint=1;joint=2"]
    )
    (axis,) = parse_axes(["strategy=fedavg,anml;krum"])
    assert (axis.key, axis.texts) == ("strategies", ("fedavg,anml", "krum"))


def test_a_semicolon_parts_values_that_hold_commas():
    given = "partition=PathologicalPartitioner:num_classes_per_partition=2,seed=1;iid"
    (axis,) = parse_axes([given])
    assert axis.texts == (given.removeprefix("partition=")[:-4], "iid")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["alhpa=.1,.2"], "did you mean alpha"),
        (["agregation.alpha=.1,.2"], "did you mean aggregation.alpha"),
        (["qwertyuiop=.1,.2"], "none is called like it"),
        (["alpha"], "must be KEY=VALUE,VALUE,..., got 'alpha'"),
        (["alpha=.2"], "two values or more, parted by ',', got '.2'"),
        (["behaviours=joint=1,label_flip=1"], "parted by ';', since commas belong"),
        (["alpha=.2,,.3"], "value 2 is empty"),
        (["alpha=.1,.2", "aggregation.alpha=.3,.4"], "aggregation.alpha is given twice"),
        (["seed=0,1"], "--seeds 0-4"),
        (["postgresql://me:secret@host/x"], "not shown: it may hold a password"),
    ],
)
def test_what_cannot_be_swept_is_refused(given, said):
    with pytest.raises(ConfigError, match="--sweep") as refused:
        parse_axes(given)
    assert said in str(refused.value)


def test_a_grid_has_every_combination_with_every_seed():
    axes = parse_axes(["alpha=.2,.5,.8", "behaviours=joint=1;label_flip=2,joint=1"])
    plan = planned("", SMALL, axes, (3, 1))
    cells = plan.cells()
    assert len(cells) == 3 * 2 * 2
    assert len({cell.folder.lower() for cell in cells}) == 12
    assert [one.values for one in plan.conditions[:3]] == [
        (0.2, "joint=1"),
        (0.2, "label_flip=2,joint=1"),
        (0.5, "joint=1"),
    ]
    for cell in cells:
        alpha, behaviours = plan.conditions[cell.condition].values
        # As the single command has it, to the last byte of config.toml.
        flat = {**SMALL, "alpha": alpha, "behaviours": behaviours, "seed": cell.config.seed}
        assert cell.config.to_toml() == from_flat(flat).to_toml()
        assert from_toml(cell.config.to_toml()) == cell.config


def test_values_that_look_the_same_in_a_name_have_folders_of_their_own():
    axes = parse_axes(["partition=dirichlet:0.5;dirichlet 0.5;dirichlet:0,5"])
    with pytest.raises(ConfigError, match="partition"):
        planned("", SMALL, axes, (0,))
    axes = parse_axes(["strategies=krum,anml;krum+anml;krum;KRUM"])
    with pytest.raises(ConfigError, match="strategies"):
        planned("", SMALL, axes, (0,))
    long = ["a" * 70 + end for end in ("x", "y")]
    plan = planned("", SMALL, parse_axes(["leave-out=" + ";".join(long)]), (0, 1))
    folders = [cell.folder for cell in plan.cells()]
    assert len(set(folders)) == 4
    assert all("/" not in one and len(one) < 100 for one in folders)


@pytest.mark.parametrize(
    ("given", "sweeps", "seeds", "said"),
    [
        ({}, ["alpha=.2,2"], None, "alpha: Input should be less than or equal to 1, got '2'"),
        ({}, ["dataset=wine,wien"], None, "unknown data set 'wien'; did you mean wine?"),
        ({}, ["alpha=.2,0.20"], None, "two values come to the same settings"),
        ({"alpha": 0.3}, ["alpha=.2,.3"], None, "aggregation.alpha is given as an option too"),
        ({"seed": 3}, [], (0, 1), "--seed is given too"),
        ({}, ["engine=inline,app"], None, "usable: inline, cohort, simulation, got 'app'"),
        ({}, ["engine=inline,deployment"], None, "got 'deployment'"),
        (
            {"database": "sqlite:////tmp/r.sqlite", "reputation": True},
            [],
            (0, 1),
            "each go on where another ended",
        ),
        ({}, ["alpha=" + ",".join(f"{n / 1000}" for n in range(101))], tuple(range(100)),
         "10,100 runs are asked for; at most 10,000"),
    ],
)  # fmt: skip
def test_settings_are_refused_before_anything_trains(given, sweeps, seeds, said):
    with pytest.raises(ConfigError) as refused:
        planned("", given, parse_axes(sweeps), seeds)
    assert said in str(refused.value)


def test_the_request_says_what_is_swept_and_all_other_settings():
    axes = parse_axes(["alpha=.2,.5", "strategies=fedavg;anml,krum"])
    asked = tomllib.loads(request_text(planned("", {"dataset": "wine"}, axes, (0, 1))))
    assert asked["seeds"] == [0, 1]
    assert asked["sweep"] == {
        "aggregation.alpha": [0.2, 0.5],
        "strategies": ["fedavg", "anml,krum"],
    }
    assert "alpha" not in asked["settings"]["aggregation"]
    assert {"seed", "strategies"}.isdisjoint(asked["settings"])
    assert asked["settings"]["federation"]["dataset"] == "wine"


def test_another_sweep_in_the_same_folder_is_refused_with_the_difference(tmp_path):
    axes = parse_axes(["alpha=.2,.5"])
    plan = planned("", SMALL, axes, (0, 1))
    open_sweep(tmp_path, plan)
    before = (tmp_path / "sweep.toml").read_bytes()
    open_sweep(tmp_path, plan)
    for other, said in (
        (planned("", SMALL, axes, (0, 1, 2)), "seeds is [0, 1] there, and [0, 1, 2] here"),
        (
            planned("", {**SMALL, "rounds": 9}, axes, (0, 1)),
            "training.rounds is 8 there, and 9 here",
        ),
        (
            planned("", SMALL, parse_axes(["alpha=.2,.6"]), (0, 1)),
            "aggregation.alpha (swept) is [0.2, 0.5] there, and [0.2, 0.6] here",
        ),
    ):
        with pytest.raises(ConfigError, match="holds another sweep") as refused:
            check_sweep(tmp_path, other)
        assert said in str(refused.value)
    assert (tmp_path / "sweep.toml").read_bytes() == before


def test_a_folder_with_a_run_or_with_no_toml_is_refused(tmp_path):
    plan = planned("", SMALL, (), (0, 1))
    (tmp_path / "config.toml").write_text("")
    with pytest.raises(ConfigError, match="holds a run"):
        open_sweep(tmp_path, plan)
    (tmp_path / "config.toml").unlink()
    (tmp_path / "sweep.toml").write_text("[")
    with pytest.raises(ConfigError, match=r"sweep\.toml is no TOML"):
        open_sweep(tmp_path, plan)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--jobs", "2"], "add --seeds or --sweep"),
        (["--seeds", "0-1", "--jobs", "0"], "is not in the range"),
        (["--seeds", ""], "--seeds: must be whole numbers"),
        (["--sweep", "aggregation.alhpa=.2,.5"], "did you mean aggregation.alpha"),
        (["--sweep", "alpha=.2,x"], "aggregation.alpha"),
        # What no setting shows by itself.
        (["--seeds", "0-1", "--device", "cuda:7"], "training.device"),
        (["--sweep", "model=mlp,cnn", "--dataset", "wine"], "model"),
    ],
)
def test_the_command_refuses_and_makes_no_folder(words, said, tmp_path):
    done = CliRunner().invoke(main, ["run", *words, "--out", str(tmp_path / "out")])
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert not (tmp_path / "out").exists()


def test_a_run_never_goes_into_a_sweeps_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    open_sweep(tmp_path / "runs" / "default", planned("", SMALL, (), (0, 1)))
    small = [
        "--dataset",
        "wine",
        "--rounds",
        "1",
        "--local-epochs",
        "1",
        "--strategy",
        "fedavg",
    ]
    done = CliRunner().invoke(main, ["run", *small, "--out", "runs/default"])
    assert done.exit_code == 2
    assert "holds the runs of a sweep" in done.output
    done = CliRunner().invoke(main, ["run", *small])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "runs" / "default-2" / "summary.json").is_file()
    assert not (tmp_path / "runs" / "default" / "config.toml").exists()
