"""What a run on tables of the nodes' own has left; in the image: FOLDER RUN."""

import json
import sys
from pathlib import Path

from anml_fl.settings.egress import EgressPolicy, read_policy

SITES = ("north", "south", "west")


def check(work: Path, name: str) -> None:
    """Fail at the first thing that is not as it must be."""
    run = work / "runs" / name
    summary = json.loads((run / "summary.json").read_text())
    rounds = [
        json.loads(line) for line in (run / "anml" / "rounds.jsonl").read_text().splitlines()
    ]
    assert summary["engine"] == "deployment", summary["engine"]
    assert [one["round"] for one in rounds] == [1, 2], rounds
    for one in rounds:
        people = {person["contributor"]: person["reason"] for person in one["contributors"]}
        assert people == dict.fromkeys(SITES), people
        assert one["refused"] == [], one["refused"]
    told = json.loads((run / "statistics.json").read_text())
    assert sorted(told["told"]) == sorted(SITES), sorted(told["told"])
    assert not told["left_out"], told["left_out"]
    print(
        "2 rounds, north, south and west in each, nobody left out; all told their statistics"
    )

    policies = {
        site: read_policy(work / "federation" / "nodes" / site / "egress.toml").digest
        for site in SITES
    }
    assert policies["north"] == policies["south"] == EgressPolicy().digest
    assert policies["west"] != policies["north"]
    entries = [json.loads(line) for line in (run / "ledger.jsonl").read_text().splitlines()]
    bound = [one["contributors"] for one in entries if one["kind"] == "round"]
    assert len(bound) == 2, len(bound)
    for people in bound:
        assert {one["contributor"]: one["egress"] for one in people} == policies, people
    print("the ledger has each node's policy in each round, west's its own")

    claims = run / "anml" / "claims.jsonl"
    if name == "claims":
        lines = [json.loads(line) for line in claims.read_text().splitlines()]
        for one in lines:
            assert sorted(one["values"]) == sorted(SITES), one
        print(f"claims of each site, median after round 2: {lines[-1]['median']:.3f}")
    else:
        assert not claims.exists()
        print(f"test error at the server {summary['strategies']['anml']['test_error']:.3f}")


if __name__ == "__main__":
    check(Path(sys.argv[1]), sys.argv[2])
