"""`.env` as docker compose reads it, against podman-compose's own reader, python-dotenv."""

from __future__ import annotations

import io

import dotenv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.settings.section import ConfigError
from server.deployment.dotenv import lines, with_values
from server.deployment.environment_file import write_environment
from server.deployment.prepare import prepare

VALUES = st.text(st.characters(exclude_characters="\\\n\r\0", exclude_categories=["Cs"]))


def read(text, **environment):
    return {line.name: line.value for line in lines(text, environment) if line.name}


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_whatever_is_written_is_read_again_by_both(values):
    named = {f"N{i}": value for i, value in enumerate(values)}
    text = with_values([], named)
    assert read(text) == named
    assert dict(dotenv.dotenv_values(stream=io.StringIO(text))) == named


@pytest.mark.parametrize("value", ["a\\b", "a\nb", "a\rb"])
def test_what_the_two_would_read_differently_is_refused(value):
    with pytest.raises(ConfigError, match=r"NAME in \.env cannot be"):
        with_values([], {"NAME": value})


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("A = b ", "b"),
        ("export A=b", "b"),
        ("A=b # said", "b"),
        ("A=b#c", "b#c"),
        ("A=", ""),
        ("A=''", ""),
        ("A='my run' # said", "my run"),
        ("A='$HOME # it\\'s'", "$HOME # it's"),
        ('A="my run"', "my run"),
        ('A="a\\nb\\"c"', 'a\nb"c'),
        ("A='two\nlines'", "two\nlines"),
        ("A=one\nA=two", "two"),
        ("# A=no\n\nA=b", "b"),
        ("A=Zürich", "Zürich"),
        ("B=x\nA=${B}/y", "x/y"),
        ("A=${NONE:-z}", "z"),
    ],
)
def test_each_form_is_read_as_the_other_reader_does(line, value, monkeypatch):
    monkeypatch.delenv("NONE", raising=False)
    for text in (line, line + "\n", (line + "\n").replace("\n", "\r\n")):
        assert read(text)["A"] == value
        if "\r" not in text or "'two" not in text:  # it keeps the mark of Windows inside
            assert dotenv.dotenv_values(stream=io.StringIO(text))["A"] == value


def test_variables_stand_for_values_as_composes_documentation_has_it():
    # https://docs.docker.com/reference/compose-file/interpolation
    text = "A=$B ${B} $$B ${C} ${C-d} ${B:-d} ${E-d} ${E:-d}\n"
    assert read(text, B="b", E="")["A"] == "b b $B  d b  d"
    assert read('A="$B"', B="b")["A"] == "b"
    assert read("A='$B'", B="b")["A"] == "$B"


def test_comments_order_and_lines_that_are_not_ours_stay():
    text = "# mine\nexport X='1'   # said\nA=old\nY=${X}\n\nthis is no variable\nA=older\n"
    assert with_values(lines(text, {}), {"A": "new one", "X": "1", "Z": "z"}) == (
        "# mine\nexport X='1'   # said\nY=${X}\n\nthis is no variable\nA='new one'\nZ=z\n"
    )


@pytest.mark.parametrize("name", ["my runs", "it's #1 $HOME", "Zürich 100%"])
def test_folders_of_any_name_survive_the_file_twice(tmp_path, name):
    home = tmp_path / name
    home.mkdir()
    state, config = prepare(home / "federation", None, {}, nodes=2)
    path = write_environment(state, state.nodes(config), home)
    first = path.read_bytes()
    path.write_bytes(b"\xef\xbb\xbf" + first.replace(b"\n", b"\r\n"))
    write_environment(state, state.nodes(config), home)

    assert path.read_bytes() == first
    found = dotenv.dotenv_values(path)
    assert found["ANML_STATE"] == str(home / "federation")
    assert found["COMPOSE_PROFILES"] == "node-0,node-1"


def test_results_go_where_a_variable_leads(tmp_path, monkeypatch):
    monkeypatch.setenv("PLACE", str(tmp_path / "elsewhere"))
    state, config = prepare(tmp_path / "federation", None, {}, nodes=1)
    path = write_environment(state, state.nodes(config), tmp_path)
    kept = 'ANML_RUNS="${PLACE}/my runs" # on the large disk\n'
    path.write_text(path.read_text().replace("ANML_RUNS=./runs\n", kept), encoding="utf-8")
    write_environment(state, state.nodes(config), tmp_path)
    assert (tmp_path / "elsewhere" / "my runs").is_dir()
    assert kept in path.read_text()


def test_a_folder_that_compose_could_not_mount_is_refused(tmp_path):
    state, config = prepare(tmp_path / "a:b", None, {}, nodes=1)
    with pytest.raises(ConfigError, match="takes the colon for the end of the name"):
        write_environment(state, state.nodes(config), tmp_path)
    assert not (tmp_path / ".env").exists()
