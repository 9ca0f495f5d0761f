"""The report of sites with tables of their own: whose rows vouch, and what is not asked."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner
from playwright.sync_api import expect

from anml_fl.commands.explain import explain
from anml_fl.method.judgement import ContributorJudgement, RoundJudgement
from anml_fl.reasons.vouching import vouched
from anml_fl.run.reading import load_run
from server.report import tables
from server.report.data_words import rows_tested
from server.report.influence import influence, middle_length
from server.report.judgement_table import judged
from server.report.page import write_report
from server.report.registry_words import registry_asked
from server.report.shown_settings import shown_settings
from server.report.why import why_of

FAIR = ContributorJudgement(
    evidence={"company": 0.5},
    l=0.5,
    worth=0.0,
    posterior=0.9,
    copies=1.0,
    norm=1.0,
    bound=2.0,
)
OWN = """\
name = "patients"

[federation]
dataset = "digits"
scenario = "unknown"

[federation.behaviours]
honest = 4

[table]
data = "/home/somebody/files/patients.csv"
test = ""

[registry]
database = ""
simulated = false
"""


@pytest.fixture
def own(recipe, tmp_path):
    """A run of four sites, whose evidence was weighed, and what its settings say."""

    def make(config=OWN, **changes):
        def change(record):
            people = tuple(
                one if one.reason else replace(one, v=0.25, r=0.4, s=0.1, judgement=FAIR)
                for one in record.contributors
            )
            root = "53 rows of the server's"
            whole = RoundJudgement(root=root, base_rate=1.4, c=2.2, slopes={}, cap=2.0)
            return replace(record, contributors=people, judgement=whole)

        settings = {"strategies": {"calibrated": 0.1}, "branching": (), "attackers": 0}
        settings |= {"names": ["a", "b", "c", "d"], "rounds": 3, "config": config}
        return recipe(**settings | {"change": change} | changes).write(tmp_path / "own")

    return make


def words(page):
    """What a page says, without what its scripts hold."""
    text = re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split()).replace("&#39;", "'")


def test_rows_of_the_sites_are_not_called_the_servers(own):
    folder = own()
    said = words(write_report(folder).read_text())
    assert "rows of the server's" not in said
    assert (
        "What vouches for the evidence: 53 rows held out of the sites' own tables, whose"
        " labels nobody has checked. Where a site's labels may be wrong, give checked rows"
        " with --root-data."
    ) in said
    assert "on the rows that were held out of the sites' own tables;" in said


def test_nor_are_they_where_a_round_is_explained(own):
    folder = own(f'strategies = ["calibrated"]\n{OWN}')
    said = CliRunner().invoke(explain, [str(folder), "--round", "1"], catch_exceptions=False)
    told = " ".join(said.output.split())
    assert "53 rows held out of the sites' own tables, whose labels nobody has checked" in told
    assert "rows of the server's" not in told


@pytest.mark.parametrize(
    ("given", "theirs"),
    [
        ({"table": {"data": "a.csv", "test": ""}}, True),
        # The test table is whoever's who gave it, and so is what is held out of it.
        ({"table": {"data": "a.csv", "test": "b.csv"}}, False),
        ({"table": {"data": "a.csv"}, "federation": {"leave_out": "site-c"}}, False),
        ({"table": {"data": "", "schema": "s.toml"}}, False),
        ({"table": "a.csv"}, False),
        ({}, False),
    ],
)
def test_whose_rows_they_are_follows_from_the_settings(given, theirs):
    root = "53 rows of the server's"
    assert (vouched(root, given) != root) is theirs
    assert ("sites' own tables" in rows_tested(given)) is theirs
    # What a file or contributors gave is what it was.
    for other in ("53 rows of root.csv", "60 donated rows"):
        assert vouched(other, given) == other


def test_what_was_asked_of_no_registry_is_not_shown(own):
    folder = own()
    run = load_run(folder)
    titles = [name for name, _ in tables.last_round(run, why_of(run).last).columns]
    assert titles == ["Contributor", "Weight (%)", "Why", "Selected", "q", "T"]
    assert "r at the end" not in dict(tables.earned(run, {"a": 1}).columns)
    assert "Worth of v, r" not in dict(judged(run).table.columns)
    said = words(write_report(folder).read_text())
    assert "Credentials refused" not in said
    assert "Consistency against external signals" not in said
    assert "No registry was asked in this run" in said


def test_what_was_asked_is_shown_and_what_was_refused_always(own):
    asked = OWN.replace('scenario = "unknown"', 'scenario = "moderate"')
    run = load_run(own(asked))
    titles = [name for name, _ in tables.last_round(run, why_of(run).last).columns]
    assert titles[-5:] == ["q", "v", "r", "T", "s"]
    assert "r at the end" in dict(tables.earned(run, {"a": 1}).columns)
    assert "Worth of v, r" in dict(judged(run).table.columns)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('database = ""', 'database = "registry.db"'),
        ('scenario = "unknown"', 'scenario = "low"'),
        ("honest = 4", "honest = 3\njoint = 1"),
        ("simulated = false", "reputation = true"),
        ("simulated = false", "gold = 20"),
        ('name = "patients"', 'name = "patients"\nengine = "app"'),
        (OWN, ""),
        (OWN, "federation = 3"),
        (OWN, "= no settings"),
    ],
)
def test_a_registry_counts_as_asked_wherever_something_may_come_of_it(old, new):
    assert not registry_asked(OWN)
    assert registry_asked(OWN.replace(old, new))


def test_how_far_one_could_have_moved_the_step_is_told_in_middle_updates():
    # Lengths .2, .5 and .8: the middle one is .5 long, of which 1.25 is two and a half.
    said = influence({"a": 0.9, "b": 1.25}, [0.2, 0.8, 0.5])
    assert "by more than 2.50 times the length of the round's middle update: b's most" in said
    assert "(1.25, where that update is 0.5 long)" in said
    assert middle_length([0.2, 0.8, 0.5, 0.7]) == pytest.approx(0.6)


def test_the_settings_shown_name_files_alone_and_no_data_set_that_was_not_used(own):
    more = 'root_data = "../ours/root.csv"\nschema = ""\nlabel = "a/b"\n'
    config = OWN.replace('test = ""', f'test = "/home/somebody/files/test.csv"\n{more}')
    config = config.replace('database = ""', 'database = "postgresql://db.example/one"')
    folder = own(config)
    before = (folder / "config.toml").read_text()
    said = words(write_report(folder).read_text()).replace("&#34;", '"')
    for line in (
        'data = "patients.csv"',
        'test = "test.csv"',
        'root_data = "root.csv"',
        'label = "a/b"',
        'database = "postgresql://db.example/one"',
    ):
        assert line in said
    assert "somebody" not in said
    assert "digits" not in said.split("Settings (config.toml)")[1]
    # The file is what the ledger is bound to, and stays.
    assert (folder / "config.toml").read_text() == before


@pytest.mark.parametrize(
    "text",
    ["= no settings", "", 'dataset = "digits"\n[table]\ndata = ""\n', "[table]\ndata = 3"],
)
def test_settings_of_no_own_table_are_shown_as_they_are(text):
    assert shown_settings(text) == text


def test_hub_and_folder_are_told_apart():
    hub = '[table]\ndata = "hf:somebody/some"'
    assert shown_settings(hub) == hub
    assert shown_settings('[table]\ndata = "/files/sites/"') == '[table]\ndata = "sites"'


@pytest.mark.browser
def test_a_table_that_is_cut_off_says_that_it_goes_on(own, browser):
    path = write_report(own())
    for width, wide in ((400, True), (1200, False)):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(path.as_uri())
        table = page.get_by_role("group", name="The evidence", exact=True)
        hint = table.locator("xpath=preceding-sibling::p[1]")
        expect(hint).to_have_text("The table goes on to the side.", timeout=60_000)
        expect(hint).to_be_visible(visible=wide, timeout=60_000)
        cut = "(one) => one.scrollWidth > one.clientWidth + 1"
        assert table.evaluate(cut) is wide
        page.close()


def test_a_run_of_sites_that_did_not_ask_what_joining_is_worth_says_how_to(recipe, tmp_path):
    folder = recipe(names=["a", "b"], attackers=0).write(tmp_path / "sites")
    assert "--worth" not in write_report(folder).read_text(encoding="utf-8")
    path = folder / "summary.json"
    fields = json.loads(path.read_text())
    fields["holdings"] = {name: {"samples": 9, "errors": {}} for name in ("a", "b")}
    path.write_text(json.dumps(fields))
    page = write_report(folder).read_text(encoding="utf-8")
    assert "This run did not ask" in page
    assert "<code>--worth</code>" in page
