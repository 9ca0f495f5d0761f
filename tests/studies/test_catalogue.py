"""Studies are found where they stand: adding one is one file, in the package or outside."""

import importlib.metadata
import subprocess
import sys

import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from studies import catalogue
from studies.catalogue import STUDIES, Studies, chosen

MINE = """
from studies.settings import Settings
from studies.study import Study, Variant


class Coin(Settings):
    heads: float = 0.5


def variants(dataset):
    return tuple(Variant(f"heads={p:g}", Coin(heads=p), ("flip",)) for p in (0.25, 0.5))


def run(cell):
    return [
        cell.row(variant, method, "error", variant.recipe.heads, trial)
        for variant in cell.variants
        for method in variant.methods
        for trial in cell.trials
    ]


STUDY = Study(
    name="coin",
    title="A coin",
    source="nowhere",
    trials={"wine": 60},
    variants=variants,
    run=run,
)
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A file of a user's own, outside of the package."""
    (tmp_path / "my_coin.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("my_coin", None)


@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_a_study_of_ones_own_runs_by_its_place(mine, jobs):
    words = ["study", "run", "my_coin:STUDY", "--jobs", jobs, "--set", "heads=0.75"]
    found = CliRunner().invoke(main, [*words, "--out", str(mine / "out")])
    assert found.exit_code == 0, found.output
    assert "75.0" in found.output
    assert (mine / "out" / "coin.parquet").is_file()
    settings = CliRunner().invoke(main, ["study", "settings", "my_coin:STUDY"])
    assert "settings of coin" in settings.output


def test_another_package_gives_a_study_by_an_entry_point(mine, monkeypatch):
    (point,) = [importlib.metadata.EntryPoint("coin", "my_coin:STUDY", "anml_fl.studies")]
    shadow = importlib.metadata.EntryPoint("table-7", "my_coin:STUDY", "anml_fl.studies")
    monkeypatch.setattr(catalogue, "entry_points", lambda group: [point, shadow])
    studies = Studies()
    assert list(studies) == [*STUDIES, "coin"]
    assert studies["coin"].title == "A coin"
    assert studies["table-7"].title != "A coin"
    assert [one.title for one in studies.entries()][-1] == "A coin"


def test_a_file_in_the_folder_is_a_study(tmp_path, monkeypatch):
    for place, name in (("paper", "table-2"), ("own", "a-coin"), ("own", "overhead")):
        file = tmp_path / place / f"{name.replace('-', '_')}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(MINE.replace('"coin"', f'"{name}"'))
    (tmp_path / "own" / "no_study.py").write_text("NAME = dict(name='no-study')")
    monkeypatch.setattr(catalogue, "_HERE", tmp_path)
    # The paper's first, then ours in the order of the page, then what is new.
    assert list(Studies()) == ["table-2", "overhead", "a-coin"]
    assert next(Studies().entries())[1:] == ("A coin", "nowhere", {"wine": 60})


def test_the_texts_say_what_the_studies_are():
    for one in STUDIES.entries():
        study = STUDIES[one.name]
        assert one == (study.name, study.title, study.source, study.trials)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("table-6", "unknown study 'table-6'; did you mean table-16 or "),
        ("no_such_file:STUDY", "no module is called no_such_file"),
        ("my_coin:TABLE", "has no attribute 'TABLE'"),
        ("my_coin:run", "must be a studies.study.Study, got function"),
        ("studies.paper.table_7:STUDY", "is called table-7, as one that there is"),
    ],
)
def test_a_wrong_name_is_explained(mine, name, message):
    with pytest.raises(ValueError, match=message):
        chosen(name)


def test_listing_imports_nothing_that_studies_run():
    heavy = ("numpy", "pandas", "sklearn", "torch", "flwr")
    code = f"""import sys
from click.testing import CliRunner
from anml_fl.cli import main
found = CliRunner().invoke(main, ["study", "list"])
assert found.exit_code == 0, found.output
print([name for name in {heavy} if name in sys.modules])"""
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert said.stdout.strip() == b"[]"
