"""The owner's secret: made for one account alone, unused once others may have seen it."""

from __future__ import annotations

import os
import stat

import pytest

from anml_fl.authorisation.secret import make_secret, read_secret


@pytest.fixture
def path(tmp_path):
    return tmp_path / "owner.secret"


def test_one_is_made_for_its_owner_alone_and_never_over_another(path):
    before = os.umask(0)
    try:
        make_secret(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = read_secret(path)
    assert len(made) == 43
    with pytest.raises(FileExistsError):
        make_secret(path)
    assert read_secret(path) == made


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604, 0o601])
def test_one_that_others_may_read_is_not_used(path, mode):
    make_secret(path)
    path.chmod(mode)
    with pytest.raises(
        ValueError, match=rf"owner\.secret has mode {mode:04o}: others may read"
    ):
        read_secret(path)


@pytest.mark.parametrize(
    "text", ["", "short", "ä" * 40, "a b" * 20, "x" * 513, "a" * 40 + "\nb"]
)
def test_what_is_no_secret_is_refused_and_not_quoted(path, text):
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="must hold 32 or more letters") as refused:
        read_secret(path)
    assert not text or text not in str(refused.value).replace(str(path), "")


def test_a_missing_one_is_named(path):
    with pytest.raises(FileNotFoundError, match=r"owner\.secret"):
        read_secret(path)


def test_what_docker_makes_of_a_missing_one_is_told(path):
    path.mkdir()
    with pytest.raises(ValueError, match=r"owner\.secret is no file \(docker makes a folder"):
        read_secret(path)
