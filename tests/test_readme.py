"""What the README shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.checkout


def test_code_example_runs(request, tmp_path):
    text = (request.config.rootpath / "README.md").read_text()
    own_table, code = re.findall(r"```python\n(.*?)```", text, re.S)
    done = subprocess.run(
        [sys.executable, "-c", own_table],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == re.search(r"^# (\{'fedavg.*)$", own_table, re.M)[1] + "\n"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    # Four of six are selected; the one that moves the other way is not.
    branch, _, selected = done.stdout.splitlines()[-1].partition(" ")
    assert branch == "krum"
    assert selected.count("True") == 4


def test_examples_of_the_studies_page_run(request):
    root = request.config.rootpath
    blocks = re.findall(
        r"```python\n(.*?)```", (root / "docs" / "studies.md").read_text(), re.S
    )
    assert len(blocks) == 3
    for code in blocks:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_every_link_leads_somewhere(request):
    root = request.config.rootpath
    for page in [root / "README.md", root / "CONTRIBUTING.md", *root.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert target.startswith("https://") or (page.parent / target).exists(), (
                page,
                target,
            )


def test_every_command_of_the_readme_parses(request):
    from click.testing import CliRunner

    from anml_fl.cli import main

    text = (request.config.rootpath / "README.md").read_text()
    commands = re.findall(r"^anml (\w+)", text, re.M)
    assert set(commands) >= {"run", "report"}
    for command in set(commands):
        assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0
