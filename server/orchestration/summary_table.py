"""The table at the end of a run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from anml_fl.behaviour import is_honest
from anml_fl.method.records import RoundRecord
from anml_fl.reasons.reply_words import plain
from anml_fl.run.branch_name import branch_name
from anml_fl.run.criterion import Criterion
from anml_fl.run.strategy_folder import StrategyFolder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anml_fl.run.parsing import Parse


def table(summary: Mapping[str, Any]) -> Table:
    """Show a run's summary, a row a strategy.

    Parameters
    ----------
    summary : mapping
        As in `summary.json`.
    """
    shown = Table()
    criterion = Criterion(summary.get("metric", ""))
    stopped = any("best_round" in one for one in summary["strategies"].values())
    shown.add_column("strategy")
    best = ("best round",) if stopped else ()
    gated = any(any(one["branches"].values()) for one in summary["strategies"].values())
    branches = ("blend", "krum", "uniform") if gated else ()
    taken = [f"{'' if i else 'rounds: '}{branch_name(b)}" for i, b in enumerate(branches)]
    claimed = any("claimed" in one for one in summary["strategies"].values())
    # Where the server had no rows to test on, its column would be empty.
    first = f"claimed {criterion.name} (median)" if claimed else criterion.title
    # Of nobody's share in a model nothing need be said; in an app nobody knows who attacks.
    attacked = not all(map(is_honest, summary["contributors"].values()))
    weighed = attacked and any(
        one["attacker_weight"] is not None for one in summary["strategies"].values()
    )
    weight = ("attackers' weight",) if weighed else ()
    judged = any("doubted" in one for one in summary["strategies"].values())
    doubted = ("doubted",) if judged else ()
    headings = (first, *best, *weight, *taken, *doubted, "left out")
    for heading in headings:
        # With more to say than usual the columns are as narrow as their words.
        narrow = stopped or criterion.metric or judged
        title = heading.replace(" ", "\n") if narrow else heading
        shown.add_column(title, justify="right")
    for name, one in summary["strategies"].items():
        rounds = one["branches"]
        score = one.get("test_score") if criterion.metric else one["test_error"]
        score = one.get("claimed") if claimed else score
        shown.add_row(
            name,
            "-" if score is None else f"{criterion.digits(score)}{criterion.unit}",
            *((f"{one.get('best_round', '-')}/{one['rounds']}",) if stopped else ()),
            *((_percent(one["attacker_weight"]),) if weighed else ()),
            # Of a rule without branches their columns say nothing.
            *(str(rounds.get(b, 0)) if any(rounds.values()) else "-" for b in branches),
            *((str(one.get("doubted", "-")),) if judged else ()),
            str(one["excluded"]),
        )
    return shown


def left_out(
    out: Path, summary: Mapping[str, Any], parse: Parse = RoundRecord.from_json
) -> str:
    """Say how many replies did not count, and why most of them did not.

    Parameters
    ----------
    out : Path
        The run's folder.
    summary : mapping
        As in `summary.json`.
    parse : callable
        As in `StrategyFolder`.

    Returns
    -------
    str
        Empty if all counted.
    """
    count = sum(one["excluded"] for one in summary["strategies"].values())
    reasons: Counter[str] = Counter()
    learned = False
    for name in summary["strategies"]:
        for record in StrategyFolder(out / name, parse).records():
            reasons.update(plain(one.reason) for one in record.contributors if one.reason)
            reasons.update(record.refused)
            learned = learned or any(one.selected for one in record.contributors)
    if not count:
        return ""
    (reason, times), *_ = reasons.most_common(1)
    most = f"{count} replies were left out, {times} of them: {escape(reason)}"
    nothing = "" if learned else "[bold red]no round changed a model[/bold red]: "
    return f"{nothing}{most}; the report has all reasons"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
