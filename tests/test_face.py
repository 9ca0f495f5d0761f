"""The package's face: every public name from one place, imported when it is asked for."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import anml_fl

ROOT = Path(__file__).parents[1]


def python(code: str, *, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=path or None,
        check=False,
    )


def test_every_name_is_there_and_is_what_it_is_called():
    for name in anml_fl.__all__:
        found = getattr(anml_fl, name)
        assert name in ("DECAY_RATES", getattr(found, "__name__", None))


def test_help_and_completion_see_the_names_before_they_are_imported():
    done = python("import anml_fl, sys; print(dir(anml_fl)); print('numpy' in sys.modules)")
    listed, loaded = done.stdout.splitlines()
    assert "'Anml'" in listed
    assert "'two_stage'" in listed
    assert loaded == "False"


def test_the_method_alone_loads_no_flower():
    done = python(
        "import sys; from anml_fl import krum_scores, two_stage, Gate, select_top;"
        " print(sorted({'flwr', 'ray', 'sqlalchemy', 'pydantic'} & set(sys.modules)))"
    )
    assert done.stdout == "[]\n", done.stderr


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'crumb'"):
        _ = anml_fl.crumb


def test_a_foreign_package_in_the_place_of_ours_is_named_with_what_to_do(tmp_path):
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "__init__.py").touch()
    done = python("from anml_fl import InlineGrid", path=str(tmp_path))
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert "our package 'server'" in last
    assert str(tmp_path / "server" / "__init__.py") in last
    assert "PYTHONPATH" in last
    mended = python(
        "from anml_fl.system import import_path; import_path.mend();"
        " from anml_fl import InlineGrid; print(InlineGrid.__name__)",
        path=str(tmp_path),
    )
    assert mended.stdout == "InlineGrid\n", mended.stderr


@pytest.mark.parametrize("place", ["server.py", "server/__init__.py"])
def test_an_app_whose_own_module_is_called_server_is_told_so_when_its_strategy_is_made(
    tmp_path, place
):
    (tmp_path / "server").mkdir()
    (tmp_path / place).write_text(
        "from anml_fl import Anml\nAnml()\nAnml(save='runs/mine')\n", encoding="utf-8"
    )
    done = python("import server", path=str(tmp_path))
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: save: what keeps a run is in our package 'server' (")
    assert str(ROOT / "server") in last
    assert str(tmp_path / place) in last
    assert "my_app/server_app.py" in last


def test_what_hides_a_package_that_ours_needs_is_named_too(tmp_path):
    (tmp_path / "strategies.py").touch()
    done = python("from anml_fl import echo_nonce", path=str(tmp_path))
    assert str(tmp_path / "strategies.py") in done.stderr.splitlines()[-1]


@pytest.mark.checkout
def test_the_docs_list_every_name_and_no_other():
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    first = re.findall(r"^\| ((?:`[^|`]+`(?:, )?)+) \|", text, re.MULTILINE)
    named = [name for cell in first for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(anml_fl.__all__)


@pytest.mark.parametrize("package", ["anml_fl", "strategies", "server", "clients", "studies"])
def test_type_checkers_read_the_packages(package):
    assert (files(package) / "py.typed").is_file()
