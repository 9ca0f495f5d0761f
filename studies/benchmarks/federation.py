"""What a federation loses to its attackers under each strategy: means over seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.settings.reading import from_flat
from studies.benchmarks.harness import federated, markdown, silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from studies.benchmarks.harness import Progress

STRATEGIES = ("fedavg", "krum", "q_only", "softmax_blend", "anml", "calibrated", "oracle")
# What differs from the default federation, by the name of the case.
CASES: Mapping[str, Mapping[str, str]] = {
    "default: 4 attackers of 10": {},
    "no attackers, moderate signals": {"behaviours": "honest=10"},
    "no attackers, high signals": {"behaviours": "honest=10", "scenario": "high"},
    "8 of 20: 4 forge, for 4 a compromised issuer signs": {
        "contributors": "20",
        "scenario": "adversarial",
        "behaviours": "credential_faking=2,joint=2,compromised_issuer=4",
    },
    "breast cancer, 4 of 10": {"dataset": "breast_cancer"},
    "label skew 0.3, 3 flip labels": {
        "partition": "dirichlet:0.3",
        "behaviours": "label_flip=3",
    },
    "the same, 20 rounds of 2 local epochs": {
        "partition": "dirichlet:0.3",
        "behaviours": "label_flip=3",
        "rounds": "20",
        "local-epochs": "2",
    },
}


@dataclass(frozen=True, slots=True)
class Row:
    """One case: test error at the end, by strategy and seed.

    Parameters
    ----------
    case : str
    errors : mapping
        Strategy to test errors in [0, 1], a seed each.
    """

    case: str
    errors: Mapping[str, tuple[float, ...]]

    def mean(self, strategy: str) -> float:
        """Mean test error of a strategy, in [0, 1]."""
        return float(np.mean(self.errors[strategy]))


def run(
    seeds: Sequence[int] = range(5),
    cases: Mapping[str, Mapping[str, str]] = CASES,
    progress: Progress = silent,
) -> list[Row]:
    """Train every case under every strategy with every seed, on the inline engine.

    Parameters
    ----------
    seeds : sequence of int
    cases : mapping
        Name to settings that differ from the defaults.
    """
    rows = []
    for case, settings in cases.items():
        errors: dict[str, list[float]] = {name: [] for name in STRATEGIES}
        for seed in seeds:
            progress(f"{case}, seed {seed}")
            flat = {"seed": seed, "strategies": ",".join(STRATEGIES), **settings}
            config = from_flat(flat)
            summary = federated(config, lambda _, summary: summary)
            for name in STRATEGIES:
                errors[name].append(summary["strategies"][name]["test_error"])
        rows.append(Row(case, {name: tuple(values) for name, values in errors.items()}))
    return rows


def table(rows: Sequence[Row]) -> str:
    """Write rows as Markdown: mean test error in %, and the default rule's beside the others'.

    Examples
    --------
    >>> row = Row("case", {name: (0.1, 0.2) for name in STRATEGIES})
    >>> print(table([row]).splitlines()[2][:33].rstrip())
    | case | 15.0 ± 7.1 | 15.0 ± 7.1
    """
    heads = ["case", *STRATEGIES, "calibrated / oracle", "calibrated / fedavg"]
    lines = []
    for row in rows:
        cells = [
            f"{100 * row.mean(name):.1f} ± {100 * np.std(row.errors[name], ddof=1):.1f}"
            for name in STRATEGIES
        ]
        ratios = [
            f"{row.mean('calibrated') / row.mean(other):.2f}" if row.mean(other) else "-"
            for other in ("oracle", "fedavg")
        ]
        lines.append([row.case, *cells, *ratios])
    return markdown(heads, lines, rule="|---" + "|---:" * (len(heads) - 1) + "|")
