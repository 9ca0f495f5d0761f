"""Nothing but a regular file is opened: a pipe waits for ever, a device never ends."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from anml_fl.datasets.table import TableError
from anml_fl.tables.reading.regular import naming
from anml_fl.tables.reading.source import read_columns
from anml_fl.tables.schema_file import read_schema

TEXT = "age,sick\n63,1\n"


@pytest.fixture(params=[lambda path: read_columns(str(path)), read_schema])
def read(request):
    return request.param


def test_a_pipe_a_device_and_a_socket_are_refused(read, tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "a.csv")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("s")
        for path, what in (
            (tmp_path / "a.csv", "a named pipe"),
            (Path("/dev/zero"), "a device"),
            (tmp_path / "s", "a socket"),
        ):
            with pytest.raises(TableError, match=f"{path}: is {what}, and no file"):
                read(path)


def test_links_that_lead_nowhere_are_refused(read, tmp_path):
    (tmp_path / "gone").symlink_to("nothing")
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for name in ("gone", "a"):
        with pytest.raises(TableError, match=f"{name}: is a link that leads nowhere"):
            read(tmp_path / name)


def folder_with(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "north.csv").write_text(TEXT)
    (tmp_path / "away.csv").write_text(TEXT)
    return folder


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("..", "leads out of"),
        (".", "leads out of"),
        ("../away.csv", "leads out of"),
        ("/", "leads out of"),
        ("nothing", "leads nowhere"),
    ],
)
def test_no_link_in_a_folder_leads_out_of_it(tmp_path, target, message):
    folder = folder_with(tmp_path, "sites")
    (folder / "south.csv").symlink_to(target)
    with pytest.raises(TableError, match=f"south.csv: is a link that {message}"):
        read_columns(str(folder))


def test_a_link_within_a_folder_and_one_to_it_are_followed(tmp_path):
    folder = folder_with(tmp_path, "sites")
    (folder / "south.csv").symlink_to("north.csv")
    (tmp_path / "link").symlink_to("sites")
    found = read_columns(str(tmp_path / "link"))
    assert found.table["site"].to_pylist() == ["north", "south"]


def test_a_pipe_in_a_folder_is_refused_also_among_pictures(tmp_path):
    folder = folder_with(tmp_path, "sites")
    os.mkfifo(folder / "south.csv")
    pictures = tmp_path / "pictures"
    (pictures / "sick").mkdir(parents=True)
    os.mkfifo(pictures / "sick" / "a.png")
    for one in (folder, pictures):
        with pytest.raises(TableError, match="is a named pipe, and no file"):
            read_columns(str(one))


def test_an_error_of_the_system_names_the_file(tmp_path):
    path = tmp_path / "a.csv"
    with (
        pytest.raises(TableError, match=r"a\.csv: cannot be read: Input/output error"),
        naming(path),
    ):
        raise OSError(5, "Input/output error")
