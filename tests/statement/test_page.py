"""The page says what the statement says, to people, and obeys nobody."""

from __future__ import annotations

import re
from html import unescape

import pytest

from anml_fl.ledger.hashes import sha256_of
from anml_fl.statement.page import page
from anml_fl.statement.rows import MOST, rows

HOSTILE = '<script>alert(1)</script>"\u202e\x07&amp;' + "x" * 300


@pytest.fixture
def shown(made):
    def call(name="ann", run=made, *, signed=True):
        content = run.content(name)
        return page(run.statement(name), content, f"statement-{name}.json", signed=signed)

    return call


def _text(html):
    body = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", body)))


def test_it_says_who_earned_what_in_which_rounds_and_how_to_check_it(shown, made):
    html = shown()
    text = _text(html)
    # 350,001 of 3,000,009.
    assert "Earned 350,001 of 3,000,009 micro-units (11.7 %) in 4 rounds of fedavg." in text
    assert (
        "Asked in 3 of 4 rounds; a valid reply came in 3; counted in 2, no new model in 1."
        in text
    )
    assert "The run has come to its end." in text
    assert "Credentials that were refused: expired (2)." in text
    assert "anml statement verify statement-ann.json --run RUN --key SERVER.pub" in text
    for digits in (
        made.key.public_key().public_bytes_raw().hex(),
        made.statement("ann").head,
        sha256_of(made.content("ann")).removeprefix("sha256:"),
    ):
        assert digits in text
    assert "Not signed" not in text


def test_each_round_has_a_row_and_its_payout(shown, made):
    text = _text(shown())
    assert "1 10 10.0 % 100,000 counted" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert "250,001" in text
    assert "Nobody's update was used" in text
    assert "No reply in time" in _text(shown("eve")) or "no reply in time" in _text(
        shown("eve")
    )


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("no node is connected", "absent"),
        ("error 5: Error: Node Unavailable", "absent"),
        ("no reply in time", "did not answer"),
        ("update is not finite", "no valid reply"),
    ],
)
def test_whoever_was_not_there_was_not_refused(
    make, by_examples, refused, shown, reason, status
):
    rounds = [
        by_examples(1, {"ann": 1.0, "ben": 3.0}),
        by_examples(2, {"ben": 3.0}, others=(refused("ann", reason),)),
    ]
    text = _text(shown("ann", make(rounds)))
    assert f"in 1; {', '.join(sorted(['counted in 1', f'{status} in 1']))}." in text
    assert f" {status} {status.capitalize()}: " in text
    told = text.split("A round's number is")[0]
    assert not re.search("refused|left out", told, re.IGNORECASE)
    assert "absent: it had no node to ask" in text
    assert "nats" not in text  # which this rule has none of


def test_an_unsigned_one_says_so_first(shown):
    html = shown(signed=False)
    assert html.index("Not signed.") < html.index("Earned")


def test_names_and_reasons_of_strangers_stay_text(make, by_examples, refused, shown):
    record = by_examples(
        1, {HOSTILE: 1.0, "ben": 1.0}, others=(refused("eve", HOSTILE),), note=HOSTILE
    )
    made = make([record])
    for name in (HOSTILE, "eve"):
        html = shown(name, made)
        assert "<script" not in html
        assert "\u202e" not in html
        assert "\x07" not in html
        assert "alert(1)" in html
        assert "x" * 301 not in html


def test_it_needs_nothing_from_elsewhere_and_runs_no_script(shown):
    html = shown()
    assert "default-src 'none'" in html
    assert "<script" not in html
    assert not re.findall(r"(?:src|href)=\"(?!data:,)", html)
    assert "url(" not in html
    assert "@page { margin: 11mm 12mm; size: A4; }" in html


def test_up_to_thirty_rounds_have_a_row_each(make, by_examples):
    made = make([by_examples(n, {"ann": 1.0, "ben": 3.0}) for n in range(1, MOST + 1)])
    told = rows(made.statement("ann"))
    assert len(told) == 1
    assert [row.rounds for row in told[0].rows] == [str(n) for n in range(1, MOST + 1)]
    assert {row.earned for row in told[0].rows} == {"250,001"}


@pytest.mark.parametrize("count", [MOST + 1, 100, 301])
def test_of_more_rounds_some_share_a_row_and_no_payout_is_lost(make, by_examples, count):
    rounds = [by_examples(n, {"ann": float(n), "ben": 300.0}) for n in range(1, count + 1)]
    statement = make(rounds).statement("ann")
    told = [row for group in rows(statement) for row in group.rows]
    assert len(told) <= MOST
    assert sum(int(row.earned.replace(",", "")) for row in told) == statement.payout
    first, last = told[0].rounds, told[-1].rounds
    assert first.startswith("1–")
    assert last.endswith(str(count))


def test_what_decided_in_several_rounds_is_said_once_with_means(make, by_examples, refused):
    rounds = [
        by_examples(1, {"ann": 10.0, "ben": 30.0}),
        by_examples(2, {"ann": 20.0, "ben": 40.0}),
        by_examples(3, {"ben": 40.0}, others=(refused("ann", "late"),)),
        by_examples(4, {"ann": 20.0, "ben": 20.0}),
    ]
    told = rows(make(rounds).statement("ann"))
    assert [(len(group.rows), group.status) for group in told] == [
        (2, "counted"),
        (1, "no valid reply"),
        (1, "counted"),
    ]
    # Ten and twenty; the rounds' means are twenty and thirty.
    assert told[0].why == "It counts for the fewest examples (15, on average 25)"
    assert told[1].why == "No valid reply: late"
    assert told[2].why == "Hardly anything sets its share apart from an equal one"
    # Its bar beside an equal share: a half in each, as in the last round.
    assert [row.equal for group in told for row in group.rows] == [100, 100, None, 100]
    assert [row.bar for group in told for row in group.rows] == [50, 66.7, 0, 100]
