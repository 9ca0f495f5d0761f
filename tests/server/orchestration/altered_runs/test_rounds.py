"""A finished run whose rounds were edited: each edit is found, and its place named."""

from __future__ import annotations

import pytest

R, F, M = "anml/rounds.jsonl", "fedavg/rounds.jsonl", "median/rounds.jsonl"
EDITS = {
    # What a round of the strategy that pays says.
    "q": (
        lambda run: run.field("anml", 1, "q", 1.0, 1),
        f"{R}, round 1: contributor-0001: q is 1.0",
    ),
    "v": (
        lambda run: run.field("anml", 3, "v", 0.999, 2),
        f"{R}, round 3: contributor-0002: v is",
    ),
    "r": (
        lambda run: run.field("anml", 3, "r", 0.999, 3),
        f"{R}, round 3: contributor-0003: r is",
    ),
    "T": (
        lambda run: run.field("anml", 1, "T", 0.5, 4),
        f"{R}, round 1: contributor-0004: T is",
    ),
    "s": (
        lambda run: run.field("anml", 1, "s", 0.123, 0),
        f"{R}, round 1: the record was altered",
    ),
    "selected": (
        lambda run: run.record(
            "anml",
            1,
            lambda f: f["contributors"][0].update(
                selected=not f["contributors"][0]["selected"]
            ),
        ),
        f"{R}, round 1: contributor-0000: selected is",
    ),
    "reason": (
        lambda run: run.field("anml", 1, "reason", "late", 0),
        f"{R}, round 1: contributor-0000: r",
    ),
    "refused credential": (
        lambda run: run.field("anml", 1, "refused_credentials", ["no"], 0),
        f"{R}, round 1: the record",
    ),
    "name": (
        lambda run: run.field("anml", 2, "contributor", "me", 0),
        f"{R}, round 2: the contributors",
    ),
    "contributor removed": (
        lambda run: run.record("anml", 2, lambda f: f["contributors"].pop()),
        f"{R}, round 2: the contributors",
    ),
    "contributors exchanged": (
        lambda run: run.record("anml", 2, lambda f: f["contributors"].reverse()),
        f"{R}, round 2: the contributors",
    ),
    "branch": (
        lambda run: run.field("anml", 2, "branch", "uniform"),
        f"{R}, round 2: branch is 'uniform'",
    ),
    "at": (lambda run: run.field("anml", 2, "at", 1.5), f"{R}, round 2: at is 1.5"),
    "rho": (
        lambda run: run.field("anml", 3, "rho_c", 0.99),
        f"{R}, round 3: the record was altered",
    ),
    "min s": (
        lambda run: run.field("anml", 3, "min_s", None),
        f"{R}, round 3: the record was altered",
    ),
    "note": (
        lambda run: run.field("anml", 1, "note", "all went well"),
        f"{R}, round 1: the record",
    ),
    "refused": (
        lambda run: run.field("anml", 1, "refused", ["x"]),
        f"{R}, round 1: the record",
    ),
    "bytes": (
        lambda run: run.field("anml", 1, "bytes_received", 1),
        f"{R}, round 1: the record",
    ),
    "strategy's name": (
        lambda run: run.field("anml", 1, "strategy", "krum"),
        f"{R}, round 1: strategy",
    ),
    "number of a round": (
        lambda run: run.field("anml", 2, "round", 1),
        f"{R}, round 2: round is 1",
    ),
    "a field more": (
        lambda run: run.field("anml", 1, "bonus", 1),
        f"{R}, round 1: not a round record",
    ),
    "a field less": (
        lambda run: run.record("anml", 1, lambda f: f.pop("note")),
        f"{R}, round 1: the record",
    ),
    "a contributor's field more": (
        lambda run: run.field("anml", 1, "bonus", 1, 0),
        f"{R}, round 1: not a round record",
    ),
    # Its spelling.
    "a blank": (
        lambda run: run.text(R, b'"at":', b'"at": '),
        f"{R}, round 1: the record was altered",
    ),
    "a number's spelling": (
        lambda run: run.text(R, b'"at":0.0', b'"at":0'),
        f"{R}, round 1: the record",
    ),
    "minus zero": (
        lambda run: run.text(R, b'"at":0.0', b'"at":-0.0'),
        f"{R}, round 1: the record",
    ),
    "NaN": (
        lambda run: run.text(R, b'"at":0.0', b'"at":NaN'),
        f"{R}, round 1: NaN is no JSON",
    ),
    "a text for a number": (
        lambda run: run.text(R, b'"at":0.0', b'"at":"0.0"'),
        f"{R}, round 1: at is '0.0'",
    ),
    "a name twice": (
        lambda run: run.text(R, b'"at":0.0', b'"at":9.5,"at":0.0'),
        f"{R}, round 1: 'at' stands",
    ),
    "nested deeply": (
        lambda run: run.text(R, b'"at":0.0', b'"at":' + b"[" * 99_999),
        f"{R}, round 1: it is nested",
    ),
    "no UTF-8": (lambda run: run.text(R, b'"blend"', b'"bl\xffnd"'), f"{R}, round "),
    "CR LF": (
        lambda run: run.whole(R, lambda c: c.replace(b"\n", b"\r\n")),
        f"{R}, round 1: the line is ended by CR",
    ),
    "mark": (
        lambda run: run.whole(R, lambda c: b"\xef\xbb\xbf" + c),
        f"{R}, round 1: the line is behind a byte",
    ),
    "an empty line": (
        lambda run: run.whole(R, lambda c: c + b"\n"),
        f"{R} goes on after round 3",
    ),
    "no last newline": (
        lambda run: run.whole(R, lambda c: c[:-1]),
        f"{R}, line 3: it has no newline",
    ),
    "emptied": (
        lambda run: run.whole(R, lambda c: b""),
        f"{R} ends after round 0, but 3 were settled",
    ),
    # Rounds.
    "last round removed": (
        lambda run: run.lines("anml", lambda k: k[:-1]),
        f"{R} ends after round 2",
    ),
    "first round removed": (
        lambda run: run.lines("anml", lambda k: k[1:]),
        f"{R}, round 1: round is 2",
    ),
    "round repeated": (
        lambda run: run.lines("anml", lambda k: [*k, k[-1]]),
        f"{R} goes on after round 3",
    ),
    "rounds exchanged": (
        lambda run: run.lines("anml", lambda k: [k[1], k[0], k[2]]),
        f"{R}, round 1: ",
    ),
    "rounds of another strategy": (lambda run: run.swap(R, F), f"{R}, round 1: "),
    "rounds removed": (lambda run: run.removed(R), f"{R} is missing"),
    # Strategies that pay nobody.
    "fedavg's weight": (
        lambda run: run.field("fedavg", 1, "weight", 0.0, 0),
        f"{F} was altered",
    ),
    "median's error": (
        lambda run: run.field("median", 3, "test_error", 1.0),
        f"{M} was altered",
    ),
    "fedavg's line ends": (
        lambda run: run.whole(F, lambda c: c.replace(b"\n", b"\r\n")),
        f"{F}: its line ends",
    ),
    "fedavg's mark": (
        lambda run: run.whole(F, lambda c: b"\xef\xbb\xbf" + c),
        f"{F}: a byte order mark",
    ),
    "fedavg's rounds removed": (lambda run: run.removed(F), f"{F} is missing"),
}
OLDER = [
    "q",
    "v",
    "r",
    "T",
    "selected",
    "reason",
    "name",
    "contributor removed",
    "branch",
    "at",
    "number of a round",
    "NaN",
    "a name twice",
    "CR LF",
    "last round removed",
    "round repeated",
    "rounds removed",
]


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_found_and_its_place_named(run, found, edit):
    found(run, *EDITS[edit])


@pytest.mark.parametrize("edit", OLDER)
def test_what_an_older_ledger_or_its_settings_tell_is_checked(older, found, edit):
    change, place = EDITS[edit]
    found(older, change, place.split(":")[0].split(" was")[0])
