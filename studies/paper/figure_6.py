"""Figure 6: q against s under the naive and the joint attack, sample by sample."""

from __future__ import annotations

from studies.paper.table_17 import ATTACKS
from studies.sample.fitted import Fitted
from studies.study import Cell, Row, Study, Variant


def variants(dataset: str) -> tuple[Variant, ...]:
    """List the two attacks of the figure; a method is who gave the sample."""
    return tuple(
        Variant(name, ATTACKS[name], ("honest", "attacker"))
        for name in ("naive_flip", "joint")
    )


def run(cell: Cell) -> list[Row]:
    """Take q and s of every sample; `trial` numbers samples, trial after trial."""
    rows = []
    for variant in cell.variants:
        fitted = Fitted.of(cell, [variant])
        for place, trial in enumerate(cell.trials):
            q = fitted.consistency(place, variant.recipe)
            s = fitted.signals(place, variant.recipe).s
            for i, attacker in enumerate(fitted.drawn[place].attacker):
                who, number = variant.methods[int(attacker)], trial * q.size + i
                rows.append(cell.row(variant, who, "q", q[i], number))
                rows.append(cell.row(variant, who, "s", s[i], number))
    return rows


STUDY = Study(
    name="figure-6",
    title="Consistency against the external signal",
    source="Figure 6, section 5.12",
    trials={"wine": 1},
    variants=variants,
    run=run,
    trained=False,
)
