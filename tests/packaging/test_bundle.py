"""Flower's bundle: what `flwr build` puts in, and that its two apps load from it alone."""

import zipfile
from pathlib import Path

import pytest

from anml_fl.run.code_hash import AT_HOME

pytestmark = [pytest.mark.packaging, pytest.mark.slow, pytest.mark.checkout]

# As Flower's own launchers do it: the reference and the folder of the unpacked app.
LOAD = """
from flwr.supercore.object_ref import load_app
app = load_app({reference!r}, RuntimeError, {folder!r})
print(type(app).__name__)
"""
FILES = """
import importlib
for name in {packages!r}:
    print(importlib.import_module(name).__file__)
"""


@pytest.fixture
def packages(packages):
    """Name what the apps are made of: studies do not travel."""
    return tuple(name for name in packages if name != "studies")


def test_bundle_holds_the_packages_and_the_presets_and_nothing_else(bundle, root, packages):
    names = zipfile.ZipFile(bundle).namelist()

    tops = {name.split("/")[0] for name in names}
    assert tops == {*packages, "presets", "pyproject.toml", "LICENSE", ".info"}
    assert {Path(n).suffix for n in names if n.split("/")[0] in packages} == {".py"}
    shipped = {Path(n).name for n in names if n.startswith("presets/")}
    assert shipped == {path.name for path in (root / "presets").glob("*.toml")}


def test_bundle_holds_every_module_of_the_sources(bundle, sources, packages):
    """Flower leaves `test_*.py`, `*_test.py` and some folders out without a word."""
    names = set(zipfile.ZipFile(bundle).namelist())
    modules = {
        path.relative_to(sources).as_posix()
        for package in packages
        for path in (sources / package).rglob("*.py")
    }
    home = {name for name in modules if name.startswith(AT_HOME)}
    assert home
    assert modules - names == home


def test_bundle_is_small(bundle):
    # Bytes, not compressed: all code that the code's hash is of. Flower refuses 10 MB.
    assert bundle.stat().st_size < 3_000_000


def test_packages_come_from_the_bundle(unpacked, packages):
    found = unpacked.run(FILES.format(packages=packages)).stdout.split()

    assert len(found) == len(packages)
    for path in found:
        assert Path(path).is_relative_to(unpacked.cwd / "app"), path


@pytest.mark.parametrize(
    ("component", "kind"), [("serverapp", "ServerApp"), ("clientapp", "ClientApp")]
)
def test_app_loads_from_the_bundle(unpacked, pyproject, component, kind):
    reference = pyproject["tool"]["flwr"]["app"]["components"][component]
    code = LOAD.format(reference=reference, folder=str(unpacked.cwd / "app"))

    assert unpacked.run(code).stdout.split()[-1] == kind


RUN = """
import json, logging
from pathlib import Path
from flwr.app import Context, RecordDict
from flwr.supercore.object_ref import load_app
server_app = load_app("server.app:app", RuntimeError, {folder!r})
client_app = load_app("clients.app:app", RuntimeError, {folder!r})
from server.engines.inline_grid import InlineGrid
settings = {{"dataset": "wine", "contributors": 5, "rounds": 2, "strategies": "anml"}}
settings["out"] = {out!r}
nodes = [{{"partition-id": i}} for i in range(5)]
context = Context(1, 1, {{}}, RecordDict(), settings)
server_app(InlineGrid(client_app, nodes, settings), context)
summary = json.loads((Path({out!r}) / "summary.json").read_text())
print(summary["strategies"]["anml"]["rounds"], summary["strategies"]["anml"]["excluded"])
"""


def test_federation_runs_from_the_bundle_with_the_project_not_installed(unpacked, tmp_path):
    code = RUN.format(folder=str(unpacked.cwd / "app"), out=str(tmp_path / "run"))

    assert unpacked.run(code).stdout.split()[-2:] == ["2", "0"]
    assert (tmp_path / "run" / "report.html").stat().st_size > 1_000_000  # plotly is in it
