"""Pictures of the concepts: what they show is worked out by the code that they are about."""

from __future__ import annotations

import numpy as np
from drawing import Shapes, bar, box, dot, figure, line, text

from anml_fl import (
    ContributorRecord,
    RoundRecord,
    consistency,
    krum_scores,
    payouts,
    two_stage,
)
from anml_fl.method.calibrated.credential_worth import C
from anml_fl.method.calibrated.judging import BASE, KEPT
from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.reasons.schemes import Dials

UPDATES = np.array([[1.0, 0.9], [1.4, 1.1], [0.8, 1.3], [1.3, 0.6], [-0.9, -0.4]])
"""Four updates that agree, and one that does not: those of the page's example."""


def signals() -> str:
    """Draw updates in a plane, and the q of each."""
    q = consistency(krum_scores(UPDATES, n_byzantine=1))
    drawn: Shapes = [text(20, 20, "updates, as far as two of their numbers go", "strong")]
    places = [(150 + 90 * x, 150 - 80 * y) for x, y in UPDATES]
    for x, y in places:
        away = 1 - 9 / np.hypot(x - 150, y - 150)  # up to the dot
        drawn.append(
            line((150, 150), (150 + away * (x - 150), 150 + away * (y - 150)), kind="arrow")
        )
    drawn += [dot(150, 150, "plain"), text(150, 175, "common model", "mid faint")]
    drawn.append(text(380, 20, "q of each", "strong"))
    for i, (value, (x, y)) in enumerate(zip(q, places, strict=True)):
        name, kind = "abcde"[i], "good" if value > 0.5 else "bad"
        side = -12 if x < 150 else 12
        drawn += [dot(x, y, kind), text(x + side, y + 4, name, "end" if side < 0 else "")]
        row = 40 + 28 * i
        drawn += [text(380, row + 12, name), bar(400, row, 160 * value, kind)]
        drawn.append(text(406 + 160 * value, row + 12, f"{value:.2f}"))
    about = (
        "Five updates: a to d go the same way and have a q near 1, e goes another, its q is 0."
    )
    return figure(drawn, (620, 215), about)


GATE = (
    ("all well vouched for", [0.5, 0.6, 0.4, 0.5]),
    ("q and s agree", [0.6, 0.5, 0.4, 0.1]),
    ("q and s disagree", [0.1, 0.2, 0.3, 0.9]),
)
"""Outside signals of four contributors, whose q is below."""
GATE_Q = np.array([1.0, 0.9, 0.8, 0.1])


def gate() -> str:
    """Draw the two questions, and the weights of four contributors in each branch."""
    drawn: Shapes = [
        box(20, 30, 170, 44), text(105, 57, "every s above 0.35?", "mid"),
        line((190, 52), (250, 52), kind="arrow"), text(220, 45, "no", "mid faint"),
        box(250, 30, 190, 44), text(345, 57, "do q and s correlate above 0.3?", "mid small"),
        line((440, 52), (500, 52), (500, 96), kind="arrow"), text(480, 45, "no", "mid faint"),
        line((105, 74), (105, 96), kind="arrow"), text(112, 89, "yes", "faint"),
        line((345, 74), (345, 96), kind="arrow"), text(352, 89, "yes", "faint"),
    ]  # fmt: skip
    titles = {"uniform": "all the same", "blend": "q and s blended", "krum": "q alone"}
    for left, (case, s) in zip((20, 230, 440), GATE, strict=True):
        decided = two_stage(GATE_Q, np.array(s))
        weights = decided.weights / decided.weights.sum()
        drawn += [
            text(left, 116, titles[str(decided.branch)], "strong"),
            text(left, 133, case, "faint"),
        ]
        for i, (q, one, weight) in enumerate(zip(GATE_Q, s, weights, strict=True)):
            row = 146 + 24 * i
            kind = "bad" if q < 0.5 else "good"
            drawn += [
                text(left, row + 12, f"q {q:g}, s {one:g}", "small"),
                bar(left + 84, row, 150 * weight, kind),
                text(left + 90 + 150 * weight, row + 12, f"{weight:.0%}", "small"),
            ]
    about = (
        "The two questions of the gate, and in each of its three branches the weights of four"
        " contributors, the last of whom sends an update that is far from the others'."
    )
    return figure(drawn, (640, 250), about)


def evidence() -> str:
    """Draw where evidence decides, and where credentials may."""
    left, right, middle = 60, 600, 330
    scale = (right - left) / 12

    def at(e: float) -> float:
        return middle + scale * e

    drawn: Shapes = [
        box(at(-6), 60, scale * (6 - C), 46, "bad"),
        box(at(-C), 60, scale * 2 * C, 46, "other"),
        box(at(C), 60, scale * (6 - C), 46, "good"),
        text(at(-6 + (6 - C) / 2), 88, "left out", "mid inside"),
        text(at(0), 80, "credentials", "mid inside"),
        text(at(0), 97, "decide", "mid inside"),
        text(at(6 - (6 - C) / 2), 88, "kept", "mid inside"),
        line((left, 120), (right, 120), kind="arrow"),
        text(left, 30, "evidence about an update, e, in nats", "strong"),
        text(left, 48, "whatever the credentials are, they move e by no more than c", "faint"),
    ]
    for e, name in ((-C, f"−c = −{C:.1f}"), (0, "0"), (C, f"c = {C:.1f}")):
        drawn += [line((at(e), 114), (at(e), 126)), text(at(e), 142, name, "mid")]
    nothing = BASE - KEPT
    drawn += [
        line((at(nothing), 172), (at(nothing), 150), kind="arrow"),
        text(at(nothing), 187, f"nothing is known: {nothing:.1f}", "mid"),
    ]
    about = (
        "Evidence below minus c leaves an update out and evidence above c keeps it, whatever"
        " anybody's credentials are; in between they decide."
    )
    return figure(drawn, (640, 200), about)


def ledger() -> str:
    """Draw entries, each with the hash of the one before, and a round's payouts."""
    weights, pool = [0.4, 0.35, 0.25, 0.0], 1_000_000
    paid = payouts(weights, pool)
    drawn: Shapes = []
    parts = ("open", "round 1", "round 2", "close")
    inside = ("settings, key", "record, model", "record, model", "totals, files")
    for i, (name, holds) in enumerate(zip(parts, inside, strict=True)):
        left = 20 + 155 * i
        drawn += [
            box(left, 20, 120, 74),
            text(left + 60, 40, name, "mid strong"),
            text(left + 60, 58, holds, "mid small"),
            text(left + 60, 74, "hash of the one before", "mid tiny"),
            text(left + 60, 88, "signature", "mid tiny"),
        ]
        if i:
            drawn.append(line((left, 57), (left - 35, 57), kind="arrow"))
    drawn.append(line((235, 94), (235, 116), kind="faint"))
    drawn.append(text(20, 130, f"round 1 shares out {pool:,} by weight", "strong"))
    for i, (weight, one) in enumerate(zip(weights, paid, strict=True)):
        row = 142 + 22 * i
        drawn += [
            text(20, row + 12, f"site {'abcd'[i]}, weight {weight:.2f}"),
            bar(160, row, 500 * weight, "good" if one else "bad"),
            text(168 + 500 * weight, row + 12, f"{one:,}"),
        ]
    about = (
        "A ledger: each entry holds the hash of the one before and is signed; a round's entry"
        " shares out the pool by weight."
    )
    return figure(drawn, (640, 240), about)


def reasons() -> str:
    """Draw how the parts of a weight lead from an equal share to it."""
    people = [
        ContributorRecord(who, q, 0.8, 0.4, 1.0, 0.32, weight, True, examples=examples)
        for who, q, examples, weight in (
            ("site-a", 1.0, 100.0, 0.4),
            ("site-b", 0.5, 200.0, 0.4),
            ("site-c", 0.5, 100.0, 0.2),
        )
    ]
    record = RoundRecord(1, "anml", "krum", float("nan"), 0.32, tuple(people))
    reason = RoundReasons(record, Dials(fraction=1.0)).of("site-b")
    left, scale = 160, 900.0
    drawn: Shapes = [text(20, 24, "the weight of site-b", "strong")]
    rows = [("an equal share", 0.0, reason.equal, "other")]
    reached = reason.equal
    for factor, part in reason.parts.items():
        rows.append((factor, reached, part, "good" if part > 0 else "bad"))
        reached += part
    rows.append(("its weight", 0.0, reached, "other"))
    for i, (name, start, length, kind) in enumerate(rows):
        row = 40 + 28 * i
        shown = f"{length:+.1%}" if 0 < i < len(rows) - 1 else f"{length:.1%}"
        drawn += [
            text(20, row + 12, name),
            bar(left + scale * start, row, scale * length, kind),
            text(left + scale * max(start, start + length) + 8, row + 12, shown),
        ]
    about = (
        "From an equal share of a third, what q took and what the number of examples gave, to"
        " the weight of site-b."
    )
    return figure(drawn, (640, 160), about)


PICTURES = {one.__name__: one for one in (signals, gate, evidence, ledger, reasons)}
