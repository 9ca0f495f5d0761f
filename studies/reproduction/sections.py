"""Put the report together: summary, settings, tables, figures, claims, our own studies."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from studies.reproduction import figures
from studies.reproduction.claims import claims_table
from studies.reproduction.comparison import rows, variants
from studies.reproduction.contribution_values import contribution_values
from studies.reproduction.contributor_figures import contributor_figure
from studies.reproduction.document import Folded, Section, Text
from studies.reproduction.figure_5 import figure_5, sweep_table
from studies.reproduction.networks import network_blocks
from studies.reproduction.notes import NOTES, TABLE_16
from studies.reproduction.published_tables import published_blocks
from studies.reproduction.rule_comparison import rule_blocks
from studies.reproduction.sample_gates import sample_gate_blocks
from studies.reproduction.settings import differences, settings_blocks, usual_recipe
from studies.reproduction.significance import LEVEL, comparisons
from studies.reproduction.tables import (
    comparison_table,
    metric_table,
    overview,
    significance_table,
    variant_overview,
    variant_table,
    verdict_counts,
)
from studies.reproduction.targets import TABLES, label_of, load_targets, study_of
from studies.reproduction.turning_points import turning_points
from studies.reproduction.verdicts import Verdict
from studies.reproduction.warnings import DRAWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from studies.reproduction.comparison import Row
    from studies.reproduction.document import Block, Grid
    from studies.reproduction.results import Study
    from studies.reproduction.significance import Comparison

OWN = {
    "q-fit-length": "How long to fit before q is taken",
    "baselines": "What q proves beside simpler scores",
    "approximations": "Approximations of q",
    "gate-stage1": "Buying stage 1",
    "gate-rho": "Steering stage 2",
    "sampling": "Sampling beside selection",
    "feature-drift": "Feature drift",
    "exploration": "The exploration bonus",
    "temperature": "Softmax temperature",
    "regression": "Regression",
    "overhead": "What it costs",
    "zero-attack": "No attack at all",
    "label-skew": "Honest contributors with different labels",
    "contributor-updates": "Table 16's attack on a federation: rules on client updates",
    "contributor-curves": "What makes contributor level strong, and what useless",
    "contributor-skew": "Honest contributors who differ: who is thrown out",
    "hospitals": "Heart disease at four hospitals",
    "annotators": "Fifty-nine people who labelled pictures",
    "annotators-federation": "The same people as a federation",
    "writers": "Digits of 180 writers",
    "transformer": "A Transformer and a CNN in the MLP's place",
    "gate-contributors": "Which rule for which contributors",
    "gate-samples": "A gate for samples that learns what credentials are worth",
    "bucketing-3": "Others' tables: buckets, on digits sorted by label",
    "byzfl-heatmap": "Others' tables: ByzFL's heat maps",
    "flanders": "Others' tables: FLANDERS, on a hundred clients",
    "flamby-heart": "Others' tables: FLamby's heart disease",
}
"""Titles of the studies that no table of the paper has, in the order of the page."""

_MAIN = {
    "approximations": ("seconds", "bytes", "spearman"),
    "baselines": ("auc",),
    "exploration": ("selected_novices", "selected_experts"),
    "gate-rho": ("rho_c",),
    "annotators": (
        "spearman",
        "spearman_unchecked",
        "right",
        "coverage",
        "accuracy",
        "mean_weight",
    ),
    "annotators-federation": ("spearman_*", "unchecked_*"),
    "contributor-curves": ("kept_bad", "kept_good_contributors"),
    "contributor-skew": ("error_above_fedavg", "honest_kept", "attackers_kept", "auc"),
    "contributor-updates": ("honest_kept", "attackers_kept", "auc"),
    "hospitals": ("error_*", "agreement"),
    "writers": (
        *("error_students", "added_error_students", "error_employees"),
        *("students_kept", "employees_kept", "attackers_kept", "attackers_weight"),
    ),
    "label-skew": ("auc",),
    "overhead": ("seconds", "milliseconds", "overhead"),
    "q-fit-length": ("auc",),
}
"""Metrics that a study is about, beside the error; * stands for any name."""

_ByVariant = dict[str, dict[str, "tuple[Row, ...]"]]


def sections(
    studies: Mapping[str, Study], stale: Mapping[str, str] | None = None
) -> tuple[Section, ...]:
    """Put the whole report together.

    Parameters
    ----------
    studies : mapping of str to Study
    stale : mapping, optional
        Studies that this code did not make, and what is another: code, data, versions.

    Returns
    -------
    tuple of Section
        The same for the same studies.
    """
    targets = load_targets()
    compared = {table: rows(table, targets, studies) for table in TABLES}
    others = {
        table: {
            name: rows(table, targets, studies, name)
            for name in variants(table, targets, studies.get(study_of(table)))
        }
        for table in TABLES
    }
    claims = claims_table(studies)
    fit = usual_recipe(studies).get("fit")
    old = {name: Text(f"Stale: made with other {why}.") for name, why in (stale or {}).items()}
    return (
        Section("summary", "Summary", _summary(compared, others, claims, fit)),
        Section("claims", "Claims", (Text(_CLAIMS), claims)),
        Section("settings", "How it was measured", settings_blocks(studies)),
        *(
            Section(
                study_of(table),
                f"{label_of(table)}: {title}",
                (
                    *filter(None, [old.get(study_of(table))]),
                    *_table(table, studies, compared[table], others[table]),
                ),
            )
            for table, (title, _) in TABLES.items()
        ),
        Section("figures", "The paper's figures", _figures(studies, compared)),
        *(_own(name, studies, old.get(name)) for name in _own_names(studies)),
    )


_CLAIMS = (
    "Each claim is checked by a function on the files; what is greater, smaller or worse "
    "beyond the interval has a 95 % interval of paired differences that excludes 0."
)


def _over(compared: Mapping[str, Sequence[Row]]) -> str:
    """Say on how many trials the figures rest."""
    trials = [r.ours.trials for rows in compared.values() for r in rows if r.ours is not None]
    if not trials:
        return ""
    least, most = min(trials), max(trials)
    return f", each over {least if least == most else f'{least} to {most}'} trials"


def _summary(
    compared: Mapping[str, Sequence[Row]],
    others: _ByVariant,
    claims: Grid,
    fit: object,
) -> tuple[Block, ...]:
    counts = verdict_counts([row for rows in compared.values() for row in rows])
    ran = sum(counts.values()) - counts[Verdict.NOT_RUN]
    words = [row[1] for row in claims.rows]
    text = (
        f"Of the paper's {sum(counts.values())} figures in these tables {ran} were measured"
        f"{_over(compared)}: "
        f"{counts[Verdict.REPRODUCED]} are reproduced, {counts[Verdict.SAME_DIRECTION]} have "
        f"the same direction, {counts[Verdict.NOT_REPRODUCED]} are not reproduced. Of "
        f"{len(words)} claims {sum('● ' in w for w in words)} hold, "
        f"{sum('○ ' in w for w in words)} do not, {sum('– ' in w for w in words)} without a "
        "verdict."
    )
    titles = {table: title for table, (title, _) in TABLES.items()}
    blocks: list[Block] = [Text(text), overview(compared, titles)]
    if any(others.values()):
        usual = "" if fit is None else f" By default q is taken after {fit} epochs of fitting."
        blocks += [
            Text(
                "Which table needs which variant of the recipe, such as another fit length: "
                f"figures reproduced of those measured.{usual}"
            ),
            variant_overview(compared, others),
        ]
    return tuple(blocks)


def _table(
    table: str,
    studies: Mapping[str, Study],
    compared: Sequence[Row],
    others: Mapping[str, Sequence[Row]],
) -> tuple[Block, ...]:
    study = studies.get(study_of(table))
    blocks: list[Block] = []
    if study is None:
        blocks.append(Text(f"Not run: there are no results of {study_of(table)}."))
    if table == "16":
        blocks += [Text(said) for said in TABLE_16]
    blocks.append(comparison_table(compared))
    if study is None:
        return tuple(blocks)
    if table == "16":
        blocks += [Text("Every version:"), sweep_table(study)]
    if others:
        blocks += [
            Text("The same figures in other variants of the recipe:"),
            variant_table(compared, others),
        ]
        blocks += [
            Folded(f"Row by row: {name}", (comparison_table(found),))
            for name, found in others.items()
        ]
    blocks += _tests(study)
    blocks += _measured(study, studies, opened=False)
    return tuple(blocks)


def _tests(study: Study) -> list[Block]:
    found = comparisons(study)
    if not found:
        return []
    return [Text(_tests_in_words(found)), Folded("Paired tests", (significance_table(found),))]


def _tests_in_words(found: Sequence[Comparison]) -> str:
    sure = [one for one in found if one.holm < LEVEL]
    better = sum(one.difference.value > 0 for one in sure)
    judged = [one for one in found if one.normal is not None]
    failed = sum(one.normal is False for one in judged)
    return (
        f"Against Krum, {len(found)} comparisons: after Holm's correction (p < {LEVEL:g}) "
        f"{better} are better and {len(sure) - better} worse. Normality fails in {failed} of "
        f"{len(judged)} that could be tested."
    )


def _measured(study: Study, studies: Mapping[str, Study], *, opened: bool) -> list[Block]:
    tables = [(metric, metric_table(study, metric)) for metric in study.metrics]
    main = next((m for m in ("error", "mae") if m in study.metrics), None)
    wanted = (*_MAIN.get(study.name, ()), main or next(iter(study.metrics), ""))
    first = {m for m in study.metrics if any(fnmatchcase(m, one) for one in wanted)}
    blocks: list[Block] = [grid for metric, grid in tables if opened and metric in first]
    rest: list[Text | Grid] = [grid for m, grid in tables if not (opened and m in first)]
    if rest:
        title = "Everything else that was measured" if opened else "Everything measured"
        blocks.append(Folded(title, tuple(rest)))
    recipes = differences(study, studies)
    if recipes is not None:
        blocks.append(Folded("Settings by condition", (recipes,)))
    return blocks


def _figures(
    studies: Mapping[str, Study], compared: Mapping[str, Sequence[Row]]
) -> tuple[Block, ...]:
    drawn = [
        figures.combination_methods(compared, studies),
        figures.data_efficiency(compared),
        figures.dataset_scales(compared, studies),
        figures.quality_groups(compared, studies),
        figure_5(studies.get("table-16")),
        figures.joint_attack(studies),
    ]
    found = tuple(one for one in drawn if one is not None)
    return found or (Text("Not run: there is nothing to draw."),)


def _own_names(studies: Mapping[str, Study]) -> list[str]:
    of_paper = {*map(study_of, TABLES), DRAWN}
    return [*OWN, *(name for name in studies if name not in OWN and name not in of_paper)]


def _own(name: str, studies: Mapping[str, Study], stale: Text | None) -> Section:
    study = studies.get(name)
    title = OWN.get(name, name)
    if study is None:
        return Section(name, title, (Text(f"Not run: there are no results of {name}."),))
    blocks: list[Block] = [] if stale is None else [stale]
    blocks += [Text(said) for said in NOTES.get(name, ())]
    draw = figures.fit_lengths if name == "q-fit-length" else contributor_figure
    drawn = draw(study)
    if drawn is not None:
        blocks.append(drawn)
    for derived in (turning_points(study), contribution_values(study)):
        if derived is not None:
            blocks.append(derived)
    told = (*network_blocks(study), *rule_blocks(study), *published_blocks(study))
    blocks += told
    blocks += sample_gate_blocks(study)
    blocks += _measured(study, studies, opened=not told)
    blocks += _tests(study)
    return Section(name, title, tuple(blocks))
