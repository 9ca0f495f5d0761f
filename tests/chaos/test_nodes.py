"""Twenty rounds in which SuperNodes are killed, frozen, gone for good, and late."""

from __future__ import annotations

import json
import math
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from anml_fl.ledger.verify import verify_file
from anml_fl.registry.keys import public_key
from anml_fl.run.files import ROUNDS, TIMINGS
from anml_fl.run.strategy_folder import StrategyFolder
from server.deployment.local import federation, with_database
from server.deployment.prepare import prepare
from server.deployment.processes import stop
from server.deployment.submission import carry_out
from server.page.columns import round_columns
from server.page.following import Following
from server.page.history import curves
from server.page.round_reasons import round_reasons

if TYPE_CHECKING:
    from pathlib import Path

    from server.deployment.local import Federation
    from server.deployment.processes import Service

ROUNDS_ASKED, SEED = 20, 3
# A round's deadline on a machine that has nothing else to do; `crowded` makes it longer.
TIMEOUT = 5.0
# What a round may take beyond its deadline on a busy machine: asking, weighing, writing. Who
# waits for the dead takes three minutes (Flower's grid for arrays that never come) or forever.
SLACK = 90.0
# SuperLink takes a node that was killed for connected for up to a minute, and takes it back
# only then; so the other kinds of harm are done to the others.
KILLED, GONE, HARMED, LATE = (f"contributor-{i:04d}" for i in range(4))
JOINS, LEAVES = 4, 12
SENT_NOTHING = ("absent", "did not answer")
SETTINGS = {
    "dataset": "wine",
    "strategies": "anml",
    "rounds": ROUNDS_ASKED,
    "local-epochs": 1,
    "min-replies": 0.25,
    "behaviours": {"label_flip": 1},
}


def crowded() -> float:
    """Measure how many times longer work takes than it would alone, here and now."""
    begin, busy = time.monotonic(), time.process_time()
    while time.process_time() - busy < 0.5:
        pass
    return (time.monotonic() - begin) / 0.5


@dataclass
class Chaos:
    """Does harm to nodes, at most once a round, at some moment of it: both as a seed decides.

    Called often. It also looks after the nodes: whoever was killed is started again, and who
    left comes back two rounds later.
    """

    running: Federation
    records: Path
    timeout: float
    dice: np.random.Generator = field(default_factory=lambda: np.random.default_rng(SEED))
    done: list[tuple[int, str, str]] = field(default_factory=list)
    away: dict[str, float] = field(default_factory=dict)
    _due: list[tuple[float, str, str]] = field(default_factory=list)
    _round: int = 0
    _left: bool = False

    def __call__(self) -> bool:
        now = time.monotonic()
        number = self._number()
        if number != self._round:
            self._round = number
            self._plan(number, now)
        for event in [one for one in self._due if one[0] <= now]:
            self._due.remove(event)
            self._do(*event[1:])
        for name, back in list(self.away.items()):
            if number >= back:
                del self.away[name]
                stop([self.running.nodes[name]])  # what is left of it
                self.running.nodes[name].start()
                self.done.append((number, "back", name))
        for name, node in self.running.nodes.items():
            if name not in self.away:
                node.revive()
        return False  # SuperLink is well

    def _number(self) -> int:
        """Say which round is under way."""
        try:
            return len(self.records.read_text().splitlines()) + 1
        except FileNotFoundError:
            return 1

    def _plan(self, number: int, now: float) -> None:
        """Decide on one harm for the round, and on its moment."""
        kind = str(self.dice.choice(["kill", "leave", "freeze", "nothing"]))
        moment = now + self.dice.uniform(0.0, 1.5)
        # Not if it is just that one: several rounds may pass between two looks.
        if number >= LEAVES and not self._left:
            self._left = True
            self._due.append((moment, "gone", GONE))
        if not 2 <= number <= ROUNDS_ASKED or kind == "nothing":
            return
        if kind == "kill":
            self._due.append((moment, kind, KILLED))
        elif HARMED not in self.away and not any(name == HARMED for *_, name in self._due):
            self._due.append((moment, kind, HARMED))
            if kind == "freeze":
                self._due.append((moment + self.timeout + 2.0, "thaw", HARMED))

    def _do(self, kind: str, name: str) -> None:
        node = self.running.nodes[name]
        if kind == "leave" and not connected(node):
            return  # whoever leaves while it connects keeps its place taken
        self.done.append((self._round, kind, name))
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            if kind == "kill" and node.status is None:
                os.kill(node.pid, signal.SIGKILL)
            elif kind == "gone":
                self.away[name] = math.inf
                for process in node.processes():
                    process.kill()
            elif kind == "leave":
                self.away[name] = self._round + 2
                stop([node])  # asked to, it takes its leave of SuperLink
            elif kind in ("freeze", "thaw"):
                for process in node.processes():
                    process.suspend() if kind == "freeze" else process.resume()


def connected(node: Service) -> bool:
    """Tell by its log whether it has connected since it was started last."""
    said = node.log.read_text()
    return said.rfind("SuperNode ID:") > said.rfind("Starting Flower SuperNode")


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """Carry the run out; says how it ended, what was done to whom, and where it is."""
    folder = tmp_path_factory.mktemp("chaos")
    settings = {**SETTINGS, "timeout": TIMEOUT * max(1.0, crowded())}
    state, config = prepare(folder / "federation", None, settings, nodes=4)
    config = with_database(state, config)
    out = folder / "run"
    with federation(state, config, warm=True) as running:
        while not connected(running.nodes[LATE]):
            time.sleep(0.1)
        stop([running.nodes[LATE]])
        timeout = config.training.timeout
        chaos = Chaos(running, out / "anml" / ROUNDS, timeout, away={LATE: JOINS})
        status = carry_out(
            running.control,
            config,
            out,
            running.environment,
            admit=lambda: running.control.register(state.nodes(config)),
            tend=chaos,
            say=lambda text: chaos.done.append((0, "said", text)),
        )
    return status, chaos.done, out, timeout


pytestmark = pytest.mark.slow


def test_every_round_finishes_in_time_and_none_is_lost(ended):
    status, done, out, timeout = ended

    assert status == "completed"
    assert [what for _, kind, what in done if kind == "said"] == []  # no second submission
    records = StrategyFolder(out / "anml").records()
    assert [one.round for one in records] == list(range(1, ROUNDS_ASKED + 1))
    lines = (out / "anml" / TIMINGS).read_text().splitlines()
    seconds = [json.loads(line)["seconds"] for line in lines]
    assert max(seconds) < timeout + SLACK, seconds


def test_harm_of_every_kind_was_done_and_left_its_mark(ended):
    _, done, out, _ = ended

    assert {"kill", "leave", "back", "freeze", "thaw", "gone"} <= {kind for _, kind, _ in done}
    records = StrategyFolder(out / "anml").records()
    left_out = sum(one.reason is not None for record in records for one in record.contributors)
    assert left_out > JOINS + ROUNDS_ASKED - _gone(done)
    # Whoever comes back, or comes late, takes part again.
    for name in (HARMED, LATE):
        took_part = [
            record.round
            for record in records
            for one in record.contributors
            if one.contributor == name and one.reason is None
        ]
        assert max(took_part, default=0) > JOINS, (name, took_part, done)


def test_everyone_stands_in_every_round_with_a_reason_or_a_place(ended):
    _, done, out, _ = ended

    for record in StrategyFolder(out / "anml").records():
        assert [one.contributor for one in record.contributors] == [
            f"contributor-{i:04d}" for i in range(4)
        ]
        for one in record.contributors:
            assert (one.reason is None) == math.isfinite(one.q), one
            assert not one.reason or one.weight == 0.0, one
            late = one.contributor == LATE and record.round < JOINS
            gone = one.contributor == GONE and record.round > _gone(done)
            assert one.reason or not (late or gone), one


def test_the_page_tells_who_sent_nothing_and_in_plain_words(ended):
    _, done, out, _ = ended
    run = Following(out)
    run.catch_up()

    missing = curves(run)["strategies"]["anml"]["missing"]
    for record in StrategyFolder(out / "anml").records():
        shown = round_columns(run, "anml", record.round)
        replies = dict(zip(shown["contributors"], shown["reply"], strict=True))
        assert missing[record.round - 1] == sum(
            reply in SENT_NOTHING for reply in shown["reply"]
        )
        assert [reply == "valid" for reply in shown["reply"]] == [
            one.reason is None for one in record.contributors
        ]
        if record.round < JOINS:
            assert replies[LATE] in SENT_NOTHING
        if record.round > _gone(done):
            assert replies[GONE] in SENT_NOTHING
        assert not any(
            "error 5" in why for why in round_reasons(run, "anml", record.round)["why"]
        )


def _gone(done):
    """Say in which round one left for good."""
    (number,) = [number for number, kind, _ in done if kind == "gone"]
    return number


def test_the_ledger_verifies_and_pays_nobody_who_was_left_out(ended):
    _, _, out, _ = ended

    assert verify_file(out / "ledger.jsonl", public_key(out / "ledger.pub")).ok
    entries = [json.loads(line) for line in (out / "ledger.jsonl").read_text().splitlines()]
    settled = [entry for entry in entries if entry["kind"] == "round"]
    records = StrategyFolder(out / "anml").records()
    assert [entry["round"] for entry in settled] == [one.round for one in records]
    for entry, record in zip(settled, records, strict=True):
        paid = {one["contributor"]: one["payout"] for one in entry["contributors"]}
        assert set(paid) == {one.contributor for one in record.contributors}
        for one in record.contributors:
            assert paid[one.contributor] == 0 or one.reason is None, (record.round, one)
    assert sum(entry["pool"] for entry in settled) > 0
