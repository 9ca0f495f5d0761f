"""Where temporary runs are kept."""

from __future__ import annotations

import shutil
from collections import namedtuple

import pytest

from studies.federations.throwaway import throwaway_folder

Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def nobody_chose(monkeypatch):
    monkeypatch.delenv("TMPDIR", raising=False)


def test_a_run_is_kept_in_memory_where_there_is_a_gibibyte(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(9, 9, 1 << 30))
    assert throwaway_folder(tmp_path) == str(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(9, 9, (1 << 30) - 1))
    assert throwaway_folder(tmp_path) is None


def test_a_place_that_somebody_chose_is_kept_to(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert throwaway_folder(tmp_path) is None


def test_without_such_a_place_it_is_the_systems(tmp_path):
    assert throwaway_folder(tmp_path / "none") is None
    (tmp_path / "file").write_text("")
    assert throwaway_folder(tmp_path / "file") is None
