from __future__ import annotations

import json
import math
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs

from anml_fl.page import theme
from anml_fl.page.script import SCRIPT
from anml_fl.run.attribution import Attribution, Contribution, Estimator, save_attribution
from anml_fl.run.reading import load_run
from anml_fl.system.untrusted_text import inline_json, plot_text, visible
from server.report import round_figures, tables
from server.report.gate_figure import MOST_POINTS, MOST_TOLD, gate
from server.report.page import write_report
from server.report.weights_figure import weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anml_fl import RoundRecord

EVIL = "</script><script>alert(1)</script>"
ODD: dict[str, dict[str, Any]] = {
    "typical": {},
    "two": {"names": ["a", "b"], "attackers": 1},
    "hundred": {"names": [f"contributor-{i:03d}" for i in range(100)], "rounds": 3},
    "one round": {"rounds": 1},
    "one strategy": {"strategies": {"krum": 0.1}, "branching": ()},
    "no weights": {"strategies": {"median": None}, "branching": (), "weightless": ("median",)},
    "silent": {"silent": True, "timed": False},
    "all honest": {"attackers": 0},
    "all attack": {"attackers": 10},
    "evil": {"names": [EVIL, "<b>", "c"], "reason": EVIL, "behaviour": EVIL, "name": EVIL},
}


class Elements(HTMLParser):
    """Every element of the page, and the text of each script by its id."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.text = ""
        self._script: str | None = None
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag in ("script", "style")
        if tag == "script":
            self.scripts.append((dict(attrs).get("id"), ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside and self.tags[-1][0] == "script":
            name, text = self.scripts[-1]
            self.scripts[-1] = name, text + data
        elif not self._inside:
            self.text += data


def _figures(page: Elements) -> dict[str, list[dict[str, Any]]]:
    texts = next(json.loads(text) for name, text in page.scripts if name == "texts")
    return {
        name: _whole(json.loads(text), texts)
        for name, text in page.scripts
        if name and name.startswith("data-")
    }


def _whole(value: Any, texts: list[str]) -> Any:
    """Take apart what the page writes by places and by columns, as its script does."""
    if isinstance(value, list):
        return [_whole(one, texts) for one in value]
    if not isinstance(value, dict):
        return value
    if list(value) in (["texts"], ["texts", "at"]):
        words = [texts[place] for place in value["texts"]]
        return [words[which] for which in value["at"]] if "at" in value else words
    if list(value) == ["columns"]:
        return [list(row) for row in zip(*_whole(value["columns"], texts), strict=True)]
    return {key: _whole(one, texts) for key, one in value.items()}


@pytest.mark.parametrize("settings", ODD.values(), ids=ODD)
def test_odd_runs_give_figures_that_plotly_accepts(
    recipe: Callable[..., Any], tmp_path: Path, settings: dict[str, Any]
) -> None:
    page = Elements(
        write_report(recipe(**settings).write(tmp_path / "run")).read_text(encoding="utf-8")
    )
    templates = next(json.loads(text) for name, text in page.scripts if name == "templates")
    for groups in _figures(page).values():
        for view in (view for group in groups for view in group["views"][-2:]):
            # Raises for a property or a value that plotly does not know.
            for template in templates.values():
                layout = {**view["layout"], "template": template}
                go.Figure({"data": view["data"], "layout": layout})
            for axis in ("xaxis", "yaxis"):
                assert view["layout"][axis]["title"]["text"]


def _refusing(record: RoundRecord, reasons: tuple[str, ...]) -> RoundRecord:
    people = (replace(one, refused_credentials=reasons) for one in record.contributors)
    return replace(record, contributors=tuple(people))


def test_hostile_text_stays_in_its_place(recipe: Callable[..., Any], tmp_path: Path) -> None:
    image = "<img src=x onerror=alert(1)>"
    refused = ("stale", "another's")
    plain = recipe(
        names=["a", "b", "c", "d"],
        attackers=2,
        refused=refused,
        change=lambda one: _refusing(one, refused),
    ).write(tmp_path / "plain")
    folder = recipe(
        names=[EVIL, image, '" onmouseover="x', "d"],
        attackers=2,
        reason=EVIL + image,
        behaviour=image,
        name=EVIL,
        config=f"# {EVIL}\n# {image}\n",
        refused=(EVIL, image),
        change=lambda one: _refusing(one, (EVIL, image)),
    ).write(tmp_path / "run")
    text = write_report(folder).read_text(encoding="utf-8")
    page, harmless = Elements(text), Elements(write_report(plain).read_text(encoding="utf-8"))
    # The same elements with the same attributes, but for more rows of what was refused.
    kinds = {(tag, *sorted(attrs)) for tag, attrs in page.tags}
    assert kinds == {(tag, *sorted(attrs)) for tag, attrs in harmless.tags}
    assert len(page.scripts) == len(harmless.scripts)
    assert "alert(1)" in page.text
    assert not {"img", "b", "i"} & {tag for tag, _ in page.tags}
    for name, script in page.scripts:
        if name:
            assert not set("<>&") & set(script)
    labels = _figures(page)["data-weights"][0]["views"][0]["layout"]["yaxis"]["ticktext"]
    assert not any("<" in label for label in labels)
    assert any(label.startswith("&lt;/script&gt;") for label in labels)
    for name in ("data-reputation", "data-reputation-weights"):
        legend = [trace["name"] for trace in _figures(page)[name][0]["views"][0]["data"]]
        assert any(label.startswith("&lt;img") for label in legend)
        assert not any("<" in label for label in legend)
    point = _figures(page)["data-gate"][0]["views"][0]["data"][1]["customdata"][0]
    assert not any("<script" in cell or "<img" in cell for cell in point)


def _attribution(people: dict[str, str]) -> Attribution:
    return Attribution(
        "anml",
        20,
        0,
        "weights",
        tuple(
            Contribution(name, kind, 0.1, 0.01 * i, -0.02, None)
            for i, (name, kind) in enumerate(sorted(people.items()))
        ),
        (Estimator("leave_one_out", 0.5, None, 9), Estimator("gtg_shapley", 1.0, None, 77)),
    )


def test_worth_is_shown_where_it_was_found_and_nowhere_else(
    recipe: Callable[..., Any], tmp_path: Path
) -> None:
    made = recipe()
    folder = made.write(tmp_path / "run")
    without = Elements(write_report(folder).read_text(encoding="utf-8"))
    save_attribution(folder, _attribution(made.behaviours()))
    page = Elements(write_report(folder).read_text(encoding="utf-8"))
    title = "What each contributor's updates were worth"
    for shown, found in ((without, False), (page, True)):
        assert (title in shown.text) == found
        assert ("data-attribution" in _figures(shown)) == found
        assert ("GTG-Shapley" in shown.text) == found
    (view,) = _figures(page)["data-attribution"][0]["views"]
    assert [trace["name"] for trace in view["data"]] == [
        "settled",
        "leave-one-out",
        "GTG-Shapley",
    ]
    (folder / "attribution.json").write_text("{}")
    with pytest.raises(ValueError, match="anml attribution writes it anew"):
        write_report(folder)


def test_the_page_asks_for_nothing_and_runs_only_its_own_scripts(typical: Path) -> None:
    page = Elements(write_report(typical).read_text(encoding="utf-8"))
    policy = next(a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    for tag, attrs in page.tags:
        assert "src" not in attrs
        assert not any(name.startswith("on") for name in attrs)
        assert attrs.get("href", "data:,") == "data:,", tag


def test_the_same_folder_gives_the_same_bytes(typical: Path) -> None:
    first = write_report(typical).read_bytes()
    assert write_report(typical).read_bytes() == first
    assert not (typical / "report.html.part").exists()


def test_through_a_link_nothing_is_written(typical: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (typical / "report.html").unlink(missing_ok=True)
    (typical / "report.html").symlink_to(precious)
    with pytest.raises(OSError, match=r"report\.html is a link"):
        write_report(typical)
    assert precious.read_text() == "mine"


def test_names_that_cannot_be_written_or_read_are_spelled_out(
    recipe: Callable[..., Any], tmp_path: Path
) -> None:
    names = ["\ud800", "\ud801", "a\u202eb", "c" * 10_000]
    folder = recipe(names=names, attackers=1, reason="\udfff").write(tmp_path / "run")
    text = write_report(folder).read_text(encoding="utf-8")
    shown = Elements(text).text
    assert all(name in shown for name in ("&#55296;", "&#55297;", "&#57343;", "a\\u202eb"))
    assert "\u202e" not in text
    assert "c" * 500 not in text


def test_missing_weights_are_missing_and_not_zero(typical: Path) -> None:
    plot = weights(load_run(typical))
    assert plot is not None
    heat, crosses = plot.groups["anml"][0].data
    assert heat["z"][9][3] is None
    assert (crosses["x"], set(crosses["y"])) == ([4, 8, 12, 16, 20], {9})
    assert set(crosses["text"]) == {"update is not finite"}
    assert sum(row[3] or 0 for row in heat["z"]) == pytest.approx(100, abs=1e-3)


def test_the_scale_of_weights_begins_at_none_at_all(typical: Path) -> None:
    # plotly takes `zmin` only together with `zmax`, and else begins at the least.
    plot = weights(load_run(typical))
    assert plot is not None
    for (view,) in plot.groups.values():
        heat = view.data[0]
        known = [weight for row in heat["z"] for weight in row if weight is not None]
        assert (heat["zmin"], heat["zmax"]) == (0, max(known))


def test_attackers_are_marked_and_stand_first(typical: Path) -> None:
    plot = weights(load_run(typical))
    assert plot is not None
    ticks = plot.groups["anml"][0].layout["yaxis"]["ticktext"]
    assert [tick.endswith(theme.ATTACKER_MARK) for tick in ticks] == [True] * 4 + [False] * 6


def test_figure_six_tells_people_apart(typical: Path) -> None:
    run = load_run(typical)
    plot = gate(run)
    assert plot is not None
    last = plot.groups["anml"][-1]
    honest, attackers, threshold = last.data
    # One of the ten sent no valid reply in round 20.
    assert (len(honest["x"]), len(attackers["x"]), last.label) == (5, 4, "20")
    assert "contributor-09" in last.note
    assert honest["marker"]["color"] != attackers["marker"]["color"]
    assert not set(honest["marker"]["symbol"]) & set(attackers["marker"]["symbol"])
    assert threshold["x"] == [0.35, 0.35]
    record = {p.contributor: p for p in run.lead.records[-1].contributors}
    name = honest["customdata"][0][0]
    assert honest["x"][0] == pytest.approx(record[name].s, rel=1e-5)
    assert honest["y"][0] == pytest.approx(record[name].q, rel=1e-5)
    # Area, not width, is proportional to weight.
    sizes = dict(
        zip([c[0] for c in honest["customdata"]], honest["marker"]["size"], strict=True)
    )
    one, other = sorted(sizes)[:2]
    assert (sizes[one] / sizes[other]) ** 2 == pytest.approx(
        record[one].weight / record[other].weight, rel=0.03
    )


def test_very_long_runs_are_thinned_and_end_with_the_last_round(
    recipe: Callable[..., Any], tmp_path: Path
) -> None:
    names = [f"c{i}" for i in range(100)]
    folder = recipe(names=names, rounds=250, strategies={"anml": 0.1}).write(tmp_path / "run")
    plot = gate(load_run(folder))
    assert plot is not None
    assert plot.thinned
    assert len(plot.groups["anml"]) * 100 <= MOST_POINTS
    assert plot.groups["anml"][-1].label == "250"


THOUSAND = [f"contributor-{i:04d}" for i in range(1000)]


def test_of_a_thousand_those_who_stand_out_are_drawn_and_all_stand_in_the_tables(
    recipe: Callable[..., Any], tmp_path: Path
) -> None:
    shown = recipe(names=THOUSAND, rounds=2, strategies={"anml": 0.1})
    folder = shown.write(tmp_path / "run")
    plot = weights(load_run(folder))
    assert plot is not None
    labels = plot.groups["anml"][0].layout["yaxis"]["ticktext"]
    means = dict.fromkeys(THOUSAND, 0.0)
    for number in (1, 2):
        for one in shown.record("anml", number).contributors:
            means[one.contributor] += one.weight / 2
    most = sorted(THOUSAND, key=lambda name: -means[name])[:20]
    assert [label.removesuffix(f" {theme.ATTACKER_MARK}") for label in labels[:20]] == most
    assert len(set(labels)) == 60
    assert min(means, key=lambda name: means[name]) in labels[59]
    page = Elements(write_report(folder).read_text(encoding="utf-8"))
    assert "Of 1,000 contributors three bands are drawn" in page.text
    # The first twenty as they stand, and all in the script's table.
    texts = next(json.loads(text) for name, text in page.scripts if name == "texts")
    (table,) = (json.loads(text) for name, text in page.scripts if name == "rows-contributors")
    assert [texts[place] for place in table["columns"][0]["texts"]] == THOUSAND
    assert page.text.count("contributor-0019") > 0
    assert page.text.count("contributor-0500") == 0
    assert max(view["layout"]["height"] for groups in _figures(page).values()
               for group in groups for view in group["views"]) < 1200  # fmt: skip


def test_of_thousands_of_marks_none_is_told_and_each_has_its_place(
    recipe: Callable[..., Any], tmp_path: Path
) -> None:
    names = [f"c{i}" for i in range(2 * MOST_TOLD + 1000)]
    folder = recipe(names=names, attackers=10, rounds=3, strategies={"anml": 0.1})
    run = load_run(folder.write(tmp_path / "run"))
    plot = gate(run)
    assert plot is not None
    honest, attackers, _ = plot.groups["anml"][-1].data
    assert (len(honest["x"]), honest["customdata"]) == (len(names) - 10, [])
    assert len(attackers["customdata"]) == 10
    # Those that one can point at as exactly as the eye is told, the others by the px.
    people = [one for one in run.lead.records[-1].contributors if math.isfinite(one.q)]
    for traced, there, digits in (
        (honest, [one for one in people if not run.attacks(one.contributor)], 3),
        (attackers, [one for one in people if run.attacks(one.contributor)], 6),
    ):
        there.sort(key=lambda one: not one.selected)
        for x, y, one in zip(traced["x"], traced["y"], there, strict=True):
            assert (x, y) == pytest.approx((one.s, one.q), abs=0.51 * 10**-digits)


@pytest.mark.parametrize(("n", "equal", "least"), [(300, 14, 6), (301, 6, 4)])
def test_marks_of_many_are_small_so_that_they_can_be_told_apart(
    recipe: Callable[..., Any], tmp_path: Path, n: int, equal: int, least: int
) -> None:
    names = [f"c{i:03d}" for i in range(n)]
    folder = recipe(names=names, rounds=1, strategies={"anml": 0.1}).write(tmp_path / "run")
    run = load_run(folder)
    plot = gate(run)
    assert plot is not None
    weights = {
        f"c{i:03d}": one.weight for i, one in enumerate(run.lead.records[0].contributors)
    }
    for trace in plot.groups["anml"][0].data[:2]:
        for told, size in zip(trace["customdata"], trace["marker"]["size"], strict=True):
            area = equal**2 * n * weights[told[0]]
            assert size == pytest.approx(max(least, math.sqrt(area)), abs=0.051)
    page = Elements(write_report(folder).read_text(encoding="utf-8"))
    assert f"at least {least} px wide" in " ".join(page.text.split())


def test_tables_are_there_before_what_draws_the_plots(typical: Path) -> None:
    text = write_report(typical).read_text(encoding="utf-8")
    places = [text.index(script) for script in (SCRIPT, get_plotlyjs()[:1000])]
    assert places == sorted(places)
    assert text.rindex('type="application/json"') < places[0]


def test_errors_are_percent_and_untested_strategies_are_left_out(
    recipe: Callable[..., Any], tmp_path: Path
) -> None:
    folder = recipe(strategies={"anml": 0.062, "krum": None}).write(tmp_path / "run")
    run = load_run(folder)
    plot = round_figures.error_by_round(run)
    assert plot is not None
    (line,) = plot.groups["test-error"][0].data
    assert line["y"][-1] == pytest.approx(100 * run.lead.records[-1].test_error, rel=1e-5)
    assert "%" in plot.groups["test-error"][0].layout["yaxis"]["title"]["text"]


def test_ticks_are_whole_rounds(typical: Path) -> None:
    plot = round_figures.error_by_round(load_run(typical))
    assert plot is not None
    ticks = plot.groups["test-error"][0].layout["xaxis"]["tickvals"]
    assert ticks == [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]


def test_left_out_replies_are_counted_and_capped(
    recipe: Callable[..., Any], tmp_path: Path
) -> None:
    names = [f"c{i}" for i in range(100)]
    folder = recipe(
        names=names, silent=True, rounds=4, strategies={"anml": 0.1}, refused=("no <key>",)
    ).write(tmp_path / "run")
    table = tables.left_out(load_run(folder))
    assert table.total == 4 * 101
    assert len(table.rows) == tables.MOST_ROWS
    assert table.rows[0] == ("1", "anml", "c0", "update is not finite")
    assert ("1", "anml", "(credited to nobody)", "no <key>") in table.rows
    page = Elements(write_report(folder).read_text(encoding="utf-8"))
    assert "404 in all rounds" in page.text
    assert "The first 300 are shown" in page.text


def test_overview_reads_as_the_summary(typical: Path) -> None:
    table = tables.overview(load_run(typical))
    assert table.rows[2] == ("anml", "6.2", "5.0", "blend 14, q only 6", "5", "20",
                             "2.8 (0.14 a round)")  # fmt: skip


@pytest.mark.parametrize("text", [EVIL, "<!--", "&lt;", "\u2028", "a"])
def test_inline_json_keeps_the_meaning(text: str) -> None:
    written = inline_json({"a": [text, 1.5, None]})
    assert json.loads(written) == {"a": [text, 1.5, None]}
    assert not set("<>&\u2028") & set(written)


def test_inline_json_refuses_nan() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        inline_json([float("nan")])


def test_visible_text_has_a_limit() -> None:
    assert len(visible("\u202e" * 100, limit=10)) == 10
    assert plot_text("<" * 100, limit=3) == "&lt;&lt;…"
    with pytest.raises(ValueError, match="limit must be > 0"):
        visible("a", limit=0)
