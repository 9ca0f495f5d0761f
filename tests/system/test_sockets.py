"""Unix sockets get paths that the kernel takes."""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path

import pytest

from anml_fl.settings.run import RunConfig
from anml_fl.system.sockets import LONGEST, moved, temporary
from server.engines.simulation import RAYS_SOCKETS, run_simulation


def test_the_limit_is_the_systems_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as one, pytest.raises(OSError, match="too long"):
        one.bind("x" * (LONGEST + 1))
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("x" * LONGEST)


@pytest.mark.parametrize("room", [20, RAYS_SOCKETS])
def test_a_socket_can_be_made_where_temporary_files_have_long_paths(
    tmp_path, monkeypatch, room
):
    long = tmp_path / ("slurm_jobdir_" * 7)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with temporary(room) as folder, socket.socket(socket.AF_UNIX) as one:
        assert Path(folder).stat().st_mode & 0o777 == 0o700
        one.bind(f"{folder}/{'s' * room}")
    assert not Path(folder).exists()
    assert moved(room).startswith("note: TMPDIR is too long for Unix sockets, so they lie in ")


def test_a_short_folder_for_temporary_files_is_used(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")  # noqa: S108 - a path, as TMPDIR has it
    with temporary(RAYS_SOCKETS) as folder:
        assert folder.startswith("/tmp/anml-")  # noqa: S108 - as above
    assert moved(RAYS_SOCKETS) == ""


def test_where_there_is_no_folder_it_is_said_what_to_set(monkeypatch):
    monkeypatch.setattr("anml_fl.system.sockets._ELSEWHERE", ("/proc/self/none",))
    monkeypatch.setattr(tempfile, "tempdir", "/" + "x" * 90)
    with pytest.raises(OSError, match=r"too long \(91 bytes, at most 72\).*Let TMPDIR name"):
        temporary(20)


def test_a_folder_of_rays_own_that_is_too_long_is_named_before_anything_starts(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("RAY_TMPDIR", "/" + "x" * 60)
    with pytest.raises(RuntimeError, match="at most 37 bytes, got /xxx"):
        run_simulation(RunConfig(engine="simulation"), tmp_path)
    assert (tmp_path / "simulation.log").read_bytes() == b""


def test_rays_longest_path_is_allowed_for():
    # As Ray makes it: RAY_TMPDIR/ray/session_DATE_TIME_MICROSECONDS_PID/sockets/plasma_store
    from ray._private import node

    names = node.__file__
    source = Path(names).read_text(encoding="utf-8")
    assert 'f"session_{date_str}_{os.getpid()}"' in source
    assert '"%Y-%m-%d_%H-%M-%S_%f"' in source
    assert "plasma_store" in source
