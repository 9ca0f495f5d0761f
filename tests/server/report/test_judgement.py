"""The page of a run that weighs evidence: why each contributor weighs what it does."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import plotly.graph_objects as go
import pytest

from anml_fl.method.calibrated.evidence import KINDS
from anml_fl.method.judgement import ContributorJudgement, RoundJudgement
from anml_fl.reasons.evidence_words import evidence, kinds, signed
from anml_fl.reasons.round_reasons import RoundReasons
from anml_fl.reasons.schemes import Dials
from anml_fl.reasons.words import because
from anml_fl.run.reading import load_run
from server.orchestration.summary_table import table as summary_table
from server.page.columns import round_columns
from server.page.following import Following
from server.report import tables
from server.report.judgement_figure import MOST_TOLD, posteriors
from server.report.judgement_table import judged
from server.report.page import write_report
from server.report.why import why_of

EVIL = "</script><script>alert(1)</script>"
ALL = RoundJudgement(
    root="80 rows of the server's",
    base_rate=math.log(4),
    c=2.2,
    slopes={"v": 0.7, "r": 0.1},
    cap=2.0,
)


def of(evidence, kept=True, /, **changes):
    given = {
        "evidence": evidence,
        "l": sum(evidence.values()),
        "worth": 0.5,
        "posterior": 0.9 if kept else 0.04,
        "copies": 1.0,
        "norm": 1.0,
        "bound": 0.25,
    }
    return ContributorJudgement(**(given | changes))


FOR = {"company": 0.4, "root direction": 1.5}
AGAINST = {"company": -2.8, "root direction": -1.5}


def weighed(whole=ALL, **changes):
    """Change a recipe's records: whoever was not selected, as by the evidence."""

    def change(record):
        if record.strategy != "calibrated":
            return record
        people = tuple(
            one
            if one.reason
            else replace(
                one,
                judgement=of(FOR if one.selected else AGAINST, one.selected, **changes),
            )
            for one in record.contributors
        )
        return replace(record, contributors=people, judgement=whole)

    return change


@pytest.fixture
def made(recipe, tmp_path):
    def make(change=None, **settings):
        settings = {
            "strategies": {"fedavg": 0.1, "calibrated": 0.05},
            "branching": (),
        } | settings
        return recipe(change=change or weighed(), **settings).write(tmp_path / "judged")

    return make


def last_round(run):
    return tables.last_round(run, why_of(run).last)


def column(grid, title):
    titles = [name for name, _ in grid.columns]
    return [row[titles.index(title)] for row in grid.rows]


def test_the_table_has_every_number_of_the_last_round(made):
    run = load_run(made())
    found = judged(run)
    record = run.lead.records[-1]
    people = [one for one in record.contributors if one.judgement]
    assert (run.lead.name, found.strategy, found.number) == ("calibrated", "calibrated", 20)
    assert column(found.table, "Contributor") == [one.contributor for one in people]
    assert set(column(found.table, "Company")) == {"+0.4", "−2.8"}
    assert set(column(found.table, "l")) == {"+1.9", "−4.3"}
    assert set(column(found.table, "Worth of v, r")) == {"+0.5"}
    assert set(column(found.table, "Posterior (%)")) == {"90.0", "4.0"}
    assert set(column(found.table, "Length")) == {"1.00"}
    assert set(column(found.table, "Part at most")) == {"0.25"}
    weights = [f"{100 * one.weight:.1f}" for one in people]
    assert column(found.table, "Weight (%)") == weights
    assert column(found.table, "Kept") == ["yes" if one.selected else "no" for one in people]
    # Somebody who sent no valid reply was not judged.
    assert len(people) == len(record.contributors) - 1


def test_what_vouches_is_said_and_what_held_for_all(made):
    found = judged(load_run(made()))
    assert found.root == "What vouches for the evidence: 80 rows of the server's."
    assert "with 80.0\xa0% (base rate +1.4)" in found.facts
    assert "r 0.10, v 0.70" in found.facts
    assert "at most ±2.2" in found.facts
    assert "by more than 0.25 times the length of the round's middle" in found.influence
    assert "cut to" not in found.facts


def test_without_trusted_rows_the_page_says_what_is_not_promised(made):
    found = judged(load_run(made(weighed(replace(ALL, root="none", damping=0.5)))))
    assert "no rule that was tried is safe against 40 % of contributors" in found.root
    assert "The step was cut to 50.0\xa0%" in found.facts


def test_whoever_is_left_out_reads_why_in_a_sentence(made):
    run = load_run(made())
    found = judged(run)
    out = [o for o in run.lead.records[-1].contributors if o.judgement and not o.selected]
    assert out
    reasons = RoundReasons(run.lead.records[-1], Dials())
    said = {one.contributor: because(reasons.of(one.contributor)) for one in out}
    assert dict(found.left_out.rows) == said
    shown = last_round(run)
    told = dict(zip(column(shown, "Contributor"), column(shown, "Why"), strict=True))
    assert {name: told[name] for name in said} == said


def test_kinds_that_nobody_knows_stand_behind_those_that_are_known():
    people = (None, {"zeal": 1.0, "output rows": 1.0}, {"company": 1.0, "age": 1.0})

    class One:
        def __init__(self, evidence):
            self.judgement = evidence and of(evidence)

    assert kinds(tuple(map(One, people))) == ("company", "output rows", "age", "zeal")


def test_a_round_in_which_nobody_is_kept_says_so_and_blames_nobody(made):
    def change(record):
        record = weighed()(record)
        people = tuple(replace(one, selected=False) for one in record.contributors)
        return replace(record, contributors=people, note="the new model would not be finite")

    run = load_run(made(change))
    found = judged(run)
    assert found.nobody == (
        "Nobody's update went into the model: the new model would not be finite."
    )
    told = column(last_round(run), "Why")
    said = "nobody's update was used: the new model would not be finite"
    assert set(told) == {said, "no valid reply: update is not finite"}


def test_without_a_bound_the_page_says_so(made):
    found = judged(load_run(made(weighed(bound=math.inf), names=["a", "b"], attackers=0)))
    assert column(found.table, "Part at most") == ["no bound"] * 2
    assert found.influence.startswith("Nothing bounds how far one contributor could")


def test_the_figure_has_the_posterior_of_everyone_and_why(made):
    run = load_run(made())
    plot = posteriors(run)
    assert list(plot.groups) == ["calibrated"]
    heat, crosses = plot.groups["calibrated"][0].data
    assert {x for row in heat["z"] for x in row} == {90.0, 4.0, None}
    assert (heat["zmin"], heat["zmax"]) == (0, 100)
    assert heat["text"][0][0].startswith("company ")
    out = sum(not p.selected for record in run.lead.records for p in record.contributors)
    assert len(crosses["x"]) == out
    assert {"update is not finite"} < set(crosses["text"])
    for view in plot.groups["calibrated"]:
        go.Figure({"data": view.data, "layout": view.layout})


def test_of_very_many_the_figure_tells_no_evidence(made):
    rounds, people = 201, 50
    assert rounds * people > MOST_TOLD
    names = [f"c{i}" for i in range(people)]
    plot = posteriors(
        load_run(made(names=names, rounds=rounds, strategies={"calibrated": 0.1}))
    )
    assert "text" not in plot.groups["calibrated"][0].data[0]


def test_the_page_of_a_run_without_judgements_has_no_such_section(typical, made):
    for folder, there in ((typical, False), (made(), True)):
        page = write_report(folder).read_text(encoding="utf-8")
        assert ("Whatever it had sent, no contributor could" in page) is there
        assert ('id="data-posteriors"' in page) is there
        assert ("<dt>Base rate</dt>" in page) is there
        # The gate's figures are of the gate's rounds.
        assert ("The paper's Figure 6" in page) is not there
        assert "No strategy of this run took a branch" not in page


def test_hostile_texts_stay_in_their_place(made):
    whole = replace(ALL, root=EVIL, slopes={EVIL[:40]: 1.0})
    change = weighed(whole, evidence={"<img src=x onerror=alert(1)>": -1.0})
    page = write_report(made(change)).read_text(encoding="utf-8")
    assert "<img" not in page
    assert "<script>alert" not in page
    assert "&lt;img src=x" in page
    figure = json.loads(re.search(r'id="data-posteriors">(.*?)</script>', page, re.DOTALL)[1])
    assert "&lt;img" in figure[0]["views"][0]["data"][0]["text"][0][0]


@pytest.mark.parametrize("cap", [0.0, 1e-300, math.inf])
def test_numbers_beyond_all_measure_do_not_break_the_page(made, cap):
    whole = replace(ALL, base_rate=-1e308, cap=cap)
    page = write_report(made(weighed(whole, worth=1e308, norm=math.inf, bound=1e308)))
    assert "no contributor could have moved this round" in page.read_text(encoding="utf-8")


def test_the_overview_counts_who_was_doubted(made):
    folder = made()
    path = folder / "summary.json"
    fields = json.loads(path.read_text())
    fields["strategies"]["calibrated"]["doubted"] = 7
    path.write_text(json.dumps(fields))
    found = tables.overview(load_run(folder))
    assert column(found, "Left out by the rule") == ["—", "7"]
    assert "Rounds per branch" not in [name for name, _ in found.columns]
    shown = summary_table(fields)
    headings = [one.header.replace("\n", " ") for one in shown.columns]
    assert headings == ["strategy", "test error", "attackers' weight", "doubted", "left out"]
    assert list(shown.columns[-2].cells) == ["-", "7"]


def test_the_live_page_says_how_many_the_last_round_kept(made):
    config = 'name = "demo"\nstrategies = ["fedavg", "calibrated"]\n[training]\nrounds = 20\n'
    folder = made(config=config)
    record = load_run(folder).lead.records[-1]
    valid = [one for one in record.contributors if one.judgement]
    kept = sum(one.selected for one in valid)
    following = Following(folder)
    following.catch_up()
    told = round_columns(following, "calibrated", record.round)
    assert told["decision"].endswith(f": {kept} of {len(valid)} updates were kept.")
    assert told["posterior"] == [
        one.judgement and one.judgement.posterior for one in record.contributors
    ]
    other = round_columns(following, "fedavg", record.round)
    assert (other["posterior"], other["evidence"]) == (None, None)


def test_amounts_have_a_sign_unless_they_read_as_nothing():
    assert [signed(x) for x in (2.25, -2.25, 0.04, -0.04, 0.0)] == [
        "+2.2",
        "−2.2",
        "0.0",
        "0.0",
        "0.0",
    ]


def test_every_kind_of_the_house_has_words_of_its_own():
    assert not [kind for kind in KINDS for x in (-1.0, 1.0) if "“" in evidence(kind, x)]
