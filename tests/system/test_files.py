"""Files are written whole or not at all, and what is no text is told without being quoted."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.commands.failure import Failure, errors_reported
from anml_fl.system.files import (
    TextError,
    append_line,
    decoded,
    make_folder,
    read_text,
    write_whole,
    writing_whole,
)

ROW = "63.0,1.0,145.0,Zürich"


def _names(folder):
    return [path.name for path in folder.iterdir()]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.booleans())
def test_what_is_utf_8_is_read_with_or_without_a_mark(text, marked):
    content = (b"\xef\xbb\xbf" if marked else b"") + text.encode()
    # A text that begins with the mark itself loses it.
    assert decoded(content, "a") == text.removeprefix("\ufeff" if not marked else "")


@given(st.binary(max_size=60), st.binary(max_size=20), st.binary(max_size=60))
def test_a_fault_is_placed_as_a_search_for_it_says(before, line, after):
    before = bytes(byte & 0x7F for byte in before)
    line = bytes(byte & 0x7F for byte in line).replace(b"\n", b" ")
    content = b"x" + before + b"\n" + line + b"\xff" + after
    number = len((b"x" + before + b"\n").split(b"\n"))
    with pytest.raises(TextError) as caught:
        decoded(content, "a.csv")
    assert f"a.csv, line {number}, byte {len(line) + 1}: no UTF-8" in str(caught.value)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-be", "utf-32"])
def test_nothing_of_a_file_that_is_no_text_is_in_the_error(tmp_path, encoding):
    path = tmp_path / "patients.csv"
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    path.write_bytes(mark + "\n".join([ROW] * 100).encode(encoding))
    with pytest.raises(TextError, match=r"patients\.csv") as caught:
        read_text(path)
    error = caught.value
    while error is not None:
        assert "63.0" not in repr(error)
        assert "63.0" not in repr(getattr(error, "object", ""))
        error = error.__cause__ or error.__context__


def test_an_archive_under_another_name_is_said_to_be_one():
    # What a workbook, a ZIP archive, begins with: APPNOTE 4.3.7.
    with pytest.raises(TextError, match=r"is an archive, .* as Excel's workbooks are"):
        decoded(bytes.fromhex("504b0304") + b"\xff" * 20, "a.csv")


def test_a_disk_without_room_leaves_the_old_file_and_names_it(tmp_path):
    path = tmp_path / "whole"
    path.write_bytes(b"old")
    code = f"""
import resource
from pathlib import Path
from anml_fl.commands.failure import errors_reported
from anml_fl.system.files import write_whole
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with errors_reported():
    write_whole(Path({str(path)!r}), bytes(5000))
"""
    # Python would keep what it compiles under this limit, cut off.
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"Failure: {path}: File too large" in done.stderr
    assert path.read_bytes() == b"old"
    assert _names(tmp_path) == ["whole"]


def test_of_many_writers_one_makes_the_file_and_readers_see_it_whole(tmp_path):
    path, start = tmp_path / "key", threading.Barrier(8)
    outcomes = []

    def write(number):
        start.wait()
        try:
            write_whole(path, str(number).encode() * 50_000, mode=0o600, new=True)
        except FileExistsError:
            # Whoever is refused finds all of it.
            outcomes.append(len(path.read_bytes()))
        else:
            outcomes.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [one for one in outcomes if one < 8]
    assert sorted(outcomes) == sorted([winner, *[50_000] * 7])
    assert path.read_bytes() == str(winner).encode() * 50_000
    assert path.stat().st_mode & 0o777 == 0o600
    assert _names(tmp_path) == ["key"]


def test_of_many_writers_the_last_one_stands_and_nothing_is_mixed(tmp_path):
    path = tmp_path / "page"

    def write(number):
        for _ in range(20):
            write_whole(path, str(number).encode() * 10_000)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if path.exists():
            content = path.read_bytes()
            assert len(content) == 10_000
            assert len(set(content)) == 1
    assert _names(tmp_path) == ["page"]


def test_permissions_stay_and_a_link_stays_one(tmp_path):
    kept, link = tmp_path / "kept", tmp_path / "link"
    kept.write_bytes(b"")
    kept.chmod(0o640)
    link.symlink_to(kept)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert kept.read_bytes() == b"new"
    assert kept.stat().st_mode & 0o777 == 0o640


def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"rows")
    reader.join(60)
    assert read == [b"rows"]
    assert pipe.is_fifo()
    assert [one.name for one in tmp_path.iterdir()] == ["pipe"]


def test_what_is_left_of_a_killed_writer_is_written_over_and_a_trap_is_not(tmp_path):
    path, partial = tmp_path / "a", tmp_path / "a.partial"
    partial.write_bytes(b"left behind, and longer")
    write_whole(path, b"whole")
    assert path.read_bytes() == b"whole"
    victim = tmp_path / "victim"
    victim.write_bytes(b"somebody's")
    partial.symlink_to(victim)
    with pytest.raises(OSError, match="a'"):
        write_whole(path, b"again")
    assert victim.read_bytes() == b"somebody's"


def test_a_block_that_fails_leaves_nothing(tmp_path):
    def write():
        with writing_whole(tmp_path / "a") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert _names(tmp_path) == []


def test_an_error_of_the_system_is_told_as_file_and_cause(tmp_path):
    said = f"^{tmp_path}/no/a: No such file or directory$"
    with pytest.raises(Failure, match=said), errors_reported():
        write_whole(tmp_path / "no" / "a", b"")


@pytest.mark.parametrize("room", [0, 7, 1000, 1024])
def test_a_line_for_which_there_is_no_room_is_not_begun(tmp_path, room):
    path = tmp_path / "lines"
    append_line(path, "one")
    before = path.read_bytes()
    code = f"""
import resource
from pathlib import Path
from anml_fl.commands.failure import errors_reported
from anml_fl.system.files import append_line
resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + room},) * 2)
with errors_reported():
    append_line(Path({str(path)!r}), "x" * 1024)
"""
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"Failure: {path}: File too large" in done.stderr
    assert path.read_bytes() == before
    append_line(path, "Zürich")
    assert path.read_bytes() == b"one\nZ\xc3\xbcrich\n"


def test_folders_are_made_down_to_the_last_which_alone_has_the_mode(tmp_path):
    make_folder(tmp_path / "a" / "b" / "c", 0o700)
    make_folder(tmp_path / "a" / "b" / "c", 0o700)
    assert (tmp_path / "a" / "b" / "c").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 != 0o700
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError, match="file'"):
        make_folder(tmp_path / "file")
