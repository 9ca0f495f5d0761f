"""Write `report.html`: one file, everything inline, nothing fetched."""

from __future__ import annotations

from functools import partial
from shlex import quote
from typing import TYPE_CHECKING, Any

from anml_fl.page.folding import folding
from anml_fl.page.packing import Texts
from anml_fl.page.plotted import embedded, plotted
from anml_fl.page.theme import ATTACKER_MARK
from anml_fl.run.attribution import load_attribution
from anml_fl.run.class_names import class_names
from anml_fl.run.files import REPORT
from anml_fl.run.parsing import parsed_once
from anml_fl.run.reading import load_run
from anml_fl.run.settled_shares import settled_by_ledger, without_settled
from anml_fl.run.verification import UNCHECKED, verify_run
from anml_fl.run.worth import load_worth
from anml_fl.settings.run import APP
from anml_fl.system.files import refuse_link, write_whole
from anml_fl.system.untrusted_text import visible
from server.report import round_figures, tables
from server.report.attribution_figure import (
    attribution,
    attribution_table,
    estimators_table,
)
from server.report.claimed_metric import claimed_metric
from server.report.claims_figure import claimed_result, claims_figure, claims_table
from server.report.class_table import class_table
from server.report.data_words import data_words, rows_tested, settings_of
from server.report.gate_figure import MOST_TOLD, gate, narrowest
from server.report.judgement_figure import posteriors
from server.report.judgement_table import judged
from server.report.own_data import own_data_figure, own_data_table, stands_apart
from server.report.registry_words import registry_asked
from server.report.reputation_figure import reputation, weight_curves
from server.report.shown_settings import shown_settings
from server.report.template import TEMPLATE
from server.report.weights_figure import weights
from server.report.why import ends, last_sentences, over_sentences, over_table, why_of
from server.report.why_figure import why_figure
from server.report.wording import attacked, imbalance, result, sentence, simulated
from server.report.worth_figure import worth_figure, worth_notes, worth_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anml_fl.page.plot import Plot
    from anml_fl.run.attribution import Attribution
    from anml_fl.run.parsing import Parse
    from anml_fl.run.reading import Run
    from anml_fl.run.verification import Verification
    from anml_fl.run.worth import Worth


_MOST_WHY = 600  # letters of why a round is held


def write_report(
    folder: Path, verification: Verification | None = None, parse: Parse | None = None
) -> Path:
    """Write the report of a finished run into its folder.

    Parameters
    ----------
    folder : Path
        The run's folder, as `load_run` describes it.
    verification : Verification, optional
        What `verify_run` has found already.
    parse : callable, optional
        What reads a round's line elsewhere too; from `parsed_once`.

    Returns
    -------
    Path
        `folder / "report.html"`, about 5 MB, nearly all of it plotly.js. The same folder
        gives the same bytes.

    Raises
    ------
    FileNotFoundError
        If a file that every run has is missing.
    ValueError
        If a file says something else than it should; the message names file and place.
    OSError
        If the page cannot be written, or a link stands in its place.
    """
    parse = parse or parsed_once()
    run = load_run(folder, parse)
    verification = verification or verify_run(folder, parse)
    try:
        found = load_attribution(folder, run.summary.contributors)
        worth = load_worth(folder, run.summary.contributors)
    except ValueError:
        if not verification.altered:
            raise
        found = worth = None  # what does not fit stands on the page, above all else
    classes = class_names(folder, run.summary.dataset)
    name = folder.resolve().name
    page = render(run, found, verification, worth, classes, name=name)
    path = folder / REPORT
    refuse_link(path)
    write_whole(path, page.encode())
    return path


def render(
    run: Run,
    found: Attribution | None = None,
    verification: Verification = UNCHECKED,
    worth: Worth | None = None,
    classes: Sequence[str] = (),
    *,
    name: str = "RUN",
) -> str:
    """Write the page as text.

    Parameters
    ----------
    run : Run
    found : Attribution, optional
        What `anml attribution` found for it.
    verification : Verification
        What came of checking it against its ledger.
    worth : Worth, optional
        Whether joining is worth it, if the run asked.
    classes : sequence of str
        What classes are called, in their order.
    name : str
        The folder's, without a path.

    Returns
    -------
    str
        HTML.
    """
    summary = run.summary
    total = f"{summary.seconds:.1f} s" if summary.seconds is not None else "not timed"
    what, which = (
        f"Data set: {data_words(summary.dataset, run.config)}",
        "One run with one seed.",
    )
    if summary.tested_on:
        what = f"Task: {summary.dataset}, tested on {summary.tested_on}"
    what += f". Engine: {summary.engine}. Seed: {summary.seed}."
    if summary.engine == APP:
        what = "A Flower app: its data, its model and its training are its own affair."
        which = "One run."
    facts = f"{what} Contributors: {len(summary.contributors)}. Time: {total}. {which}"
    if run.left_out:
        facts += f" Took no part, by the settings: {run.left_out}."
    if verification.note:
        facts += f" {verification.note}"
    paid = verification.payouts
    if found and paid is not None:
        found = settled_by_ledger(found, paid)
    elif found and (found.settled_by == "ledger" or verification.altered):
        found = without_settled(found)
    weightless = [visible(s.name, 40) for s in run.strategies if not s.weighing]
    asked = registry_asked(run.config)
    # Where s is the same for all there is nothing to compare, but for a gate that decided.
    compared = asked or run.lead.branching
    texts, why = Texts(), why_of(run)

    def shown(plot: Plot | None) -> dict[str, Any] | None:
        return None if plot is None else embedded(plot, texts=texts)

    content: dict[str, object] = {
        "title": visible(summary.name),
        "result": result(run) or claimed_result(run),
        "claims": claims_table(run),
        "claims_plot": shown(claims_figure(run)),
        "claimed_better": claimed_metric(run).better,
        "facts": visible(facts, 800),
        "tested_on": visible(summary.tested_on or rows_tested(settings_of(run.config)), 200),
        "claimed_on": "its own test loader"
        if summary.tested_on
        else "a fifth of its rows, on which it does not train",
        "sites": "contributors" if summary.engine == APP else "sites",
        "warning": visible(verification.warning, 800),
        "key": verification.key,
        "lead": visible(run.lead.name, 40),
        "last_number": run.lead.records[-1].round,
        "overview": tables.overview(run),
        "imbalance": imbalance(run, classes),
        "by_class": class_table(run, classes),
        "criterion": run.criterion,
        "valued": "R²" if run.criterion.of_values else "accuracy",
        "last_round": tables.last_round(run, why.last),
        "left_out": tables.left_out(run),
        "earned": None if paid is None else tables.earned(run, verification.earned or paid),
        "held": verification.decided
        and [
            {**one, "why": visible(one["why"], _MOST_WHY)}
            for one in verification.decided.told()
        ],
        "attribution": shown(attribution(found)),
        "worth": found and attribution_table(found),
        "estimators": found and estimators_table(found),
        "settled_by": found and found.settled_by,
        "refused": tables.refused_credentials(run),
        "reputation": shown(reputation(run)),
        "weight_curves": shown(weight_curves(run)),
        "error": shown(round_figures.error_by_round(run)),
        "app_score": shown(round_figures.app_score(run)),
        "gate": shown(gate(run) if compared else None),
        "registry": asked,
        "narrowest": narrowest(len(run.summary.contributors)),
        "gate_painted": len(run.summary.contributors) > MOST_TOLD,
        "judged": judged(run),
        "posteriors": shown(posteriors(run)),
        "weights": shown(weights(run)),
        "why_ends": ends(why),
        "run_name": visible(quote(name), 200),
        "why_rounds": why.rounds,
        "factors": why.factors,
        "why_known": why.known,
        "why_plot": shown(why_figure(run, why)),
        "why_over": over_table(run, why),
        "why_told": over_sentences(why),
        "why_last": last_sentences(why),
        "own_data_plot": shown(own_data_figure(run)),
        "own_data": run.summary.holdings and own_data_table(run),
        "apart": stands_apart(run),
        "worth_unasked": not worth and bool(summary.holdings),
        "joining": worth and worth_table(worth),
        "joining_plot": shown(worth_figure(worth) if worth else None),
        "joining_by": worth and visible(worth.strategy, 40),
        "joining_repeats": worth and worth.repeats,
        "joining_left_out": worth_notes(worth) if worth else (),
        "branches": shown(round_figures.branches(run)),
        "correlation": shown(round_figures.correlation(run)),
        "weightless": f" Without weights: {', '.join(weightless)}." if weightless else "",
        "mark": ATTACKER_MARK,
        "known": simulated(run),
        "attacked": attacked(run),
        "app": summary.engine == APP,
        "tau_h": f"{run.tau_h:g}",
        "tau_c": f"{run.tau_c:g}",
        "config": shown_settings(run.config),
    }
    return plotted(
        TEMPLATE,
        content,
        filters={"sentence": sentence, "folded": partial(folding, texts=texts)},
        texts=texts,
    )
