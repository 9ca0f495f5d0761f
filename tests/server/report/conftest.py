"""Run folders as the engines write them, built from records."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from anml_fl import ContributorRecord, RoundRecord

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG = 'name = "demo"\n\n[aggregation]\ntau_h = 0.35\ntau_c = 0.30\n'


@dataclass
class Recipe:
    """What to write; a test changes the fields that it is about, then calls `write`."""

    names: list[str] = field(
        default_factory=lambda: [f"contributor-{i:02d}" for i in range(10)]
    )
    attackers: int = 4
    rounds: int = 20
    strategies: dict[str, float | None] = field(
        default_factory=lambda: {
            "fedavg": 0.111,
            "krum": 0.101,
            "anml": 0.062,
            "oracle": 0.048,
        }
    )
    branching: tuple[str, ...] = ("anml",)
    weightless: tuple[str, ...] = ()
    silent: bool = False
    reason: str = "update is not finite"
    behaviour: str = "label_flip"
    timed: bool = True
    config: str = CONFIG
    name: str = "digits, label flip 40 %"
    refused: tuple[str, ...] = ()
    kinds: dict[str, str] = field(default_factory=dict)
    change: Callable[[RoundRecord], RoundRecord] = lambda record: record

    def behaviours(self) -> dict[str, str]:
        return {
            name: self.behaviour if i < self.attackers else "honest"
            for i, name in enumerate(self.names)
        } | self.kinds

    def record(self, strategy: str, number: int) -> RoundRecord:
        rng = np.random.default_rng([number, len(strategy)])
        n = len(self.names)
        bad = np.arange(n) < self.attackers
        q = np.clip(np.where(bad, 0.2, 0.8) + rng.normal(0, 0.15, n), 0, 1)
        v = np.clip(np.where(bad, 0.4, 0.85) + rng.normal(0, 0.08, n), 0, 1)
        r = np.clip(np.where(bad, 0.5, 0.9) + rng.normal(0, 0.08, n), 0, 1)
        if number % 3 == 0:
            q = 1 - q
        left = np.zeros(n, dtype=bool)
        left[-1] = n > 2 and number % 4 == 0
        left |= self.silent
        weight = np.where(left, 0.0, q * v * r + 1e-3)
        weight = weight / weight.sum() if weight.sum() else weight
        nothing = strategy in self.weightless or self.silent
        s = v * r
        rho = math.nan if self.silent or n < 3 else float(np.corrcoef(q, s)[0, 1])
        branches = strategy in self.branching and not self.silent
        return RoundRecord(
            round=number,
            strategy=strategy,
            branch=("blend" if rho > 0.3 else "krum") if branches else None,
            rho_c=rho if strategy in self.branching else math.nan,
            min_s=math.nan if self.silent else float(s.min()),
            contributors=tuple(
                ContributorRecord(
                    contributor=name,
                    q=math.nan if left[i] else float(q[i]),
                    v=float(v[i]),
                    r=float(r[i]),
                    T=0.97,
                    s=float(s[i]),
                    weight=math.nan if nothing or left[i] else float(weight[i]),
                    selected=bool(not left[i] and (q[i] > 0.3 or n < 3)),
                    reason=self.reason if left[i] else None,
                )
                for i, name in enumerate(self.names)
            ),
            refused=self.refused,
            test_error=math.nan
            if self.silent or self.strategies[strategy] is None
            else (self.strategies[strategy] or 0) + 0.5 * math.exp(-number / 4),
        )

    def write(self, folder: Path) -> Path:
        summary: dict[str, Any] = {
            "name": self.name,
            "seconds": 12.5,
            "engine": "inline",
            "dataset": "digits",
            "seed": 0,
            "contributors": self.behaviours(),
            "strategies": {},
        }
        for strategy, error in self.strategies.items():
            records = [self.change(self.record(strategy, n + 1)) for n in range(self.rounds)]
            (folder / strategy).mkdir(parents=True)
            (folder / strategy / "rounds.jsonl").write_text(
                "".join(record.to_json() + "\n" for record in records), encoding="utf-8"
            )
            if self.timed:
                (folder / strategy / "timings.jsonl").write_text(
                    "".join(f'{{"round": {r.round}, "seconds": 0.14}}\n' for r in records)
                )
            summary["strategies"][strategy] = {
                "test_error": error,
                "attacker_weight": None if strategy in self.weightless else 0.05,
                "branches": {
                    name: sum(r.branch == name for r in records)
                    for name in ("blend", "krum", "uniform")
                },
                "excluded": sum(r.excluded for r in records),
                "rounds": self.rounds,
                "seconds": 0.14 * self.rounds,
            }
        (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
        (folder / "config.toml").write_text(self.config, encoding="utf-8")
        return folder


@pytest.fixture(scope="session")
def recipe() -> Callable[..., Recipe]:
    return Recipe


@pytest.fixture
def typical(tmp_path: Path) -> Path:
    """A run folder of ten contributors, twenty rounds and four strategies."""
    return Recipe().write(tmp_path / "run")
