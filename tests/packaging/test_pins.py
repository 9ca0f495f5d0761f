"""The version, the lock and the project's settings agree with each other."""

import importlib.metadata
import re
from itertools import chain

import pytest
from packaging.requirements import Requirement

import anml_fl

pytestmark = pytest.mark.checkout

PIN = re.compile(r"^([a-z0-9-]+)==([^ ]+)( ; [^\\]+)? \\$", re.MULTILINE)


@pytest.fixture(scope="module")
def lock(root):
    return (root / "requirements.lock").read_text(encoding="utf-8")


def test_version_is_the_same_everywhere(pyproject):
    assert anml_fl.__version__ == pyproject["project"]["version"]
    assert importlib.metadata.version("anml-fl") == anml_fl.__version__


def test_lock_fits_every_dependency(lock, pyproject):
    """A dependency that was changed without `make lock` fails here."""
    pins = [(name, version) for name, version, _ in PIN.findall(lock)]
    wanted = [
        *pyproject["project"]["dependencies"],
        *pyproject["dependency-groups"]["dev"],
        *chain(*pyproject["project"]["optional-dependencies"].values()),
    ]

    for text in wanted:
        requirement = Requirement(text)
        versions = [version for name, version in pins if name == requirement.name]
        assert versions, f"{text}: not in the lock"
        assert all(map(requirement.specifier.contains, versions)), f"{text}: {versions}"


def test_every_pin_has_a_hash(lock):
    blocks = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(PIN.findall(lock))
    for block in blocks:
        assert "--hash=sha256:" in block, block


def test_lock_names_no_cuda_package_and_no_place(lock):
    names = [name for name, _, _ in PIN.findall(lock)]
    assert [n for n in names if n.startswith(("nvidia", "cuda", "triton"))] == []
    assert "://" not in lock
    assert not re.search(r"^-", lock, re.MULTILINE)  # no --index-url, no --find-links
