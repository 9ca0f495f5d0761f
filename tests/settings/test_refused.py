"""What no settings can be read from: the refusal says what is wrong, all of it at once."""

from __future__ import annotations

import pytest

from anml_fl.settings.reading import from_flat, from_toml
from anml_fl.settings.section import ConfigError


@pytest.mark.parametrize("name", ["a", "9", "A.b_c-d", "x" * 64])
def test_name_that_can_be_a_folder_is_taken(name):
    assert from_flat({"name": name}).name == name


@pytest.mark.parametrize("name", [".", "..", "-a", "_a", "a/b", "a b", "x" * 65, "a\n", "é"])
def test_name_that_can_be_no_folder_is_refused(name):
    with pytest.raises(ConfigError, match=r"^name: "):
        from_flat({"name": name})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"name": "Z\udcc3\udcbcrich"},
            r"name: holds characters .*encoding lost \(LANG=C.UTF-8 keeps them\); it must"
            r" match \^\[A-Za-z0-9\].*, got 'Z\\udcc3\\udcbcrich'",
        ),
        ({"strategies": "Z\udcc3"}, r"strategies.0: holds .*keeps them\), got 'Z\\udcc3'"),
    ],
)
def test_characters_that_an_encoding_lost_are_told_in_our_words(given, told):
    with pytest.raises(ConfigError, match=told) as caught:
        from_flat(given)
    assert "raw data" not in str(caught.value)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("a,b", "names must name each of the 3 contributors, got 2"),
        ("a,b,a", "names: 'a' is there twice"),
    ],
)
def test_names_that_do_not_fit_the_contributors_are_refused(names, told):
    three = {"contributors": 3, "behaviours": "honest=3"}
    assert from_flat({**three, "names": "a, b,c"}).federation.listed_names == ("a", "b", "c")
    with pytest.raises(ConfigError, match=told):
        from_flat({**three, "names": names})


def test_all_problems_are_told_at_once_a_line_each():
    with pytest.raises(ConfigError) as caught:
        from_toml("sede = 1\n[training]\nrounds = 0\n[aggregation]\ntau_x = 1")
    lines = str(caught.value).splitlines()
    assert [line.split(";")[0].split(":")[0] for line in lines] == [
        "training.rounds",
        "unknown key 'tau_x' in [aggregation]",
        "unknown key 'sede'",
    ]


def test_text_that_is_no_toml_is_refused():
    with pytest.raises(ConfigError, match=r"not valid TOML: .*line 1"):
        from_toml("rounds: 3\n")


@pytest.mark.parametrize("overrides", [{}, {"rounds": 5}])
@pytest.mark.parametrize("given_as", ["training = 3", "[[training]]"])
def test_section_that_is_no_table_is_refused(given_as, overrides):
    with pytest.raises(ConfigError, match="training"):
        from_toml(given_as, overrides)
