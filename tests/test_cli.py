"""The command line, as its user calls it."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from anml_fl.settings.reading import from_toml
from anml_fl.settings.run import RunConfig, settings

SMALL = ["--dataset", "wine", "--contributors", "5", "--rounds", "2", "--local-epochs", "1"]


@pytest.fixture
def anml(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*args):
        return CliRunner().invoke(main, [str(arg) for arg in args])

    return call


def test_help_answers_in_half_a_second_without_torch_or_flower():
    def seconds():
        # CPU time: the command waits for nothing, and the machine may be busy otherwise.
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "anml_fl.cli", "--help"], check=True, capture_output=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(5)) < 0.5
    code = (
        "import sys; from click.testing import CliRunner; from anml_fl.cli import main;"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0;"
        "print([m for m in ('torch', 'flwr', 'numpy', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_run_help_names_every_setting_and_its_default(anml):
    shown = anml("run", "--help").output
    words = " ".join(shown.split())
    for name, _, _, field in settings():
        option = {"behaviours": "behaviour", "strategies": "strategy"}.get(name, name)
        assert f"--{option} " in words
        assert field.description.split(":")[0].split("(")[0].strip()[:30] in words
    assert "[default: label_flip=1 gradient_aligned=1 credential_faking=1 joint=1]" in words


def test_run_writes_the_folder_and_prints_the_table(anml, tmp_path):
    done = anml("run", *SMALL, "--seed", 4, "--out", "here", "--strategy", "anml")
    assert done.exit_code == 0, done.output
    assert "anml" in done.output
    assert "strategy" in done.output
    summary = json.loads((tmp_path / "here" / "summary.json").read_text())
    assert (summary["seed"], summary["dataset"]) == (4, "wine")
    assert list(summary["strategies"]) == ["anml"]
    assert (tmp_path / "here" / "report.html").is_file()
    written = from_toml((tmp_path / "here" / "config.toml").read_text())
    assert written.federation.contributors == 5


def test_options_and_preset_say_the_same(anml, tmp_path):
    preset = tmp_path / "mine.toml"
    preset.write_text(
        'name = "mine"\nstrategies = ["krum"]\n[federation]\ndataset = "wine"\n'
        'contributors = 5\npartition = "dirichlet:2"\n[federation.behaviours]\njoint = 1\n'
        "[training]\nrounds = 2\nlocal_epochs = 1\n[aggregation]\nexample_weighting = false\n"
    )
    assert anml("run", preset, "--out", "a").exit_code == 0
    done = anml(
        "run", *SMALL, "--name", "mine", "--strategy", "krum", "--partition", "dirichlet:2",
        "--behaviour", "joint=1", "--no-example-weighting", "--out", "b",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    for file in ("config.toml", "krum/rounds.jsonl"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_options_win_over_the_preset(anml, tmp_path):
    (tmp_path / "p.toml").write_text(
        "[training]\nrounds = 9\n[federation.behaviours]\njoint = 3\n"
    )
    anml("run", "p.toml", *SMALL, "--behaviour", "label_flip=2", "--strategy", "fedavg")
    config = from_toml((tmp_path / "runs" / "default" / "config.toml").read_text())
    assert config.training.rounds == 2
    assert config.federation.behaviours == {"label_flip": 2}


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (["--datset", "wine"], ["unknown option --datset", "did you mean --dataset"]),
        (["--contributers", "3"], ["did you mean --contributors?"]),
        (["--zzz"], ["unknown option --zzz", "known: --out", "`main run --help` has all"]),
        (["--dataset", "wines"], ["'wines'", "did you mean wine?", "digits", "covertype"]),
        (["--strategy", "fedavgg"], ["'fedavgg'; did you mean fedavg?"]),
        (["--strategy", "nnm+krun"], ["'krun' in 'nnm+krun'; did you mean krum?"]),
        (["--strategy", "nnm"], ["'nnm' stands before a strategy, as in nnm+krum"]),
        (["--strategy", "my_rule"], ["known: fedavg", "MODULE:OBJECT", "my_rule:OBJECT"]),
        (["--model", "mpl"], ["unknown model 'mpl'; did you mean mlp?"]),
        (["--behaviour", "lazy=1"], ["behaviours: unknown behaviour 'lazy'", "label_flip"]),
        (["--behaviour", "joimt=1"], ["unknown behaviour 'joimt'; did you mean joint?"]),
        (["--behaviour", "joint"], ["'joint' must be KIND=COUNT, as in label_flip=1"]),
        (["--behaviour", "joint=x"], ["federation.behaviours.joint", "integer", "'x'"]),
        (["--behaviour", "joint=99"], ["99 contributors", "only 10"]),
        (
            ["--partition", "by-label"],
            ["federation.partition", "iid, natural, sorted, dirichlet:ALPHA", "'by-label'"],
        ),
        (["--rounds", "0"], ["training.rounds", "greater than or equal to 1", "got 0"]),
        (["--rounds", "many"], ["'many' is not a valid integer"]),
        (["--tau-h", "2"], ["aggregation.tau_h", "less than or equal to 1", "got 2.0"]),
        (["--engine", "spark"], ["'spark'", "'inline'", "'cohort'", "'simulation'"]),
        (["--name", "../up"], ["name", "'../up'"]),
        (
            ["--contributors", "2", "--behaviour", "honest=2", "--names", "north,south"],
            ["of digits is called 'contributor-0000', and not 'north'", "--schema"],
        ),
        (["no-such-preset"], ["'no-such-preset'", "neither a file nor shipped"]),
        (["label-skw"], ["'label-skw'", "did you mean label-skew?"]),
        (["--dataset", "wine", "--contributors", "500"], ["contributors", "142", "500"]),
        (["--dataset", "wine", "--model", "cnn"], ["model cnn needs images"]),
        (["--device", "cuda:7"], ["training.device", "'cuda:7'", "usable: cpu"]),
        (["--device", "gpu"], ["training.device", "'gpu'", "usable: cpu"]),
        (["--device", "meta"], ["training.device", "'meta'", "usable: cpu"]),
        (["--flip-target", "77"], ["flip_target", "classes 0 to 9", "77"]),
        (["--flip-offset", "20"], ["flip_offset", "10 classes", "20"]),
        (["--flip-target", "1", "--flip-offset", "1"], ["exclude each other"]),
    ],
)
def test_bad_input_is_named_and_what_there_is_is_listed(anml, args, parts):
    done = anml("run", *args)
    assert done.exit_code == 2, done.output
    shown = " ".join(done.output.split())
    for part in parts:
        assert part in shown
    assert "Traceback" not in shown


def test_bad_preset_names_key_and_section(anml, tmp_path):
    (tmp_path / "p.toml").write_text("[federation]\ndatset = 1\n[trainin]\n")
    shown = " ".join(anml("run", "p.toml").output.split())
    assert "unknown key 'datset' in [federation]; did you mean dataset?" in shown
    assert "unknown key 'trainin'; did you mean training?" in shown


def test_out_that_holds_other_settings_is_refused(anml):
    assert anml("run", *SMALL, "--strategy", "fedavg", "--out", "a").exit_code == 0
    done = anml("run", *SMALL, "--strategy", "krum", "--out", "a")
    assert done.exit_code == 2
    assert "other settings" in done.output


def test_report_is_written_anew(anml, tmp_path):
    anml("run", *SMALL, "--strategy", "anml", "--out", "a")
    page = tmp_path / "a" / "report.html"
    before = page.read_bytes()
    page.unlink()
    assert anml("report", "a").exit_code == 0
    assert page.read_bytes() == before
    (tmp_path / "a" / "summary.json").unlink()
    done = anml("report", "a")
    assert done.exit_code == 2
    assert "summary.json" in done.output


@pytest.mark.checkout
def test_presets_are_valid_and_the_default_is_the_default(request):
    folder = request.config.rootpath / "presets"
    presets = {path.stem: from_toml(path.read_text()) for path in folder.glob("*.toml")}
    assert len(presets) >= 4
    assert presets["default"] == RunConfig()
    assert all(preset.name == name for name, preset in presets.items())


@pytest.mark.checkout
def test_flowers_run_config_is_the_default(request):
    import tomllib

    project = tomllib.loads((request.config.rootpath / "pyproject.toml").read_text())
    config = project["tool"]["flwr"]["app"]["config"]
    assert config == {"out": "", **RunConfig(engine="simulation").to_flat()}
