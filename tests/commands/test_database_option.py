"""A password in a database's URL: no command writes it down or repeats it."""

from __future__ import annotations

import traceback

import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from server.deployment.prepare import prepare

SECRET = "".join(("hun", "ter", "2"))  # not in this file, which tracebacks show
URLS = [
    f"postgresql://u:{SECRET}@h/d",
    f"postgresql://u@h/d?sslpassword={SECRET}",
    f"postgresql://u@h/d?PASSWORD={SECRET}",
    f"postgresql://u@h:port/d?password={SECRET}",
    f"sqlite:///x.db?password={SECRET}",
    f"mysql://u:{SECRET}@h/d",
    f"host=h password={SECRET}",
]


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """Call a command that must refuse, say why, and leave the secret nowhere."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, **environment):
        done = CliRunner().invoke(main, arguments, env=environment)
        assert done.exit_code in (1, 2)
        said = done.output + "".join(traceback.format_exception(*done.exc_info))
        assert SECRET not in said
        written = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert not any(SECRET.encode() in path.read_bytes() for path in written)
        assert not any(SECRET in path.name for path in written)
        return done.output

    return call


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "command",
    [
        ("run", "--dataset", "wine"),
        ("up", "--nodes", "2"),
        ("up", "--local", "--nodes", "2"),
        ("registry", "list", "contributors"),
        ("registry", "show", "contributor-0000"),
        ("bench", "size", "--contributors", "10"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_no_command_takes_it(refused, command, url, tmp_path):
    refused(*command, "--database", url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", URLS)
def test_neither_submit_nor_a_second_up_takes_it(refused, url, tmp_path):
    prepare(tmp_path / "federation", None, {"dataset": "wine"}, nodes=2)
    assert "registry.database" in refused("submit", "federation", "--database", url)
    assert "registry.database" in refused("up", "--database", url)
    assert "the database's URL cannot be used" in refused(
        "doctor", "--json", "--database", url
    )


@pytest.mark.parametrize("url", URLS)
def test_neither_a_preset_nor_the_environment_brings_it_in(refused, url, tmp_path):
    # The preset itself is the user's: what must not be is a copy.
    preset = tmp_path.parent / f"{tmp_path.name}.toml"
    preset.write_text(f'[registry]\ndatabase = "{url}"\n')
    assert "registry.database" in refused("run", str(preset))
    assert "registry.database" in refused("up", str(preset))
    refused("registry", "list", "contributors", ANML_REGISTRY=url)
    refused("run", url)
    assert list(tmp_path.iterdir()) == []


def test_help_does_not_show_what_the_environment_says():
    done = CliRunner().invoke(
        main, ["registry", "list", "--help"], env={"ANML_REGISTRY": URLS[0]}
    )
    assert "ANML_REGISTRY" in done.output
    assert SECRET not in done.output
