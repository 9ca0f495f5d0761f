"""The report of a hunt: `report.md`, `report.html`, and `attacks.json` to replay from."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

from anml_fl.page.document import document
from anml_fl.page.grid import Grid
from anml_fl.system.files import write_whole
from studies.redteam.attack import Attack
from studies.redteam.hunt import ATTACKS, FRESH, SEEDS, Hunt, called
from studies.redteam.setting import SETTINGS
from studies.redteam.words import KNOWLEDGE, in_words
from studies.reproduction.markdown import escaped

if TYPE_CHECKING:
    from pathlib import Path

    from studies.redteam.evaluation import Found

_PAGE = """\
{%- extends "document" %}
{%- from "parts" import table %}
{%- block head %}
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
{%- endblock %}
{%- block header %}
  <p class="result">{{ result }}</p>
{%- endblock %}
{%- block main %}
{% for part in parts -%}
<h2>{{ part.title }}</h2>
<p>{{ part.text }}</p>
{{ table(part.grid, label=part.title) }}
{% endfor -%}
<p class="note"><code>{{ command }}</code></p>
{%- endblock %}
"""

# A table of words wraps; one of numbers does not.
_STYLE = """
td.text { min-width: 5rem; white-space: normal; }
td.text:nth-child(3) { min-width: 16rem; }
"""


class _Part(NamedTuple):
    title: str
    text: str
    grid: Grid


def write_report(hunt: Hunt, folder: Path, command: str) -> list[Path]:
    """Write what a hunt found; the same hunt gives the same bytes.

    Parameters
    ----------
    hunt : Hunt
    folder : Path
    command : str
        That found it.

    Returns
    -------
    list of Path
        The page, the text, the attacks.
    """
    title = f"Red team: {called(hunt.target.rule, root=hunt.target.root)}"
    result, parts = _result(hunt), _parts(hunt)
    page = document(
        _PAGE,
        {"title": title, "result": result, "parts": parts, "command": command},
        style=_STYLE,
    )
    lines = [f"# {escaped(title)}", escaped(result)]
    for part in parts:
        lines += [f"## {part.title}", escaped(part.text), as_markdown(part.grid)]
    lines.append(f"    {command}")
    written = {
        "report.html": page,
        "report.md": "\n\n".join(lines) + "\n",
        ATTACKS: json.dumps(_attacks(hunt), indent=1, sort_keys=True) + "\n",
    }
    for name, text in written.items():
        write_whole(folder / name, text.encode())
    return [folder / name for name in written]


def as_markdown(grid: Grid) -> str:
    """Write a table as Markdown.

    Examples
    --------
    >>> print(as_markdown(Grid(("Rule", "Error*"), (("krum", "6.2"),))))
    | Rule | Error |
    | --- | --: |
    | krum | 6.2 |
    """
    heads = [name for name, _ in grid.columns]
    rules = ["--:" if kind == "number" else "---" for _, kind in grid.columns]
    rows = [[escaped(cell) for cell in row] for row in grid.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, rules, *rows])


def _result(hunt: Hunt) -> str:
    worst = max((hunt.worst_of(share) for share in hunt.shares), key=lambda one: one.harm)
    attack = worst.attack
    return (
        f"The worst of {hunt.tried} attacks: {_points(worst.harm)} points above the oracle,"
        f" with {_attackers(hunt, attack.share)} attacking ({in_words(attack)}; they know"
        f" {KNOWLEDGE[attack.knowledge]})."
    )


def _parts(hunt: Hunt) -> list[_Part]:
    setting = SETTINGS[hunt.target.dataset]
    where = (
        f"{setting.dataset}, {setting.contributors} contributors, {setting.partition},"
        f" {setting.rounds} rounds; means over {len(SEEDS)} seeds, test error in %. The oracle"
        " averages the honest alone. Bound: the most that an attacker used of what the rule's"
        " influence bound allowed it."
    )
    worst = Grid(
        (
            "Attackers",
            "They know",
            "Attack",
            "Error*",
            "Oracle*",
            "Above*",
            "Weight*",
            "Bound*",
        ),
        tuple(
            (
                _attackers(hunt, share),
                KNOWLEDGE[knows],
                in_words(found.attack),
                *_numbers(found),
                _percent(found.mean("weight")),
                _percent(found.mean("bound_used")),
            )
            for (share, knows), found in hunt.worst.items()
        ),
    )
    again = Grid(
        ("Attackers", "Worst above*", "On fresh seeds*", "Doing nothing*"),
        tuple(
            (
                _attackers(hunt, share),
                _points(hunt.worst_of(share).harm),
                _points(hunt.again[share].harm),
                _points(hunt.nothing[share].harm),
            )
            for share in hunt.shares
        ),
    )
    checked = (
        f"A search fits its own seeds ({_listed(SEEDS)}): the worst of each share on others"
        f" ({_listed(FRESH)}). Who does nothing harms nobody: below 0 is what the attackers'"
        " honest data would have brought, which the oracle does without."
    )
    parts = [_Part("The worst found", where, worst), _Part("The check", checked, again)]
    if hunt.transferred:
        rows = [
            (
                rule,
                _attackers(hunt, found.attack.share),
                in_words(found.attack),
                *_numbers(found),
            )
            for rule, found in hunt.transferred
        ]
        titles = ("Worst against", "Attackers", "Attack", "Error*", "Oracle*", "Above*")
        text = "What was found against other rules, tried on this one as it is."
        parts.append(_Part("Transfers", text, Grid(titles, tuple(rows))))
    return parts


def _attacks(hunt: Hunt) -> dict[str, object]:
    return {
        "rule": hunt.target.rule,
        "root": hunt.target.root,
        "dataset": hunt.target.dataset,
        "tried": hunt.tried,
        "seeds": list(SEEDS),
        "worst": [
            {
                "share": share,
                "knowledge": knows,
                "harm": round(found.harm, 6),
                "error": found.mean("error"),
                "oracle": found.mean("oracle"),
                "words": in_words(found.attack),
                "attack": asdict(found.attack),
            }
            for (share, knows), found in hunt.worst.items()
        ],
        "again": [
            {"share": share, "harm": round(found.harm, 6)}
            for share, found in hunt.again.items()
        ],
        "nothing": [
            {"share": share, "harm": round(found.harm, 6)}
            for share, found in hunt.nothing.items()
        ],
        "transferred": [
            {"from": rule, "harm": round(found.harm, 6), "attack": asdict(found.attack)}
            for rule, found in hunt.transferred
        ],
    }


def _attackers(hunt: Hunt, share: float) -> str:
    total = SETTINGS[hunt.target.dataset].contributors
    return f"{Attack(share=share).attackers(total)} of {total}"


def _numbers(found: Found) -> tuple[str, str, str]:
    error, oracle = found.mean("error"), found.mean("oracle")
    return f"{100 * error:.1f}", f"{100 * oracle:.1f}", _points(found.harm)


def _points(harm: float) -> str:
    return f"{harm:+.1f}"


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.0%}"


def _listed(seeds: tuple[int, ...]) -> str:
    return " and ".join(map(str, seeds))
