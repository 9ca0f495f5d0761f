"""A finished run whose settings or summary were edited: each edit is found."""

from __future__ import annotations

import pytest

EDITS = {
    # Settings.
    "tau": (
        lambda run: run.text("config.toml", b"tau_h = ", b"tau_h = 1"),
        "config.toml was altered",
    ),
    "pool": (
        lambda run: run.text("config.toml", b"pool = 1", b"pool = 2"),
        "config.toml was altered",
    ),
    "a comment": (
        lambda run: run.whole("config.toml", lambda c: c + b"# fine\n"),
        "config.toml was altered",
    ),
    "settings' line ends": (
        lambda run: run.whole("config.toml", lambda c: c.replace(b"\n", b"\r\n")),
        "config.toml: its line ends",
    ),
    "settings' mark": (
        lambda run: run.whole("config.toml", lambda c: b"\xef\xbb\xbf" + c),
        "config.toml: a byte order mark",
    ),
    "settings removed": (lambda run: run.removed("config.toml"), "config.toml is missing"),
    # The summary.
    "a contributor more": (
        lambda run: run.summary(lambda s: s["contributors"].update(me="honest")),
        "summary.json: contributors has",
    ),
    "a contributor less": (
        lambda run: run.summary(lambda s: s["contributors"].pop("contributor-0003")),
        "summary.json: contributors.contributor-0003 is missing",
    ),
    "summary's error": (
        lambda run: run.summary(lambda s: s["strategies"]["fedavg"].update(test_error=0.0)),
        "summary.json: strategies.fedavg.test_error is 0.0",
    ),
    "attackers' weight": (
        lambda run: run.summary(lambda s: s["strategies"]["anml"].update(attacker_weight=0.0)),
        "summary.json: strategies.anml.attacker_weight is 0.0",
    ),
    "excluded": (
        lambda run: run.summary(lambda s: s["strategies"]["anml"].update(excluded=3)),
        "summary.json: strategies.anml.excluded is 3",
    ),
    "branches": (
        lambda run: run.summary(lambda s: s["strategies"]["anml"]["branches"].update(krum=9)),
        "summary.json: strategies.anml.branches.krum is 9",
    ),
    "a strategy more": (
        lambda run: run.summary(
            lambda s: s["strategies"].update(krum=s["strategies"]["anml"])
        ),
        "summary.json: strategies has 'krum'",
    ),
    "data set": (
        lambda run: run.summary(lambda s: s.update(dataset="digits")),
        "summary.json: dataset is",
    ),
    "summary's seed": (
        lambda run: run.summary(lambda s: s.update(seed=0.0)),
        "summary.json: seed is 0.0",
    ),
    "holdings": (
        lambda run: run.summary(
            lambda s: s.update(holdings={"contributor-0000": {"samples": 9, "errors": {}}})
        ),
        "summary.json was altered",
    ),
    "a field more in the summary": (
        lambda run: run.summary(lambda s: s.update(by="me")),
        "summary.json was",
    ),
    "seconds": (
        lambda run: run.summary(lambda s: s.update(seconds=0.001)),
        "summary.json: seconds is 0.001",
    ),
    "a strategy's seconds": (
        lambda run: run.summary(lambda s: s["strategies"]["anml"].update(seconds=0.001)),
        "summary.json: strategies.anml.seconds is 0.001",
    ),
    "seconds that nothing tells of": (
        lambda run: (
            run.summary(lambda s: s.update(seconds=99999.0)),
            run.removed("anml/timings.jsonl"),
        ),
        "anml/timings.jsonl is missing",
    ),
    "a line more of seconds": (
        lambda run: run.whole("anml/timings.jsonl", lambda c: c + b'{"round": 4}\n'),
        "anml/timings.jsonl has 4 whole lines, but there are 3 rounds",
    ),
    "part of a line of seconds": (
        lambda run: run.whole("anml/timings.jsonl", lambda c: c + b'{"rou'),
        "anml/timings.jsonl has 3 whole lines and part of one",
    ),
    "seconds of another round": (
        lambda run: run.text("anml/timings.jsonl", b'"round": 2', b'"round": 3'),
        "anml/timings.jsonl, line 2: it must say the round, 2, and its seconds",
    ),
    "seconds that are none": (
        lambda run: run.text("anml/timings.jsonl", b'"seconds": ', b'"hours": '),
        "anml/timings.jsonl, line 1: it must say the round, 1, and its seconds",
    ),
    "a name twice in the summary": (
        lambda run: run.text("summary.json", b'"seed": 0', b'"seed": 1,\n  "seed": 0'),
        "summary.json: 'seed' sta",
    ),
    "a blank in the summary": (
        lambda run: run.text("summary.json", b'"seed":', b'"seed":  '),
        "summary.json was",
    ),
    "summary removed": (lambda run: run.removed("summary.json"), "summary.json is missing"),
    "summary is a list": (
        lambda run: run.whole("summary.json", lambda c: b"[]"),
        "summary.json: ",
    ),
}
OLDER = [
    "tau",
    "pool",
    "summary's error",
    "attackers' weight",
    "excluded",
    "a strategy more",
    "summary removed",
]


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_found_and_its_place_named(run, found, edit):
    found(run, *EDITS[edit])


@pytest.mark.parametrize("edit", OLDER)
def test_what_an_older_ledger_or_its_settings_tell_is_checked(older, found, edit):
    change, place = EDITS[edit]
    found(older, change, place.split(":")[0].split(" was")[0])
