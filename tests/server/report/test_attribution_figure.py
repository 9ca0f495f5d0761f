"""The attribution's file, read strictly, and how the page shows it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import pytest

from anml_fl.page import theme
from anml_fl.run.attribution import (
    Attribution,
    Contribution,
    Estimator,
    load_attribution,
    save_attribution,
)
from anml_fl.system.untrusted_text import inline_json
from server.report.attribution_figure import (
    attribution,
    attribution_table,
    estimators_table,
)

if TYPE_CHECKING:
    from pathlib import Path

FOUND = Attribution(
    strategy="anml",
    rounds=8,
    seed=0,
    settled_by="ledger",
    contributors=(
        Contribution("a", "honest", 0.625, 0.3, 0.2, 0.25),
        Contribution("b", "label_flip", 0.125, -0.1, -0.4, -0.5),
        Contribution("c", "newcomer", 0.25, 0.1, 0.2, 0.25),
    ),
    estimators=(
        Estimator("leave_one_out", 1.0, 0.5, 32, 0.1),
        Estimator("gtg_shapley", -0.25, None, 60, 0.2),
        Estimator("exact_shapley", 0.866, 1.0, 8192, 0.3),
    ),
)
PEOPLE = {"c": "newcomer", "a": "honest", "b": "label_flip"}


def changed(**changes: Any) -> str:
    return json.dumps(json.loads(FOUND.to_json()) | changes)


def people(**changes: Any) -> list[dict[str, Any]]:
    first, *others = json.loads(FOUND.to_json())["contributors"]
    return [first | changes, *others]


def test_the_file_reads_back_without_its_times(tmp_path: Path) -> None:
    path = save_attribution(tmp_path, FOUND)
    assert [file.name for file in tmp_path.iterdir()] == ["attribution.json"]
    read = load_attribution(tmp_path, PEOPLE)
    assert read is not None
    assert read.contributors == FOUND.contributors
    assert [e.seconds for e in read.estimators] == [None] * 3
    assert [e.evaluations for e in read.estimators] == [32, 60, 8192]
    first = path.read_bytes()
    assert b"seconds" not in first
    save_attribution(tmp_path, read)
    assert path.read_bytes() == first


def test_through_a_link_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "attribution.json").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match=r"attribution\.json is a link"):
        save_attribution(tmp_path, FOUND)
    assert not (tmp_path / "precious").exists()


def test_a_run_without_an_attribution_has_none(tmp_path: Path) -> None:
    assert load_attribution(tmp_path, PEOPLE) is None
    assert attribution(None) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "the file: Invalid JSON"),
        ("\xff", "the file: Invalid JSON"),
        ("{}", "strategy: Field required"),
        (changed(seed="0"), "seed: Input should be a valid integer, got '0'"),
        (changed(settled_by="me"), "settled_by: Input should be 'ledger' or 'weights'"),
        (changed(more=1), "more: Unexpected"),
        (changed(contributors=people(gtg_shapley=None)), "contributors.0.gtg_shapley"),
        (changed(contributors=people(gtg_shapley="1")), "gtg_shapley: .*, got '1'"),
        (changed(contributors=people(contributor="x")), "not those of summary.json"),
        (changed(contributors=people(behaviour="joint")), "not those of summary.json"),
        (changed(contributors=people()[1:]), "not those of summary.json"),
        (changed(contributors=people(exact_shapley=None)), "for all contributors or for none"),
        (changed(contributors=people(settled=None)), "for all contributors or for none"),
        (changed(estimators=[]), "call for the estimators leave_one_out, gtg_shapley, exact_"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "attribution.json").write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=said) as caught:
        load_attribution(tmp_path, PEOPLE)
    assert str(tmp_path / "attribution.json") in str(caught.value)
    assert "anml attribution writes it anew" in str(caught.value)


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    text = FOUND.to_json().replace("-0.4", "NaN")
    (tmp_path / "attribution.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"contributors\.1\.gtg_shapley: .* finite"):
        load_attribution(tmp_path, PEOPLE)


def test_marks_stand_at_each_share_and_harm_stands_left_of_zero() -> None:
    plot = attribution(FOUND)
    assert plot is not None
    view = plot.groups["anml"][0]
    marks = {trace["name"]: trace["x"] for trace in view.data}
    # Attackers first: b, a, c. Values are divided by the sum of their absolute values.
    assert marks == {
        "settled": [12.5, 62.5, 25.0],
        "leave-one-out": [-20.0, 60.0, 20.0],
        "GTG-Shapley": [-50.0, 25.0, 25.0],
        "exact Shapley": [-50.0, 25.0, 25.0],
    }
    assert "range" not in view.layout["xaxis"]
    assert view.layout["yaxis"]["ticktext"] == [f"b {theme.ATTACKER_MARK}", "a", "c"]
    # The four marks of a row are apart, and nearer to it than to the next.
    rows = [[trace["y"][row] for trace in view.data] for row in range(3)]
    for row, heights in enumerate(rows):
        assert sorted(set(heights)) == heights
        assert max(abs(height - row) for height in heights) < 0.5
    looks = {(t["marker"]["color"], t["marker"]["symbol"]) for t in view.data}
    assert len(looks) == len({symbol for _, symbol in looks}) == 4


def test_tables_show_signs_and_what_is_unknown() -> None:
    table = attribution_table(FOUND)
    assert table.rows[0] == ("b", "◆ label_flip", "12.5", "−10.00", "−40.00", "−50.00")
    assert table.rows[1] == ("a", "honest", "62.5", "+30.00", "+20.00", "+25.00")
    assert len(table.columns) == 6
    assert estimators_table(FOUND).rows == (
        ("Leave-one-out", "+1.00", "+0.50", "32"),
        ("GTG-Shapley", "−0.25", "—", "60"),
        ("Exact Shapley", "+0.87", "+1.00", "8,192"),
    )


EVIL = "</script><b>&amp;"
ODD = {
    "typical": FOUND,
    "nothing settled, nothing exact": Attribution(
        "median", 1, 0, "weights", (Contribution("a", "honest", None, 0.0, 0.0, None),),
        (Estimator("leave_one_out", None, None, 2), Estimator("gtg_shapley", None, None, 2)),
    ),
    "hundred": Attribution(
        "anml", 1, 0, "weights",
        tuple(Contribution(f"{i:03d}", "joint", 0.1, i - 50.0, 1.0, None) for i in range(100)),
        (Estimator("leave_one_out", None, None, 2), Estimator("gtg_shapley", None, None, 2)),
    ),
    "evil": Attribution(
        EVIL, 1, 0, "weights", (Contribution(EVIL, EVIL, 1.0, 0.1, -0.1, None),),
        (Estimator("leave_one_out", None, None, 2), Estimator("gtg_shapley", None, None, 2)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("found", ODD.values(), ids=ODD)
def test_odd_attributions_give_figures_that_plotly_accepts(found: Attribution) -> None:
    plot = attribution(found)
    assert plot is not None
    view = plot.groups[plot.chosen][0]
    for side in (theme.LIGHT, theme.DARK):
        # Raises for a property or a value that plotly does not know.
        layout = {**view.layout, "template": theme.template(side)}
        go.Figure({"data": view.data, "layout": layout})
    for axis in ("xaxis", "yaxis"):
        assert view.layout[axis]["title"]["text"]
    assert len({len(trace["x"]) for trace in view.data}) == 1
    for table in (attribution_table(found), estimators_table(found)):
        assert {len(row) for row in table.rows} == {len(table.columns)}
    names = [view.layout["yaxis"]["ticktext"], [t["customdata"] for t in view.data]]
    assert "<b>" not in json.dumps(names)
    inline_json(view.data)  # raises for what is not finite
