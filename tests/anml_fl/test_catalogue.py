"""Open tables: names of files, of entry points, and of whoever's own."""

from __future__ import annotations

import sys

import pytest

from anml_fl import plugins
from anml_fl.catalogue import Catalogue, UnknownNameError, UnusableError, is_own, shown_kind

TABLES = [value for value in vars(plugins).values() if isinstance(value, Catalogue)]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A package `zoo` of three files, and a package that adds to it by entry points."""
    (tmp_path / "zoo").mkdir()
    for name in ("cat", "dog", "_shared"):
        (tmp_path / "zoo" / f"{name}.py").write_text(f"{name} = {name!r}\n")
    (tmp_path / "zoo" / "__init__.py").touch()
    (tmp_path / "farm.py").write_text("class Barn:\n    cow = 'moo'\n\nloud = 'LOUD'\n")
    about = tmp_path / "farm-2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: farm\nVersion: 2\n")
    (about / "entry_points.txt").write_text(
        "[zoo.animals]\ncow = farm:Barn.cow\ncat = farm:loud\na,b = farm:loud\n"
        "a:b = farm:loud\n../cat = farm:loud\ngone = nowhere:cow\nlost = farm:cow\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    before = {*sys.modules}
    yield tmp_path
    for name in {*sys.modules} - before:
        if name.partition(".")[0] in ("zoo", "farm", "broken", "own"):
            del sys.modules[name]


@pytest.fixture
def animals(place):
    return Catalogue("animal", "zoo", "zoo.animals", first=("dog", "unicorn"))


def test_names_are_the_packages_files_and_entry_points_in_order(animals):
    assert animals.names == ("dog", "cat", "cow", "gone", "lost")
    assert not {"zoo.cat", "zoo.dog", "farm"} & {*sys.modules}


@pytest.mark.parametrize(
    ("name", "value"), [("dog", "dog"), ("cow", "moo"), ("farm:loud", "LOUD")]
)
def test_a_name_stands_for_an_object(animals, name, value):
    assert animals.check(name) == name
    assert animals.load(name) == value


def test_no_other_package_takes_a_shipped_name_over(animals):
    assert animals.load("cat") == "cat"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "Cat",
            "_shared",
            "cat ",
            "unicorn",
            "zoo.cat",
            ":",
            "a:",
            ":b",
            "a:b:c",
            "a.:b",
        ),
        *("../a:b", "a/b:c", "a:b.c", "1a:b", "a:b\n", "a b:c", "ä:b"),
    ],
)
def test_any_other_name_is_unknown_with_the_known_ones(animals, name):
    for ask in (animals.check, animals.load):
        with pytest.raises(UnknownNameError) as caught:
            ask(name)
        known = "dog, cat, cow, gone, lost"
        said = str(caught.value)
        assert said.startswith(f"unknown animal {name!r}; ")
        assert f"known: {known}" in said
        # What comes near is meant; all else may be somebody's own.
        assert ("did you mean cat?" in said) == ("cat" in name.lower())
        assert ("MODULE:OBJECT" in said) != ("did you mean" in said)
    assert not is_own(name)


def test_a_name_that_is_too_long_is_called_so_and_not_unknown(animals):
    with pytest.raises(UnknownNameError, match=r"must have at most 100 letters, got 102$"):
        animals.check(f"a:{'b' * 100}")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone", "animal 'gone': no module is called nowhere: is it in the folder where"),
        ("lost", "animal 'lost': module farm has no cow"),
        ("farm:cow", "animal 'farm:cow': module farm has no cow"),
        ("farm.barn:cow", "animal 'farm.barn:cow': no module is called farm.barn"),
        ("no.where:cow", "animal 'no.where:cow': no module is called no:"),
        ("barn.py:cow", "animal 'barn.py:cow': a module is named without .py: barn:cow"),
        ("farm.py:cow", "animal 'farm.py:cow': a module is named without .py: farm:cow"),
    ],
)
def test_what_is_not_there_is_said(animals, name, said):
    assert animals.check(name) == name
    with pytest.raises(UnknownNameError) as caught:
        animals.load(name)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import math\nmath.nothing\n", "AttributeError: module 'math' has no attribute"),
        ("cow = (\n", "SyntaxError: '(' was never closed"),
        ("raise KeyError('x')\n", "KeyError: 'x'"),
    ],
)
def test_a_module_that_fails_is_no_module_without_the_object(animals, place, text, said):
    (place / "broken.py").write_text(text)
    with pytest.raises(UnusableError) as caught:
        animals.load("broken:cow")
    assert f"animal 'broken:cow': importing broken failed: {said}" in str(caught.value)


def test_checking_imports_nothing(animals, place):
    (place / "own.py").write_text("raise SystemExit\n")
    assert animals.check("own:thing") == "own:thing"
    assert "own" not in sys.modules


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_every_shipped_entry_holds_an_object_of_its_name(table):
    assert len(table.names) >= 2
    assert [name for name in table._first if name not in table.names] == []
    for name in table.names:
        assert table.load(name) is not None


def test_a_kind_is_shown_and_never_a_value():
    assert shown_kind("secret") == "str"
    assert shown_kind(dict) == "the class dict"
