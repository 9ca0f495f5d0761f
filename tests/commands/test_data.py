"""`anml data`: what it prints where, what it writes, and how it ends."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from anml_fl.commands.data import data
from anml_fl.tables.schema_file import read_schema

LINES = [f"{'uv'[i % 2]},{30 + i % 40}.5,{'yes' if i % 3 else 'no'}" for i in range(60)]
TABLE = "\n".join(["at,age,sick", *LINES]) + "\n"


@pytest.fixture
def anml(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "a.csv").write_text(TABLE)

    def call(*args, code=0):
        done = CliRunner().invoke(data, args)
        assert done.exit_code == code, done.output
        return done

    return call


DESCRIBE = ("describe", "a.csv", "--label", "sick", "--by", "at")


def test_the_standard_output_is_a_schema(anml, tmp_path):
    done = anml(*DESCRIBE)
    (tmp_path / "schema.toml").write_text(done.stdout)
    schema = read_schema(tmp_path / "schema.toml")
    assert (schema.site, schema.label.classes) == ("at", (("no",), ("yes",)))
    assert "a.csv: 60 rows" in done.stderr
    assert [line.split() for line in done.stderr.splitlines() if line.startswith("u ")] == [
        ["u", "30", "10", "20", "0.0", "%", "0"]
    ]


def test_with_out_the_tables_are(anml, tmp_path):
    text = anml(*DESCRIBE).stdout
    done = anml(*DESCRIBE, "--out", "schema.toml")
    assert (tmp_path / "schema.toml").read_text() == text
    assert "a.csv: 60 rows" in done.stdout
    assert "[[columns]]" not in done.output


def test_a_schema_that_may_be_edited_is_not_written_over(anml, tmp_path):
    (tmp_path / "schema.toml").write_text("mine")
    done = anml(*DESCRIBE, "--out", "schema.toml", code=2)
    assert "schema.toml is there already, perhaps edited; name another file" in done.output
    assert (tmp_path / "schema.toml").read_text() == "mine"


def test_json_has_schema_and_description(anml):
    found = json.loads(anml(*DESCRIBE, "--json").stdout)
    assert found["schema"]["label"]["name"] == "sick"
    assert [one["rows"] for one in found["description"]["sites"]] == [30, 30]


def test_held_against_a_schema(anml, tmp_path):
    text = anml(*DESCRIBE).stdout
    (tmp_path / "schema.toml").write_text(text.replace("high = 90", "high = 69"))
    done = anml("describe", "a.csv", "--schema", "schema.toml")
    row = next(line for line in done.stdout.splitlines() if line.startswith("v "))
    # Of 30.5 to 69.5 only 69.5 is beyond it, in rows 39 alone, which is v's.
    assert row.split()[-1] == "1"
    anml("describe", "a.csv", "--schema", "schema.toml", "--label", "sick", code=2)


def test_without_a_label_columns_and_candidates_are_shown(anml):
    done = anml("describe", "a.csv")
    assert "--label COLUMN; it may be sick, at, age" in done.stdout
    assert json.loads(anml("describe", "a.csv", "--json").stdout)["candidates"][0] == "sick"


def test_check_tells_what_to_put_right(anml, tmp_path):
    anml(*DESCRIBE, "--out", "schema.toml")
    assert anml("check", "a.csv", "--schema", "schema.toml").stdout.startswith(
        "ok: 60 rows fit"
    )
    (tmp_path / "b.csv").write_text(
        TABLE.replace("31.5", "3150", 1).replace(",no", ",nein", 1)
    )
    done = anml("check", "b.csv", "--schema", "schema.toml", code=1)
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [
        "b.csv, line 3, column age",
        "b.csv, line 2, column sick",
    ]
    found = json.loads(
        anml("check", "b.csv", "--schema", "schema.toml", "--json", code=1).stdout
    )
    assert (found["ok"], len(found["findings"])) == (False, 2)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("describe", "b.csv"), "b.csv"),
        (("describe", "a.csv", "--label", "Sick"), "did you mean 'sick'"),
        (("describe", "a.csv", "--label", "sick", "--by", "sick"), "cannot be both"),
        (("check", "a.csv", "--schema", "a.csv"), "a.csv: no schema: not valid TOML"),
    ],
)
def test_what_cannot_be_done_is_said(anml, args, message):
    assert message in anml(*args, code=2).output
