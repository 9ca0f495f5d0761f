"""Our packages are imported, whatever has their names elsewhere on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import anml_fl
from anml_fl.system.import_path import PACKAGES, leading, others

HOME = str(Path(anml_fl.__file__).resolve().parent.parent)
ANML = str(Path(sys.executable).with_name("anml"))


def foreign(folder: Path, name: str) -> Path:
    """Make a package, or a module, that must never be imported."""
    folder.mkdir(exist_ok=True)
    if name.endswith(".py"):
        path = folder / name
    else:
        (folder / name).mkdir()
        path = folder / name / "__init__.py"
    path.write_text("raise SystemExit('the foreign one was imported')\n", encoding="utf-8")
    return path


def called(
    *command: str, folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("name", ["server", "clients", "strategies", "studies", "studies.py"])
def test_command_starts_where_pythonpath_leads_to_packages_of_these_names(tmp_path, name):
    foreign(tmp_path / "project", name)

    done = called(ANML, "--version", folder=tmp_path, PYTHONPATH=str(tmp_path / "project"))
    assert done.stdout == f"anml, version {anml_fl.__version__}\n", done.stderr


def test_command_starts_in_a_folder_that_has_packages_of_these_names(tmp_path):
    foreign(tmp_path, "server")
    foreign(tmp_path, "studies.py")

    done = called(sys.executable, "-m", "anml_fl", "--version", folder=tmp_path)
    assert done.stdout.endswith(f"version {anml_fl.__version__}\n"), done.stderr


def test_what_is_started_imports_ours_too(tmp_path):
    foreign(tmp_path / "project", "server")
    code = (
        "import sys, subprocess; from anml_fl.system.import_path import mend; mend();"
        "import server; print(server.__file__, flush=True);"
        "subprocess.run([sys.executable, '-P', '-c', 'import server; print(server.__file__)'])"
    )

    done = called(
        sys.executable, "-c", code, folder=tmp_path, PYTHONPATH=str(tmp_path / "project")
    )
    ours = str(Path(HOME, "server", "__init__.py"))
    assert done.stdout.split() == [ours, ours], done.stderr


def test_doctor_names_what_could_be_taken_for_ours(tmp_path):
    file = foreign(tmp_path / "project", "clients")
    code = (
        "from server.doctor.versions import check_imports;"
        "import sys; found = check_imports(sys.path); print(found.status, found.what)"
    )
    # At the end, where it hides nothing from this process.
    done = called(
        sys.executable,
        "-c",
        f"import sys; sys.path.append({str(file.parents[1])!r}); {code}",
        folder=tmp_path,
    )
    assert done.stdout.startswith(f"warning {file} could be taken for ours"), done.stderr


def test_only_what_comes_before_and_can_be_imported_hides_ours(tmp_path):
    (tmp_path / "empty" / "server").mkdir(parents=True)  # no package: Python looks further
    hiding = str(foreign(tmp_path / "project", "server").parents[1])
    empty, plain = str(tmp_path / "empty"), str(tmp_path)

    assert others([empty, plain, HOME]) == {}
    assert leading([empty, HOME, hiding]) == [empty, HOME, hiding]
    assert leading([empty, hiding, HOME]) == [empty, HOME, hiding, HOME]
    assert list(others([hiding])) == [hiding]


def test_every_package_of_the_wheel_is_looked_for():
    folders = {path.parent.name for path in Path(HOME).glob("*/__init__.py")}
    assert set(PACKAGES) <= folders
