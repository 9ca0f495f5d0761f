"""`anml doctor --data`: a node's own files."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from anml_fl.cli import main


@pytest.fixture
def examined(sites, monkeypatch, tmp_path):
    """Examine the north's files; check to what was found."""
    monkeypatch.chdir(tmp_path)
    (sites.folder / "north").chmod(0o700)

    def examine():
        folder = sites.folder / "north"
        given = [f"--data={folder / 'patients.csv'}", f"--schema={folder / 'schema.toml'}"]
        done = CliRunner().invoke(main, ["doctor", "--json", *given])
        found = {}
        for one in json.loads(done.output):
            found.setdefault(one["check"], one)
        found["tables"] = [one for one in json.loads(done.output) if one["check"] == "table"]
        return found, done.exit_code

    return examine


def test_a_table_that_fits_is_told_with_its_rows_and_what_may_leave(examined, sites):
    sites.tables["north"] *= 2
    sites.write("north")
    found, _ = examined()
    assert found["table"]["status"] == "ok"
    assert "patients.csv: 80 rows, which fit the schema" in found["table"]["what"]
    assert found["schema"]["status"] == "ok"
    assert "no file, so the usual policy" in found["egress"]["what"]


def test_what_is_odd_in_a_table_is_a_warning(examined, sites):
    # One class alone: nothing can be told apart.
    sites.tables["north"] = [(*row[:4], "well") for row in sites.tables["north"]]
    sites.write("north")
    found, _ = examined()
    assert "warning" in [one["status"] for one in found["tables"]]


def test_the_first_mistake_of_every_column_is_told(examined, sites):
    rows = sites.tables["north"]
    rows[6] = ("6173.51", *rows[6][1:])
    rows[8] = (*rows[8][:4], "maybe")
    sites.write("north")
    told = [one["what"] for one in examined()[0]["tables"]]
    assert len(told) == 2
    assert "line 8, column age" in told[0]
    assert "line 10, column outcome" in told[1]


def test_a_bad_cell_is_a_problem_with_its_place_and_no_other_cell(examined, sites):
    sites.tables["north"][6] = ("6173.51", *sites.tables["north"][6][1:])
    sites.write("north")
    found, code = examined()
    assert code == 1
    assert found["table"]["status"] == "problem"
    for word in ("line 8", "column age", "0 to 130", "'6173.51'"):
        assert word in found["table"]["what"]
    assert not [cell for cell in sites.cells() - {"6173.51"} if cell in str(found)]


def test_a_schema_that_is_not_there_is_a_problem(examined, sites):
    (sites.folder / "north" / "schema.toml").unlink()
    found, _ = examined()
    assert found["schema"]["status"] == "problem"
    assert "schema.toml: No such file or directory" in found["schema"]["what"]


def test_a_policy_and_a_key_beside_the_schema_are_examined(examined, sites):
    (sites.folder / "north" / "egress.toml").write_text("larges_norm = 1.0")
    key = sites.folder / "north" / "node.key"
    key.write_text("secret")
    key.chmod(0o644)
    found, _ = examined()
    assert found["egress"]["status"] == "problem"
    assert "unknown key 'larges_norm'" in found["egress"]["what"]
    assert f"{key} has mode 0644" in found["modes"]["what"]
    key.chmod(0o600)
    (sites.folder / "north" / "egress.toml").write_text("arrays = false")
    found, _ = examined()
    assert found["egress"]["status"] == "ok"
    assert "trained model" not in found["egress"]["what"]
    assert found["modes"]["status"] == "ok"
