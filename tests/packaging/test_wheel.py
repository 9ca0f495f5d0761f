"""The wheel: what it holds, and that it works where there is no work tree."""

import shutil
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.packaging, pytest.mark.slow, pytest.mark.checkout]

WHERE = "import {0}; print(*(getattr(m, '__file__') for m in ({0},)), sep='\\n')"


def test_wheel_holds_the_packages_and_the_presets_and_nothing_else(wheel, root, packages):
    names = zipfile.ZipFile(wheel).namelist()

    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(packages)
    shipped = {Path(n).name for n in names if n.startswith("anml_fl/presets/")}
    assert shipped == {path.name for path in (root / "presets").glob("*.toml")}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_wheel_holds_every_module_of_the_sources(wheel, sources, packages):
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {
        path.relative_to(sources).as_posix()
        for package in packages
        for path in (sources / package).rglob("*.py")
    }
    assert modules <= names


def test_installed_packages_come_from_the_wheel(installed, packages):
    found = installed.run("-c", WHERE.format(", ".join(packages))).stdout.split()

    assert len(found) == len(packages)
    for path in found:
        assert Path(path).is_relative_to(installed.cwd / "venv"), path


def test_installed_command_answers(installed):
    anml = Path(installed.command[0]).with_name("anml")

    assert anml.read_text(encoding="utf-8").startswith(f"#!{installed.command[0]}\n")
    assert "Usage" in installed.run(anml, "--help").stdout


def test_quick_tests_pass_on_the_installed_wheel(installed, sources):
    elsewhere = installed.cwd / "elsewhere"
    shutil.copytree(sources / "tests", elsewhere / "tests")
    shutil.copy2(sources / "pyproject.toml", elsewhere)  # pytest's settings
    quick = "not slow and not browser and not packaging and not checkout"

    # However busy the machine is: what hangs is the one test that does not end in 20 minutes.
    hangs = ("-o", "faulthandler_timeout=1200", "-o", "faulthandler_exit_on_timeout=true")
    outcome = installed.run(
        *("-m", "pytest", *hangs, "--rootdir", elsewhere, "-c", elsewhere / "pyproject.toml"),
        *("-p", "no:cacheprovider", "-q", "-m", quick, elsewhere / "tests"),
        limit=None,
    )

    assert " passed" in outcome.stdout.splitlines()[-1]
