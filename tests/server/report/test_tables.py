"""What each contributor earned, and which credentials were refused."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anml_fl import ContributorRecord, RoundRecord
from anml_fl.ledger.file import FileLedger
from anml_fl.ledger.verify import verify_file
from anml_fl.run.ledger_audit import Audit
from anml_fl.run.reading import load_run
from anml_fl.run.verification import Verification
from server.report import tables
from server.report.page import render, write_report

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "sha256:" + "0" * 64
NAN = math.nan
NAMES = ["a", "b", "c"]
# By round, then by contributor: what a pool of 10 comes to, worked out by hand.
WEIGHTS = [(0.5, 0.25, 0.25), (1.0, 0.0, NAN), (0.0, 0.0, 0.0)]
# Quotas 5, 2.5, 2.5: the unit that is left goes to the first of two equal remainders.
PAID = {"a": 5 + 10 + 0, "b": 3 + 0 + 0, "c": 2 + 0 + 0}


def weighted(record: RoundRecord) -> RoundRecord:
    weights = WEIGHTS[record.round - 1]
    people = tuple(
        replace(one, weight=weight, selected=weight > 0, r=0.1 * record.round + 0.01 * i)
        for i, (one, weight) in enumerate(zip(record.contributors, weights, strict=True))
    )
    return replace(record, contributors=people)


@pytest.fixture
def tiny(recipe: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Write and load a run of three contributors, of whom "a" attacks."""

    def make(**more: Any) -> Any:
        settings: dict[str, Any] = {
            "names": NAMES,
            "attackers": 1,
            "rounds": 3,
            "strategies": {"fedavg": 0.2, "anml": 0.1},
            "change": weighted,
        }
        return load_run(recipe(**settings | more).write(tmp_path / "run"))

    return make


def ledger(pool: int, weights: list[tuple[float, ...]] = WEIGHTS) -> dict[str, int]:
    """Settle the rounds, and read what the ledger has paid."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with TemporaryDirectory() as folder:
        path = Path(folder, "ledger.jsonl")
        kept = FileLedger(path, key)
        kept.open("demo", "anml", pool)
        for number, of in enumerate(weights, 1):
            people = tuple(
                ContributorRecord(name, 0.5, 0.5, 0.5, 1.0, 0.25, weight, weight > 0)
                for name, weight in zip(NAMES, of, strict=True)
            )
            kept.append(RoundRecord(number, "anml", None, 0.5, 0.25, people), MODEL)
        kept.close()
        verdict = verify_file(path, key.public_key())
    return Audit(verdict, "").payouts


def test_earnings_are_those_of_the_ledger_beside_the_lead_strategys_rounds(
    tiny: Callable[..., Any],
) -> None:
    table = tables.earned(tiny(), ledger(10))
    # 15, 3 and 2 micro-units of 20.
    assert table.rows == (
        ("a", "◆ label_flip", "15", "75.0", "2 of 3", "0.300"),
        ("b", "honest", "3", "15.0", "1 of 3", "0.310"),
        ("c", "honest", "2", "10.0", "1 of 3", "0.320"),
    )
    assert [int(row[2]) for row in table.rows] == list(PAID.values())
    assert [title for title, _ in table.columns][2:4] == ["Earned (micro-units)", "Share (%)"]


def test_altered_weights_alter_no_earnings(tiny: Callable[..., Any]) -> None:
    def change(record: RoundRecord) -> RoundRecord:
        return replace(
            record,
            contributors=tuple(
                replace(one, weight=float(one.contributor == "c"))
                for one in weighted(record).contributors
            ),
        )

    rows = tables.earned(tiny(change=change), ledger(10)).rows
    assert [(row[0], row[2]) for row in rows] == [("a", "15"), ("b", "3"), ("c", "2")]


def test_whoever_earned_most_stands_first_and_ties_are_by_name(
    tiny: Callable[..., Any],
) -> None:
    rows = tables.earned(tiny(), ledger(10, [(0.2, 0.2, 0.6)])).rows
    assert [row[0] for row in rows] == ["c", "a", "b"]


def test_whom_the_ledger_paid_and_an_altered_summary_does_not_know_is_shown(
    tiny: Callable[..., Any],
) -> None:
    rows = tables.earned(tiny(), {"gone": 7}).rows
    assert rows[0] == ("gone", "—", "7", "100.0", "0 of 3", "—")


@pytest.mark.parametrize(
    "paid",
    [ledger(0), ledger(10, [(NAN, NAN, NAN)])],
    ids=["an empty pool", "no weights"],
)
def test_where_nothing_was_paid_there_are_no_rows_and_the_page_says_so(
    tiny: Callable[..., Any], paid: dict[str, int]
) -> None:
    run = tiny()
    assert tables.earned(run, paid).rows == ()
    page = render(run, verification=Verification("", paid, "ab" * 32))
    assert "Nothing was earned." in page
    assert "shares one pool by weight" not in page
    assert "Do not rely on this page" not in page


def test_the_page_shows_who_earned_what_and_who_signed_it(tiny: Callable[..., Any]) -> None:
    page = render(tiny(), verification=Verification("", ledger(10), "ab" * 32))
    assert "Each round of anml shares one pool by weight" in page
    assert "ab" * 32 in page
    assert '<td class="number">15</td>' in page
    assert "Nothing was earned." not in page


def test_without_a_ledger_no_earnings_are_shown_and_the_page_is_marked(
    tiny: Callable[..., Any], tmp_path: Path
) -> None:
    tiny()
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert "Do not rely on this page" in page
    assert "Nothing vouches for this run: it has no ledger.jsonl." in page
    assert '<td class="number">15</td>' not in page
    assert "Not shown: there is no ledger whose signatures hold." in page


def refusing(shown: dict[tuple[int, str], tuple[str, ...]]) -> Callable[..., Any]:
    def change(record: RoundRecord) -> RoundRecord:
        people = (
            replace(one, refused_credentials=shown.get((record.round, one.contributor), ()))
            for one in record.contributors
        )
        return replace(record, contributors=tuple(people))

    return change


def test_each_refused_credential_is_listed_once_with_its_rounds(
    tiny: Callable[..., Any],
) -> None:
    change = refusing(
        {
            (1, "b"): ("expired", "expired"),
            (2, "a"): ("no issuer's key",),
            (3, "b"): ("expired", "forged"),
        }
    )
    table = tables.refused_credentials(tiny(change=change))
    assert table.rows == (
        ("b", "expired", "1", "2", "3"),
        ("a", "no issuer's key", "2", "1", "1"),
        ("b", "forged", "3", "1", "1"),
    )
    assert table.total == 3
    assert [title for title, _ in table.columns][2:] == ["First in round", "Rounds", "Times"]


def test_refusals_of_other_strategies_are_not_counted(tiny: Callable[..., Any]) -> None:
    def change(record: RoundRecord) -> RoundRecord:
        return refusing({(1, "a"): (f"seen by {record.strategy}",)})(record)

    rows = tables.refused_credentials(tiny(change=change)).rows
    assert rows == (("a", "seen by anml", "1", "1", "1"),)


def test_refusals_are_capped_and_counted(tiny: Callable[..., Any]) -> None:
    many = tuple(f"reason {i}" for i in range(tables.MOST_ROWS + 7))
    table = tables.refused_credentials(tiny(change=refusing({(1, "a"): many})))
    assert (len(table.rows), table.total) == (tables.MOST_ROWS, tables.MOST_ROWS + 7)


def test_hostile_reasons_stay_text(tiny: Callable[..., Any], tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>\u202e" + "x" * 999
    run = tiny(change=refusing({(1, "a"): (evil,)}))
    ((_, shown, *_),) = tables.refused_credentials(run).rows
    assert shown.startswith("<script>alert(1)</script>\\u202exxx")
    assert len(shown) == 200
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u202e" in page
    assert "\u202e" not in page


def test_without_refusals_the_page_says_none(tiny: Callable[..., Any], tmp_path: Path) -> None:
    assert tables.refused_credentials(tiny()).total == 0
    page = write_report(tmp_path / "run").read_text(encoding="utf-8")
    assert "who showed them counts as" not in page
