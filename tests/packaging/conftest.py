"""What is shipped, made once a session: a clean copy of the sources, the wheel, the bundle."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("anml_fl", "strategies", "server", "clients", "studies")


@dataclass(frozen=True)
class Outside:
    """A Python that sees the dependencies of this environment, but not the work tree."""

    command: tuple[str, ...]
    cwd: Path

    def run(
        self, *args: str | Path, limit: float | None = 3600.0, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return run([*self.command, *args], self.cwd, limit=limit, **environment)


def run(
    command: list[str | Path], cwd: Path, *, limit: float | None = 3600.0, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command far from the work tree; fail with all that it printed.

    The limit in seconds is there for what hangs, not for what is slow on a busy machine.
    """
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST"))}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**ours, "FLWR_HOME": str(cwd / ".flwr"), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=limit,
    )
    if done.returncode:
        pytest.fail(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


@pytest.fixture(scope="session")
def packages() -> tuple[str, ...]:
    return PACKAGES


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git holds or would hold, in a folder name that Flower accepts."""
    listed = run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], ROOT
    ).stdout
    copy = tmp_path_factory.mktemp("sources") / "anml-fl"
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="session")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder]
    run([*command, sources], folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """A new virtual environment with the wheel, and the dependencies of this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"]
    run([*pip, "--no-index", wheel], folder)
    # Only now the dependencies, else pip would see our editable install and touch it. A .pth
    # names a folder and doesn't read the .pth files in it: the editable install stays outside.
    site = run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder
    )
    pth = Path(site.stdout.strip()) / "dependencies.pth"
    pth.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return Outside((str(python),), folder)


@pytest.fixture(scope="session")
def bundle(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that `flwr build` makes, and `flwr run` would send to the nodes."""
    folder = tmp_path_factory.mktemp("bundle")
    run([Path(sys.executable).with_name("flwr"), "build", "--app", sources], folder)
    (built,) = folder.glob("*.fab")
    return built


@pytest.fixture(scope="session")
def unpacked(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """A Python whose path has the unpacked bundle and the dependencies, nothing of ours."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder / "app")
    # -S reads no .pth file, so no editable install; -I neither the cwd nor the environment.
    start = (
        f"import sys; sys.path.insert(0, {str(folder / 'app')!r});"
        f"sys.path.append({sysconfig.get_path('purelib')!r}); exec(sys.argv[1])"
    )
    return Outside((sys.executable, "-I", "-S", "-c", start), folder)
