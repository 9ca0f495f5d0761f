"""The results that are published: made by this code, on these data, by the lock's versions."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from studies.catalogue import STUDIES
from studies.reproduction.page import write_reproduction
from studies.staleness import stale_studies

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "results"


def said_of(name):
    return json.loads((RESULTS / f"{name}.json").read_text())


def test_no_published_result_is_stale():
    stale = stale_studies(RESULTS)
    lines = "\n".join(f"{name}: {why}" for name, why in stale.items())
    assert not stale, f"run what `anml study stale` lists, and publish it:\n{lines}"


def test_published_results_have_the_trials_of_their_studies():
    trials = {name: said_of(name)["trials"] for name in STUDIES}
    assert trials == {name: study.trials for name, study in STUDIES.items()}


def test_published_results_were_made_with_the_locked_versions():
    lock = (ROOT / "requirements.lock").read_text()
    # Some have one version for an older Python, and another for a newer.
    locked = set(re.findall(r"^([\w-]+==[\w.]+)", lock, flags=re.MULTILINE))
    for name in STUDIES:
        for package, version in said_of(name)["versions"].items():
            # A build of torch is no other version.
            assert f"{package}=={version.partition('+')[0]}" in locked, name


@pytest.fixture
def one(tmp_path):
    """A folder with the results of table-7, as this code would have made them."""
    from studies import store

    (tmp_path / "table-7.parquet").write_bytes((RESULTS / "table-7.parquet").read_bytes())
    said = said_of("table-7")
    made = {
        "code": store.code_hash(STUDIES["table-7"]),
        "data": {"wine": store.data_hash("wine")},
        "versions": store.versions(),
    }

    def write(**changed):
        (tmp_path / "table-7.json").write_text(json.dumps({**said, **made, **changed}))
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, ""),
        ({"code": "0" * 64}, "code"),
        ({"data": {"wine": "0" * 64}}, "data"),
        ({"versions": {"numpy": "1.0"}}, "versions"),
        ({"code": "", "versions": {}}, "code, versions"),
    ],
)
def test_command_and_page_say_what_is_stale_and_why(one, tmp_path, changed, why):
    folder = one(**changed)
    assert stale_studies(folder, ["table-7"]) == ({"table-7": why} if why else {})
    found = CliRunner().invoke(main, ["study", "stale", "--results", str(folder)])
    lines = found.output.splitlines()
    assert found.exit_code == 1
    assert "table-8: never run" in lines
    assert [line for line in lines if line.startswith("table-7:")] == (
        [f"table-7: {why}"] if why else []
    )
    page, _ = write_reproduction(folder, tmp_path / "pages")
    assert ("Stale: made with other" in page.read_text()) == bool(why)
    assert (f"Stale: made with other {why}." in page.read_text()) == bool(why)


def test_nothing_stale_is_said_by_the_exit_status_alone(one, monkeypatch):
    folder = one()
    monkeypatch.setattr("studies.staleness.STUDIES", {"table-7": STUDIES["table-7"]})
    found = CliRunner().invoke(main, ["study", "stale", "--results", str(folder)])
    assert (found.exit_code, found.output) == (0, "")


def test_a_damaged_file_is_named(one):
    folder = one()
    (folder / "table-7.json").write_text("[]")
    with pytest.raises(ValueError, match=r"table-7\.json must hold an object, got list"):
        stale_studies(folder, ["table-7"])
