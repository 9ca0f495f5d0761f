"""No command repeats the password of an address that it refuses."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from anml_fl.cli import main

ADDRESS = "https://me:s3cret@host/x.csv"
TABLE = ["run", "--data", "table.csv", "--label", "b"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["run"],
        ["run", "--data"],
        [*TABLE, "--schema"],
        [*TABLE, "--test"],
        ["run", "--strategy"],
        ["run", "--model"],
        ["run", "--dataset"],
        ["run", "--engine"],
        ["run", "--rounds"],
        ["run", "--task"],
        ["run", "--partition"],
        ["run", "--seeds"],
        ["run", "--track"],
        ["explain"],
        ["compare"],
        ["data", "describe"],
        ["arena", "run", "--only"],
        ["study", "run"],
        ["registry", "list", "--database"],
        ["join", "--data", "x", "--key", "y", "--superlink"],
    ],
    ids=" ".join,
)
def test_a_password_is_not_repeated(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text("a,b\n1,x\n2,y\n")
    done = CliRunner().invoke(main, [*words, ADDRESS])
    assert done.exit_code == 2, done.output
    assert "Error: " in done.stderr
    assert "s3cret" not in done.output


def test_a_table_at_an_address_is_told_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["run", "--data", ADDRESS])
    assert "save the table on this machine, and give its path" in done.stderr
    assert "host" not in done.stderr
