"""A finished run that was edited: what verify, report, resume, attribution and a run say."""

from __future__ import annotations

import json

import pytest

R, F = "anml/rounds.jsonl", "fedavg/rounds.jsonl"


def scaled(updates):
    updates[0] *= 2


# Some of every kind, for all commands; the files beside this one have the others.
EDITS = {
    "weight": (
        lambda run: run.field("anml", 2, "weight", 0.9, 0),
        f"{R}, round 2: contributor-0000: w",
    ),
    "test error": (
        lambda run: run.field("anml", 3, "test_error", 0.0),
        f"{R}, round 3: the record",
    ),
    "fedavg's error": (
        lambda run: run.field("fedavg", 3, "test_error", 0.0),
        f"{F} was altered",
    ),
    "a bit of a model": (
        lambda run: run.one_bit("anml/model.safetensors"),
        "anml/model.safetensors was",
    ),
    "models exchanged": (
        lambda run: run.swap("fedavg/model.safetensors", "median/model.safetensors"),
        "fedavg/model.safetensors was altered: its content is that of median/model.",
    ),
    "an update": (
        lambda run: run.update(2, scaled),
        "anml/updates/0002.safetensors was altered",
    ),
    "updates exchanged": (
        lambda run: run.swap("anml/updates/0001.safetensors", "anml/updates/0003.safetensors"),
        "anml/updates/0001.safetensors was altered: its content is that of round 3",
    ),
    "seed": (
        lambda run: run.text("config.toml", b"seed = 0", b"seed = 1"),
        "config.toml was altered",
    ),
    "a role": (
        lambda run: run.summary(
            lambda s: s["contributors"].update({"contributor-0000": "joint"})
        ),
        "summary.json: contributors.contributor-0000 is 'joint'",
    ),
    "a payout": (
        lambda run: run.text("ledger.jsonl", b'"payout":', b'"payout":1'),
        "ledger.jsonl: bad: entry 1",
    ),
}
OLDER = ["weight", "a bit of a model", "seed", "a role", "a payout"]


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_found_and_its_place_named(run, found, edit):
    found(run, *EDITS[edit])


@pytest.mark.parametrize("edit", OLDER)
def test_what_an_older_ledger_or_its_settings_tell_is_checked(older, found, edit):
    change, place = EDITS[edit]
    found(older, change, place.split(":")[0].split(" was")[0])


FEW = (
    "weight",
    "fedavg's error",
    "a role",
    "seed",
    "models exchanged",
    "an update",
    "a payout",
)


@pytest.mark.parametrize("edit", FEW)
def test_the_report_of_an_altered_run_is_marked_and_shows_the_ledgers_payouts(
    run, finished, edit, alter, call
):
    before = call("report", run)
    assert before.exit_code == 0
    page = (run / "report.html").read_text()
    assert "Do not rely on this page" not in page
    EDITS[edit][0](alter(run))
    result = call("report", run)
    assert result.exit_code == 1
    assert result.stderr.startswith("This run was altered, and does not fit its ledger: ")
    marked = (run / "report.html").read_text()
    assert "Do not rely on this page" in marked
    assert EDITS[edit][1].split(":")[0] in marked
    totals = json.loads((finished / "ledger.jsonl").read_text().split("\n")[-2])["totals"]
    for paid in totals.values():
        shown = f'<td class="number">{paid:,}</td>'
        assert shown in page
        # A ledger that is bad itself says nothing.
        assert (shown in marked) == (edit != "a payout" or not paid)


@pytest.mark.parametrize("edit", FEW)
def test_an_altered_run_is_not_valued_resumed_or_made_anew(run, edit, alter, call, start):
    EDITS[edit][0](alter(run))
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    for command in ("attribution", "resume"):
        result = call(command, run)
        assert result.exit_code == 2, result.output
        assert EDITS[edit][1].split(":")[0].split(",")[0] in result.output
    with pytest.raises(ValueError, match=r"does not fit its ledger|other settings"):
        start(run)
    # Locks alone are new.
    after = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert {p: c for p, c in after.items() if c or p in before} == before


@pytest.mark.parametrize(
    "edit", ["weight", "test error", "an update", "updates exchanged", "a bit of a model"]
)
def test_a_run_that_was_altered_before_its_end_does_not_go_on(run, edit, alter, call):
    (run / "summary.json").unlink()  # as if interrupted at the very end
    EDITS[edit][0](alter(run))
    result = call("resume", run)
    assert result.exit_code == 2
    assert f"is not what was settled: {EDITS[edit][1]}"[:60] in result.output.replace(
        "\n", " "
    )


def test_what_was_altered_between_close_and_summary_is_not_summed_up(run, alter, call):
    (run / "summary.json").unlink()
    EDITS["fedavg's error"][0](alter(run))
    result = call("resume", run)
    assert result.exit_code == 2
    assert "the ledger was closed otherwise" in result.output
    assert not (run / "summary.json").exists()
