"""No contributor's name leads out of the folder, or to another's file."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from anml_fl.statement.file_name import file_name


@given(st.text(st.characters()))
def test_any_name_gives_a_plain_one(name):
    assert re.fullmatch(r"statement-[a-z0-9._~-]{0,64}", file_name(name))
    assert file_name(name)[len("statement-") :][:1] != "."


@given(st.text(st.characters()), st.text(st.characters()))
def test_two_names_never_have_the_same_file(one, other):
    assert (file_name(one) == file_name(other)) == (one == other)


def test_nobody_can_choose_a_name_that_gives_anothers_file():
    hostile = "../ann"
    taken = file_name(hostile).removeprefix("statement-")
    assert file_name(taken) != file_name(hostile)
    # One of them is the Kelvin sign, a k when it is small; and disks may take A for a.
    names = ("kim", "Kim", "KIM", "\u212aim", "kim ", "kim\0", ".kim")
    assert len({file_name(name).lower() for name in names}) == len(names)


def test_names_as_runs_have_them_are_kept():
    assert file_name("contributor-0001") == "statement-contributor-0001"
    assert file_name("key-e3b0c44298fc1c14") == "statement-key-e3b0c44298fc1c14"
