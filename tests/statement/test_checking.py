"""Every field that is not what the ledger and the records say is named."""

from __future__ import annotations

import copy
import json

import pytest

from anml_fl.registry.keys import public_key
from anml_fl.statement.checking import check
from anml_fl.statement.making import settled_run
from anml_fl.statement.signing import written


@pytest.fixture
def checked(server):
    """Check fields that a forger has signed with the ledger's own key, or that nobody has."""

    def call(made, fields, key=server):
        rest = {name: value for name, value in fields.items() if name != "signature"}
        return check(written(rest, key), made.ledger, server.public_key())

    return call


@pytest.fixture
def fields(made):
    return json.loads(made.content("ann"))


def _leaves(value, path=()):
    """List the place of each value that holds no others, of empty ones too."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in inside:
        if isinstance(one, (dict, list)) and one:
            yield from _leaves(one, (*path, name))
        else:
            yield (*path, name)


def _other(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + max(1e-6, abs(value) * 1e-6) if isinstance(value, float) else value + 1
    return {str: f"{value}x", dict: {"more": 1}, list: ["more"], type(None): 0}[type(value)]


def _forged(fields, path):
    """Give a copy in which one value is another, and the names on the way to it."""
    found = copy.deepcopy(fields)
    place = found
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = _other(place[path[-1]])
    return found


def test_what_the_run_gives_is_good_and_signed(made, server):
    found = check(made.content("ann"), made.ledger, server.public_key())
    assert (found.ok, found.signature, found.unchecked) == (True, "good", "")


def test_each_value_of_a_trained_runs_statement_is_named_when_it_is_another(trained):
    """Without a signature nothing but the comparison tells."""
    public = public_key(trained / "ledger.pub")
    run = settled_run(trained, public)
    name = run.contributors[-1]
    fields = json.loads(json.dumps(run.statement(name).fields()))
    assert check(written(fields, None), trained / "ledger.jsonl", public).ok
    count = 0
    for path in _leaves(fields):
        if path in (("kind",), ("format",)):
            continue
        forged = written(_forged(fields, path), None)
        found = check(forged, trained / "ledger.jsonl", public)
        told = " | ".join(found.differences)
        # What is named is the field or, where that says whose or which round it is, its value.
        field = [one for one in path if isinstance(one, str)][-1]
        assert field in told or path[-1] == "round", (path, told)
        if path[0] == "rounds" and path[-1] != "round":
            number = fields["rounds"][path[1]]["round"]
            assert f"round {number}: " in told, (path, told)
        count += 1
    assert count > 100


def test_a_forged_payout_is_named_with_its_round_and_what_would_be_right(
    made, fields, checked
):
    fields["rounds"][1]["payout"] = 250_002
    assert checked(made, fields).differences == (
        "statement: round 2: payout is 250002, but 250001 follows from entry 2 of the ledger",
    )


def test_a_signed_statement_that_was_altered_has_a_bad_signature_too(made, server):
    forged = made.content("ann").replace(b'"payout":350001', b'"payout":350002')
    found = check(forged, made.ledger, server.public_key())
    assert found.signature == "bad"
    assert len(found.differences) == 2
    assert found.differences[0].startswith("statement: signature is not by the ledger's key")
    assert "totals, 'payout' is 350002, but 350001 follows" in found.differences[1]


def test_another_keys_statement_names_signature_and_key(
    made, fields, server, stranger, checked
):
    fields["public_key"] = stranger.public_key().public_bytes_raw().hex()
    found = checked(made, fields, stranger)
    assert found.signature == "bad"
    assert "signature is not by" in found.differences[0]
    assert "public_key is " in found.differences[1]


def test_an_unsigned_one_counts_as_far_as_it_fits(made, server):
    content = made.content("ann", signed=False)
    found = check(content, made.ledger, server.public_key())
    assert (found.ok, found.signature) == (True, "none")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r.pop(1), "round 2 is missing, which is entry 2 of the ledger"),
        (lambda r: r.append(r[0]), "round 1 is stated twice"),
        (lambda r: r.reverse(), "the rounds are not in their order"),
        (lambda r: r.append({**r[0], "round": 4}), "item 4: its round is 4, in which the"),
        (lambda r: r.append({**r[0], "round": True}), "item 4: its round is True"),
        (lambda r: r.append(7), "item 4: its round is None"),
        (lambda r: r[0].update(bonus=1), "round 1: 'bonus' is no field of a statement"),
        (lambda r: r[0].pop("weight"), "round 1: weight is missing"),
        (lambda r: r[0]["why"].pop("value"), "round 1: why, 'value' is missing"),
        (lambda r: r[0]["why"]["parts"].update(luck=0.1), "'luck' does not follow from its"),
        (lambda r: r[0].update(weight=True), "round 1: weight is True"),
        (lambda r: r[0].update(payout="100000"), "round 1: payout is '100000'"),
    ],
)
def test_rounds_that_were_dropped_doubled_or_made_up_are_named(
    made, fields, checked, change, said
):
    change(fields["rounds"])
    found = checked(made, fields)
    assert not found.ok
    assert said in " | ".join(found.differences)


@pytest.mark.parametrize("rounds", [None, 5, {}, "x"])
def test_rounds_that_are_none_are_named(made, fields, checked, rounds):
    fields["rounds"] = rounds
    assert "rounds is" in " | ".join(checked(made, fields).differences)


def test_anothers_rounds_under_ones_own_name_are_named(made, fields, checked):
    fields["rounds"] = json.loads(made.content("ben"))["rounds"]
    told = " | ".join(checked(made, fields).differences)
    assert "round 1: payout is 300001, but 100000 follows" in told
    assert "round 3 is missing" in told


@pytest.mark.parametrize("who", ["nobody", "", 5, None, ["ann"]])
def test_a_contributor_whom_nobody_asked_is_named(made, fields, checked, who):
    fields["contributor"] = who
    (told,) = checked(made, fields).differences
    assert "whom no round asked" in told


@pytest.mark.parametrize("entries", [5, 0, -1, 7, 10**15, None, "6", True, 6.5])
def test_a_wrong_number_of_entries_is_told_by_the_head(made, fields, checked, entries):
    fields["entries"] = entries
    (told,) = checked(made, fields).differences
    assert told.startswith(f"statement: entries is {entries!r}, but 6 follows")


def test_a_head_of_no_entry_is_named(made, fields, checked):
    fields["head"] = "0" * 64
    (told,) = checked(made, fields).differences
    assert told.startswith("statement: head is ")


def test_a_statement_from_a_run_that_went_on_holds_for_the_run_that_ended(
    make, rounds, server
):
    early = make(rounds[:2], closed=False)
    content = early.content("ann")
    whole = make(rounds)
    found = check(content, whole.ledger, server.public_key())
    assert found.ok, found.differences
    assert json.loads(content)["closed"] is False
    # But not the other way: what it states is not there yet.
    later = check(whole.content("ann"), early.ledger, server.public_key())
    assert "entries is 6, but 3 follows" in " | ".join(later.differences)


def test_a_statement_of_another_history_is_refused(make, rounds, by_examples, server):
    one, other = make(rounds), make([by_examples(1, {"ann": 5.0, "ben": 5.0}), *rounds[1:]])
    found = check(one.content("ann"), other.ledger, server.public_key())
    told = " | ".join(found.differences)
    assert found.signature == "good"
    assert "head is" in told
    assert "round 1: payout is 100000, but 500002 follows" in told


def test_a_bad_ledger_is_named(made, server):
    content = made.content("ann")
    made.ledger.write_bytes(
        made.ledger.read_bytes().replace(b'"payout":100000', b'"payout":1')
    )
    found = check(content, made.ledger, server.public_key())
    (told,) = found.differences
    assert told.startswith("ledger.jsonl: bad: entry 1 (line 2)")


def test_a_finished_run_whose_ledger_lost_its_close_is_bad(made, server):
    content = made.content("ann")
    (made.folder / "summary.json").write_text("{}")
    *lines, _ = made.ledger.read_bytes().splitlines(keepends=True)
    made.ledger.write_bytes(b"".join(lines))
    (told,) = check(content, made.ledger, server.public_key()).differences
    assert "ends without a close" in told


def test_records_that_are_others_are_named_and_the_ledger_still_counts(made, fields, checked):
    text = made.rounds.read_text()
    made.rounds.write_text(text.replace('"examples":10.0', '"examples":99.0', 1))
    found = checked(made, fields)
    (told,) = found.differences
    assert told.startswith("fedavg/rounds.jsonl, round 1: the record was altered")
    assert found.unchecked.startswith("examples, refused credentials and what decided")
    fields["rounds"][0]["weight"] = 0.5
    assert "weight is 0.5" in checked(made, fields).differences[1]


def test_settings_that_are_others_are_named(made, fields, checked):
    (made.folder / "config.toml").write_text("[aggregation]\nfraction = 0.5\n")
    (told,) = checked(made, fields).differences
    assert told.startswith("config.toml was altered")


@pytest.mark.parametrize("name", ["config.toml", "fedavg/rounds.jsonl"])
def test_without_records_the_ledger_alone_is_checked_and_that_is_said(
    made, fields, checked, name
):
    (made.folder / name).unlink()
    found = checked(made, fields)
    assert found.ok
    assert found.unchecked.endswith(f": {name} is not there")
    fields["rounds"][0]["examples"] = 1
    assert checked(made, fields).ok
    fields["rounds"][0]["q"] = 0.5
    assert not checked(made, fields).ok


def test_of_an_older_ledger_it_is_said_what_it_does_not_stand_for(make, rounds, server):
    made = make(rounds, bound=False)
    found = check(made.content("ann"), made.ledger, server.public_key())
    assert found.ok
    assert found.unchecked.endswith("an older form, does not stand")


def test_a_number_of_a_reason_may_differ_in_its_last_digits_alone(made, fields, checked):
    """It is worked out anew, perhaps by another processor; what was signed has all digits."""
    why = fields["rounds"][0]["why"]
    why["mean"] *= 1 + 1e-12
    assert checked(made, fields).ok
    why["mean"] *= 1 + 1e-6
    assert "mean" in checked(made, fields).differences[0]
    why["mean"] /= 1 + 1e-6
    fields["rounds"][1]["weight"] *= 1 + 1e-12
    assert "weight" in checked(made, fields).differences[0]
