"""What a client's error tells the server: its kind, unless it is known to quote no data."""

from __future__ import annotations

import asyncio
import csv
import json
import sys

import numpy as np
import pytest
from flwr.app import ConfigRecord, Error, Message, RecordDict
from flwr.clientapp import ClientApp

import clients.app
from anml_fl.datasets.table import TableError
from anml_fl.settings.section import ConfigError
from anml_fl.system.files import read_text
from clients.app import app
from clients.redaction import discreet, told_instead
from server.engines.inline_grid import InlineGrid
from strategies.instruction import instruct

ROW = "63,1,Smith"


def unreadable(tmp_path):
    (tmp_path / "a.csv").write_bytes(f"{ROW}\n{ROW[:-1]}\xfc\n".encode("latin-1"))
    return tmp_path / "a.csv"


FAULTS = {
    "a cell": lambda path: float(ROW),
    "an array": lambda path: np.array([ROW], dtype=float),
    "a column": lambda path: {"age": 1}[ROW],
    "a raw read": lambda path: exec(compile(ROW, "x", "exec")),  # noqa: S102
    "its repr": lambda path: failing(repr(decoding(path))),
    "an own error without a number": lambda path: failing(ROW, OSError),
    "a table that is not the node's own": lambda path: failing(ROW, TableError),
    "json": lambda path: failing(ROW, json.JSONDecodeError, ROW, 0),
    "csv": lambda path: failing(ROW, csv.Error),
    "the system's words": lambda path: failing(5, OSError, ROW),
    "a file's name": lambda path: (path.parent / ROW).read_bytes(),
    "leaving": lambda path: sys.exit(ROW),
    "a task's end": lambda path: failing(ROW, asyncio.CancelledError),
    "a generator's end": lambda path: failing(ROW, GeneratorExit),
}


def failing(text, kind=ValueError, *more):
    raise kind(text, *more)


def decoding(path):
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return error


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_of_an_error_that_may_quote_a_row_the_server_is_told_the_kind(
    fault, tmp_path, caplog, capsys
):
    path = unreadable(tmp_path)
    other = ClientApp(mods=[discreet])

    @other.train()
    def answer(message, context):
        fault(path)

    reply = ask(other)
    assert reply.has_error()
    assert "Smith" not in reply.error.reason
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - whatever it is
        fault(path)
    assert raised.typename in reply.error.reason
    assert "is not sent" in reply.error.reason
    # And the node's log where it happened.
    assert raised.typename in caplog.text
    assert "in answer" in caplog.text
    assert "Smith" not in caplog.text + "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (read_text, "a.csv, line 2, byte 10: no UTF-8"),
        (lambda path: (path / "b").read_bytes(), "NotADirectoryError (Not a directory) in"),
        (lambda path: failing("rounds: must be 1", ConfigError), "rounds: must be 1"),
    ],
)
def test_an_error_that_quotes_no_data_is_told_as_it_is(fault, said, tmp_path):
    path = unreadable(tmp_path)
    other = ClientApp(mods=[discreet])

    @other.train()
    def answer(message, context):
        fault(path)

    assert said in ask(other).error.reason


def test_an_error_reply_of_the_apps_own_gives_its_number_alone():
    other = ClientApp(mods=[discreet])

    @other.train()
    def answer(message, context):
        return Message(Error(7, ROW), reply_to=message)

    assert (ask(other).error.code, ask(other).error.reason) == (7, "told by the app")


def test_it_stands_before_everything_in_our_own_app(monkeypatch):
    monkeypatch.setattr(clients.app, "_read", lambda settings: failing(ROW))
    reply = ask(app)
    assert reply.has_error()
    assert "Smith" not in reply.error.reason


def ask(which):
    grid = InlineGrid(which, [{"partition-id": 0, "num-partitions": 1}], {})
    (node,) = grid.get_node_ids()
    (one,) = instruct({node: "a"}, "train", 1, ConfigRecord({}))
    (reply,) = grid.send_and_receive([one.message])
    assert isinstance(reply, Message)
    assert isinstance(one.message.content, RecordDict)
    return reply


def test_what_fails_in_every_round_is_told_once_a_node_and_then_counted(caplog):
    words = f"patient {55}"

    def failing_again():
        raise LookupError(words)

    for number in range(100):
        for whose in ("north", "south"):
            try:
                failing_again()
            except LookupError as error:
                instead = told_instead(error, whose)
            assert "LookupError in test_redaction.py" in str(instead), number
    said = [one.message for one in caplog.records]
    assert len(said) == 6
    assert words not in caplog.text
    assert [one.partition(":")[0] for one in said] == ["north", "south"] * 3
    assert "failing_again()" in said[0]
    assert not any("failing_again()" in one for one in said[1:])
    assert [one.rpartition("; ")[2] for one in said[2:]] == [
        "10 times by now", "10 times by now", "100 times by now", "100 times by now",
    ]  # fmt: skip
