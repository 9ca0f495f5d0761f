"""What docs/statements.md says is what happens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "docs" / "statements.md").read_text(encoding="utf-8")
TOOLS = ("bash", "jq", "openssl", "sed", "sha256sum", "xxd")

pytestmark = pytest.mark.checkout


@pytest.mark.slow
def test_its_walk_through_works_as_it_stands_there_and_standard_tools_agree(tmp_path):
    if missing := [name for name in TOOLS if shutil.which(name) is None]:
        pytest.skip(f"not on the PATH: {', '.join(missing)}")
    walk, tools = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    anml = f'anml() {{ "{sys.executable}" -m anml_fl "$@"; }}\nset -eo pipefail\n'
    # Its key is made where a server's is: in the home folder.
    environment = {**os.environ, "HOME": str(tmp_path), "COLUMNS": "200"}
    environment.pop("ANML_LEDGER_KEY", None)

    def run(script):
        done = subprocess.run(
            ["bash", "-c", anml + script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    said = run(walk)[-3:]
    told = re.search(r"The last command says\n\n```text\n(.*?)```", TEXT, re.DOTALL)[1]
    number = re.compile(r"earned [\d,]+ micro-units")
    for line, stands in zip(said, told.splitlines(), strict=True):
        shown = number.sub("earned N micro-units", line)
        assert shown.startswith(number.sub("earned N micro-units", stands).removesuffix("..."))
    assert run(tools) == [
        "Signature Verified Successfully",
        "true",
        *(
            line
            for n in (1, 2, 3)
            for line in (f"entry {n} is the one that was signed", "true")
        ),
    ]


def _fields(title):
    rows = re.search(rf"\| {title} \| meaning \|\n\|---\|---\|\n((?:\|.*\n)+)", TEXT)[1]
    return sorted(
        name for row in rows.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])
    )


def test_its_tables_have_each_field_of_the_file(made):
    fields = made.statement("ann").fields()
    assert _fields("field") == sorted([*fields, "signature"])
    assert _fields("field of a round") == sorted(fields["rounds"][0])
    row = re.search(r"^\| `totals` \|.*$", TEXT, re.MULTILINE)[0]
    assert sorted(re.findall(r"`(\w+)`", row)) == sorted(["totals", *fields["totals"]])


def test_a_name_gives_the_file_that_stands_there():
    from anml_fl.statement.file_name import file_name

    assert f"`{file_name('../../etc/passwd')}.json`" in TEXT
