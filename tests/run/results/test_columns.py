"""Every column of every table against the files, by json and plain loops."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from statistics import fmean
from typing import TYPE_CHECKING, Any

import pytest

import anml_fl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HONEST = "honest"
INFINITE = ("norm", "bound", "cap")


def lines(path: Path) -> list[Any]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def told(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """Yield what all rows of a round share, the summary, and the round's line."""
    summary = json.loads((folder / "summary.json").read_text())
    for strategy in summary["strategies"]:
        for line in lines(folder / strategy / "rounds.jsonl"):
            shared = {"run": folder.name, "seed": summary["seed"], "strategy": strategy}
            yield {**shared, "round": line["round"]}, summary, line


def judged(fields: dict[str, Any], names: str) -> dict[str, Any]:
    found = fields.get("judgement")
    if found is None:
        return dict.fromkeys(names.split())
    return {
        name: math.inf if name in INFINITE and found[name] is None else found[name]
        for name in names.split()
    }


def attackers(summary: dict[str, Any], line: dict[str, Any]) -> float | None:
    share, selected = 0.0, 0
    for person in line["contributors"]:
        if person["selected"]:
            selected += 1
            if person["weight"] is None:
                return None
            if summary["contributors"][person["contributor"]] != HONEST:
                share += person["weight"]
    return share if selected else None


def of_strategy(folder: Path, name: str, file: str, value: str) -> dict[int, Any]:
    return {one["round"]: one[value] for one in lines(folder / name / file)}


def expected_rounds(folder: Path) -> Iterator[dict[str, Any]]:
    for shared, summary, line in told(folder):
        people, strategy = line["contributors"], shared["strategy"]
        claims = of_strategy(folder, strategy, "claims.jsonl", "median")
        seconds = of_strategy(folder, strategy, "timings.jsonl", "seconds")
        slopes = (line.get("judgement") or {}).get("slopes", {})
        without = sum(one["reason"] is not None for one in people)
        yield {
            **shared,
            **{
                name: line[name] for name in ("branch", "rho_c", "min_s", "test_error", "note")
            },
            **{name: line[name] for name in ("bytes_sent", "bytes_received", "at")},
            **judged(line, "root base_rate c cap damping"),
            "test_score": line.get("test_score"),
            "claimed": claims.get(line["round"]),
            "attacker_weight": attackers(summary, line),
            "asked": len(people),
            "replies": len(people) - without,
            "selected": sum(one["selected"] for one in people),
            "excluded": without + len(line["refused"]),
            "refused": len(line["refused"]),
            "measure": line["measure"]["name"] if "measure" in line else None,
            "slope_v": slopes.get("v"),
            "slope_r": slopes.get("r"),
            "seconds": seconds.get(line["round"]),
        }


def expected_weights(folder: Path) -> Iterator[dict[str, Any]]:
    plain = ("contributor", "q", "v", "r", "T", "s", "weight", "selected", "reason")
    for shared, summary, line in told(folder):
        for one in line["contributors"]:
            yield {
                **shared,
                **{name: one[name] for name in plain},
                **{name: one.get(name) for name in ("examples", "measured", "egress")},
                **judged(one, "l worth posterior copies norm bound"),
                "behaviour": summary["contributors"][one["contributor"]],
                "refused_credentials": len(one["refused_credentials"]),
            }


def expected_evidence(folder: Path) -> Iterator[dict[str, Any]]:
    for shared, _, line in told(folder):
        for one in line["contributors"]:
            evidence = one["judgement"]["evidence"] if "judgement" in one else {}
            for kind in sorted(evidence):
                yield {
                    **shared,
                    "contributor": one["contributor"],
                    "kind": kind,
                    "nats": evidence[kind],
                }


def expected_ledger(folder: Path) -> Iterator[dict[str, Any]]:
    seed = json.loads((folder / "summary.json").read_text())["seed"]
    for entry in lines(folder / "ledger.jsonl"):
        if entry["kind"] == "round":
            names = ("strategy", "round", "branch", "at", "model", "pool")
            shared = {name: entry[name] for name in names}
            own = ("contributor", "q", "v", "r", "T", "weight", "selected", "reason", "payout")
            for one in entry["contributors"]:
                yield {
                    **shared,
                    **{name: one[name] for name in own},
                    "run": folder.name,
                    "seed": seed,
                    "verified": True,
                    "state": "settled",
                }


def expected_contributors(folder: Path) -> Iterator[dict[str, Any]]:
    summary = json.loads((folder / "summary.json").read_text())
    paid: dict[tuple[str, str], int] = defaultdict(int)
    for row in expected_ledger(folder):
        paid[row["strategy"], row["contributor"]] += row["payout"]
    paying = {strategy for strategy, _ in paid}
    by: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in expected_weights(folder):
        by[row["strategy"], row["contributor"]].append(row)
    for strategy in summary["strategies"]:
        for name, behaviour in summary["contributors"].items():
            rows = by[strategy, name]
            held = summary.get("holdings", {}).get(name, {})
            means = {}
            for signal in ("weight", "q", "v", "r", "T", "s"):
                known = [row[signal] for row in rows if row[signal] is not None]
                means[signal] = fmean(known) if known else None
            yield {
                "run": folder.name,
                "seed": summary["seed"],
                "strategy": strategy,
                "contributor": name,
                "behaviour": behaviour,
                "attacker": behaviour != HONEST,
                "asked": len(rows),
                "replied": sum(row["reason"] is None for row in rows),
                "selected": sum(row["selected"] for row in rows),
                **means,
                "payout": paid[strategy, name] if strategy in paying else None,
                "samples": held.get("samples"),
                "own_error": held.get("errors", {}).get(strategy),
                "own_score": held.get("scores", {}).get(strategy),
            }


EXPECTED = {
    "rounds": expected_rounds,
    "weights": expected_weights,
    "evidence": expected_evidence,
    "contributors": expected_contributors,
    "ledger": expected_ledger,
}


def compare(found: Any, expected: list[dict[str, Any]], exact: bool) -> None:
    assert found.num_rows == len(expected)
    assert found.num_rows > 0
    assert set(found.column_names) == set(expected[0])
    for name in found.column_names:
        values = [row[name] for row in expected]
        got = found.column(name).to_pylist()
        if exact or not any(isinstance(one, float) for one in values):
            assert got == values, name
        else:
            for one, should in zip(got, values, strict=True):
                assert one == (None if should is None else pytest.approx(should, abs=1e-12))


@pytest.mark.parametrize("table", EXPECTED)
def test_a_run_that_an_engine_made(real, table):
    found = getattr(anml_fl.load_run(real), table)()
    compare(found, list(EXPECTED[table](real)), table != "contributors")


@pytest.mark.parametrize("table", [name for name in EXPECTED if name != "ledger"])
def test_a_run_with_all_that_is_odd(odd, table):
    found = getattr(anml_fl.load_run(odd), table)()
    compare(found, list(EXPECTED[table](odd)), table != "contributors")


def test_attackers_share_sums_up_to_what_the_summary_says(real):
    run = anml_fl.load_run(str(real))
    rows = run.rounds().to_pylist()
    for strategy in run.strategies:
        known = [
            row["attacker_weight"]
            for row in rows
            if row["strategy"] == strategy.name and row["attacker_weight"] is not None
        ]
        said = strategy.summary.attacker_weight
        assert (fmean(known) if known else None) == (
            None if said is None else pytest.approx(said, abs=1e-12)
        )


def test_why_is_what_explain_says(real, odd):
    from click.testing import CliRunner

    from anml_fl.commands.explain import explain

    rows = anml_fl.load_run(real).weights(why=True).to_pylist()
    for strategy in ("krum", "anml", "calibrated"):
        arguments = [str(real), "--round", "2", "--strategy", strategy, "--json"]
        said = json.loads(CliRunner().invoke(explain, arguments).output)["contributors"]
        those = [row for row in rows if (row["strategy"], row["round"]) == (strategy, 2)]
        assert [(one["decided_by"], one["because"]) for one in said] == [
            (row["decided_by"], row["why"]) for row in those
        ]
    late = anml_fl.load_run(odd).weights(why=True).to_pylist()[1]
    assert (late["decided_by"], late["why"]) == (None, "did not answer: no reply in time")


def test_where_nobody_is_known_to_attack_nobody_is_said_to(odd):
    path = odd / "summary.json"
    summary = json.loads(path.read_text())
    summary["contributors"] = dict.fromkeys(summary["contributors"], "unknown")
    path.write_text(json.dumps(summary))
    run = anml_fl.load_run(odd)
    assert {*run.contributors().column("attacker").to_pylist()} == {None}
    assert {*run.contributors().column("behaviour").to_pylist()} == {None}
    assert {*run.weights().column("behaviour").to_pylist()} == {None}
    assert {*run.rounds().column("attacker_weight").to_pylist()} == {None}
