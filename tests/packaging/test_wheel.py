"""The wheel: what it holds, and that it works where there is no work tree.

Its files are the sources' byte for byte. So code that passes its tests in the checkout can
fail here only by what it finds around it: a file that was left out, a place that is reckoned
from the module's own (presets, migrations, the packages' folder, a study's sources), the
version, the command. That is what these tests ask for: every module is imported, one module a
package runs its doctests, the command goes from a shipped preset to a verified ledger and from
a study to its page, the doctor examines the installation. All other tests would show once more
what they have shown.
"""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from anml_fl.run.code_hash import code_hash

pytestmark = [pytest.mark.packaging, pytest.mark.slow, pytest.mark.checkout]

WHERE = """
import importlib, json, pkgutil, sys
found = {}
for package in sys.argv[1:]:
    found[package] = importlib.import_module(package).__file__
    for module in pkgutil.walk_packages([found[package].rpartition("/")[0]], package + "."):
        found[module.name] = importlib.import_module(module.name).__file__
print(json.dumps(found))
"""
# One module a package, each with doctests.
DOCTESTS = (
    "anml_fl.method.combination",
    "strategies.packing",
    "server.deployment.dotenv",
    "clients.cohort_perceptron",
    "studies.store",
)
# It asks what is installed, whether it is a checkout, and where the migrations are.
DOCTOR = "server/doctor/test_doctor.py"

# Commands one after the other in one process of the installed Python, which then imports the
# libraries once: what they print goes out, and the first that fails ends it.
COMMANDS = """
import json, sys
from click.testing import CliRunner
from anml_fl.cli import main
for arguments in json.loads(sys.argv[1]):
    done = CliRunner().invoke(main, arguments)
    print(done.output)
    if done.exit_code:
        sys.exit(f"{arguments}: {done.exit_code} {done.exception!r}")
"""


def sources_of(folder, packages):
    """Map what the packages' files are called to where they are."""
    return {
        path.relative_to(folder).as_posix(): path
        for package in packages
        for path in (folder / package).rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"  # what a build compiled
    }


@pytest.fixture(scope="module")
def anml(installed):
    """Call the installed command where another `server` comes first on the way."""
    program = Path(installed.command[0]).with_name("anml")
    foreign = installed.cwd / "foreign" / "server" / "__init__.py"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("raise SystemExit('the foreign one was imported')\n", encoding="utf-8")
    given = {"ANML_LEDGER_KEY": "key", "PYTHONPATH": str(foreign.parent.parent)}
    return lambda *arguments: installed.run(program, *arguments, **given).stdout


@pytest.fixture(scope="module")
def commands(installed):
    """Call several by the installed Python."""

    def call(*several):
        given = json.dumps([list(map(str, arguments)) for arguments in several])
        return installed.run("-c", COMMANDS, given, ANML_LEDGER_KEY="key").stdout

    return call


def test_wheel_holds_the_packages_and_the_presets_and_nothing_else(wheel, root, packages):
    names = zipfile.ZipFile(wheel).namelist()

    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(packages)
    shipped = {Path(n).name for n in names if n.startswith("anml_fl/presets/")}
    assert shipped == {path.name for path in (root / "presets").glob("*.toml")}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_wheel_holds_every_file_of_the_sources_as_it_is(wheel, sources, packages):
    """Data and markers such as `py.typed` with them."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        files = sources_of(sources, packages)
        assert files.keys() <= names
        assert [n for n, path in files.items() if archive.read(n) != path.read_bytes()] == []
        for preset in (sources / "presets").glob("*.toml"):
            assert archive.read(f"anml_fl/presets/{preset.name}") == preset.read_bytes()


def test_every_module_is_imported_from_the_wheel(installed, sources, packages):
    found = json.loads(installed.run("-c", WHERE, *packages).stdout.splitlines()[-1])

    modules = [name for name in sources_of(sources, packages) if name.endswith(".py")]
    places = {name.removesuffix(".py").removesuffix("/__init__") for name in modules}
    assert found.keys() == {name.replace("/", ".") for name in places}
    for path in found.values():
        assert Path(path).is_relative_to(installed.cwd / "venv"), path


def test_installed_command_is_of_this_version(anml, installed, pyproject):
    program = Path(installed.command[0]).with_name("anml")

    assert program.read_text(encoding="utf-8").startswith(f"#!{installed.command[0]}\n")
    assert "Usage" in anml("--help")
    assert pyproject["project"]["version"] in anml("--version")


def test_installed_command_runs_a_shipped_preset_to_a_page_and_a_ledger_that_holds(
    anml, commands, installed
):
    few = ("--dataset", "wine", "--contributors", "10", "--rounds", "2", "--local-epochs", "1")
    run = installed.cwd / "run"
    anml("run", "forged-credentials", *few, "--out", "run")
    # A server leaves out nodes of other code: these may meet those of a checkout.
    assert json.loads((run / "manifest.json").read_text())["code"]["server"] == code_hash()
    page = (run / "report.html").read_bytes()
    (run / "report.html").unlink()
    whole = (("ledger", "verify", "run"), ("verify", "run"))
    said = commands(("report", "run"), ("resume", "run"), *whole)
    assert "came to its end" in said
    assert (run / "report.html").read_bytes() == page


def test_installed_commands_keep_a_registry_and_reproduce_a_table(commands, installed):
    ada = ("--key", "ada.key.pub", "--id", "ada", "--name", "Ada", "--domain", "news")
    database, out = ("--database", "registry.db"), ("--out", "studies")
    said = commands(
        ("registry", "key", "ada.key"),
        ("registry", "add", "contributor", *ada, *database),
        ("registry", "list", "contributors", "--json", *database),
        ("study", "list"),
        ("study", "run", "table-9", "--profile", "quick", "--jobs", "1", *out),
        ("study", "report", "--results", "studies", "--to", "studies"),
    )
    assert '"name": "Ada"' in said
    assert "table-18" in said
    reproduced = (installed.cwd / "studies" / "reproduction.md").read_text(encoding="utf-8")
    assert "Table 9" in reproduced


def test_doctests_and_the_doctors_tests_pass_in_the_wheel(installed, sources):
    elsewhere = installed.cwd / "elsewhere"
    shutil.copytree(sources / "tests", elsewhere / "tests")
    shutil.copy2(sources / "pyproject.toml", elsewhere)  # pytest's settings

    # However busy the machine is: what hangs is the one test that does not end in 20 minutes.
    hangs = ("-o", "faulthandler_timeout=1200", "-o", "faulthandler_exit_on_timeout=true")
    outcome = installed.run(
        *("-m", "pytest", *hangs, "--rootdir", elsewhere, "-c", elsewhere / "pyproject.toml"),
        *("-p", "no:cacheprovider", "-q", "-m", "not packaging and not checkout"),
        *("--pyargs", *DOCTESTS, elsewhere / "tests" / DOCTOR),
        limit=None,
    )

    assert " passed" in outcome.stdout
    assert "skipped" not in outcome.stdout
