from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import pytest

from studies.reproduction import page as page_module
from studies.reproduction.intervals import Estimate
from studies.reproduction.markdown import escaped
from studies.reproduction.page import write_reproduction
from studies.reproduction.results import load_results
from studies.reproduction.sections import OWN, sections
from studies.reproduction.targets import TABLES, label_of
from studies.reproduction.traces import clipped, layout_of, traces_of
from studies.reproduction.warnings import warnings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVIL = "</script><script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(1)>|`*_x_*`"


class Elements(HTMLParser):
    """Every element of the page, the text outside scripts, and each script by its id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.text = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = tag
        if tag == "script":
            self.scripts.append((dict(attrs).get("id"), ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            name, text = self.scripts[-1]
            self.scripts[-1] = name, text + data
        elif not self._inside:
            self.text += data


@pytest.fixture(scope="module")
def written(everything: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Write the report of every study: Markdown and page."""
    paths = write_reproduction(everything, tmp_path_factory.mktemp("report"))
    return paths[0].read_text(encoding="utf-8"), paths[1].read_text(encoding="utf-8")


def _figures(text: str) -> dict[str, list[dict[str, Any]]]:
    return {
        name: json.loads(script)
        for name, script in Elements(text).scripts
        if name and name.startswith("data-")
    }


def test_the_same_files_give_the_same_bytes_in_the_folder_asked_for(
    everything: Path, tmp_path: Path, written: tuple[str, str]
) -> None:
    again = write_reproduction(everything, tmp_path / "new" / "docs")
    assert [path.relative_to(tmp_path).as_posix() for path in again] == [
        "new/docs/reproduction.md",
        "new/docs/reproduction.html",
    ]
    assert tuple(path.read_text(encoding="utf-8") for path in again) == written
    assert sorted(path.name for path in again[0].parent.iterdir()) == [
        "reproduction.html",
        "reproduction.md",
    ]


def test_every_table_and_study_has_its_section_and_its_link(written: tuple[str, str]) -> None:
    elements = Elements(written[1])
    ids = {attrs.get("id") for tag, attrs in elements.tags if tag == "section"}
    links = {attrs["href"] for tag, attrs in elements.tags if tag == "a"}
    assert links == {f"#{anchor}" for anchor in ids}
    assert {"summary", "settings", "claims", "figures", *OWN, "not-foreseen"} <= ids
    for text in written:
        for table in TABLES:
            heading = f"{label_of(table)}: {TABLES[table][0]}"
            assert heading in text.replace("\\_", "_")
        assert "anml study run table-7" in text
        assert "0123456789ab" in text
        assert "happiness" in text


def test_figures_are_those_of_the_paper_and_plotly_accepts_them(
    written: tuple[str, str],
) -> None:
    figures = _figures(written[1])
    assert set(figures) == {f"data-figure-{n}" for n in (1, 2, 3, 4, 5, 6)} | {
        "data-fit-length"
    }
    assert [len(groups) for groups in figures.values()] == [2, 2, 2, 3, 6, 2, 3]
    for groups in figures.values():
        for group in groups:
            (view,) = group["views"]
            go.Figure({"data": view["data"], "layout": view["layout"]})
            assert view["layout"]["xaxis"]["title"]["text"]
            assert view["layout"]["yaxis"]["title"]["text"]


def test_figure_one_shows_the_papers_points_open_beside_ours(
    written: tuple[str, str],
) -> None:
    (first, _) = _figures(written[1])["data-figure-1"]
    traces = {trace["name"]: trace for trace in first["views"][0]["data"]}
    assert traces["softmax, paper"]["x"] == [0.0, 0.3, 0.5, 0.7, 1.0]
    assert traces["softmax, paper"]["y"] == [-5.0, 8.0, 25.0, 45.0, 80.0]
    assert traces["softmax, paper"]["marker"]["symbol"].endswith("-open")
    assert "error_y" not in traces["softmax, paper"]
    ours = traces["softmax"]
    assert not ours["marker"]["symbol"].endswith("-open")
    assert ours["marker"]["color"] == traces["softmax, paper"]["marker"]["color"]
    assert len(ours["error_y"]["array"]) == 5
    assert min(ours["error_y"]["array"]) > 0


def test_plots_show_the_points_and_not_the_error_bars() -> None:
    points = {"a": [(0.0, -400.0, Estimate(40.0, -900.0, 900.0, 2)), (1.0, 99.0, None)]}
    drawn = (traces_of(points, line=True), layout_of("x", "y"))
    improvement = clipped(drawn, -150, 100)
    assert improvement is not None
    assert improvement[1]["yaxis"]["range"] == [-155.0, 105.0]
    assert improvement[1]["yaxis"]["title"]["text"] == "y"
    near = {"a": [(0.0, 10.0, Estimate(20.0, -90.0, 130.0, 2))]}
    share = clipped((traces_of(near, line=True), layout_of("x", "y")), 0, 100)
    assert share is not None
    # From 10 to 20, with a margin of 5 % and a rim of 2 % of what that spans.
    assert share[1]["yaxis"]["range"] == pytest.approx([9.5 - 0.22, 20.5 + 0.22])
    assert clipped(None) is None


def test_a_quick_run_and_few_trials_are_told_at_the_very_top(
    made: Callable[..., Any], everything: Path, tmp_path: Path, write: Callable[..., Path]
) -> None:
    studies = made(
        table_7=[("wine", "a", "krum", "error", [0.1] * 5)],
        overhead=[("adult", "a", "x", "seconds", [0.1] * 4)],
        figure_6=[("wine", "a", "honest", "q", [0.5])],
    )
    assert warnings({"table-7": studies["table-7"]}) == ""
    assert warnings({"figure-6": studies["figure-6"]}) == ""
    assert "verdicts mean little: overhead (adult 4)." in warnings(studies)
    assert warnings({"overhead": studies["overhead"]}).startswith("Every study has fewer")
    folder = tmp_path / "quick"
    rows = [("wine", "a", "krum", "error", [0.1] * 9)]
    write(folder, "table-7", rows, {"profile": "quick"})
    for text in (p.read_text() for p in write_reproduction(folder, tmp_path)):
        told = text.index("1 of 1 studies were run with the profile quick")
        assert told < text.index("Summary")


def test_markdown_has_contents_and_leaves_the_rest_to_the_page(
    written: tuple[str, str],
) -> None:
    text = written[0]
    assert len(text) < 150_000
    links = set(re.findall(r"\]\(#([^)]*)\)", text))
    anchors = re.findall(r'<a id="([^"]*)"></a>', text)
    assert links == set(anchors)
    assert len(anchors) == len(set(anchors))
    assert "- [Table 7: ANML against Krum, main result](#table-7)" in text
    assert "| [Table 7](#table-7) |" in text
    assert "On the [page](reproduction.html#table-7): " in text
    assert "Shapiro-Wilk p" not in text
    assert "branch\\_blend under" not in text
    assert "each over 8 trials" in text
    assert "softmax\\_blend\\*T" in text
    assert "Share of the training samples that is bad." in text
    assert "What the columns measure." in text


def test_missing_studies_are_listed_as_not_run(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    markdown, page = (p.read_text() for p in write_reproduction(tmp_path / "none", tmp_path))
    assert "Of the paper's 188 figures in these tables 0 were measured" in markdown
    for name in OWN:
        assert f"there are no results of {name}." in page
    assert not _figures(page)
    with pytest.raises(FileNotFoundError, match="anml study run"):
        write_reproduction(tmp_path / "nowhere", tmp_path)


def test_the_page_asks_for_nothing_and_runs_only_its_own_scripts(
    written: tuple[str, str],
) -> None:
    elements = Elements(written[1])
    policy = next(a["content"] for t, a in elements.tags if t == "meta" and "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    for tag, attrs in elements.tags:
        assert "src" not in attrs
        assert not any(name.startswith("on") for name in attrs), tag
        assert (attrs.get("href") or "#").startswith(("#", "data:,"))


def test_hostile_text_stays_in_its_place(
    everything: Path, tmp_path: Path, write: Callable[..., Path], written: tuple[str, str]
) -> None:
    folder = tmp_path / "hostile"
    shutil.copytree(everything, folder)
    write(
        folder,
        "table-12",
        [
            ("wine", f"fraction=1.00;{EVIL}", m, "error", [0.1, 0.2, 0.4])
            for m in ("krum", IMAGE)
        ],
        {"command": EVIL, "versions": {IMAGE: EVIL}, "code": EVIL, "trials": EVIL},
    )
    write(folder, "q-fit-length", [(IMAGE, "fit=0", IMAGE, "auc", [0.5])], None)
    write(folder, "figure-6", [(IMAGE, EVIL, "honest", m, [0.5]) for m in "qs"], None)
    markdown, page = (p.read_text() for p in write_reproduction(folder, tmp_path))
    elements, harmless = Elements(page), Elements(written[1])
    kinds = {(tag, *sorted(attrs)) for tag, attrs in elements.tags}
    assert kinds <= {(tag, *sorted(attrs)) for tag, attrs in harmless.tags}
    assert "alert(1)" in elements.text
    for name, script in elements.scripts:
        if name:
            assert not set("<>&") & set(script)
    (view,) = _figures(page)["data-fit-length"][0]["views"]
    assert view["data"][0]["name"].startswith("&lt;img")
    assert "<img" not in markdown.replace("\\<img", "")
    assert "<script" not in markdown.replace("\\<script", "")


def test_markdown_tables_have_as_many_cells_in_each_row(written: tuple[str, str]) -> None:
    lines = written[0].splitlines()
    width, tables = 0, 0
    for before, line in zip(["", *lines], lines, strict=False):
        if not line.startswith("|"):
            continue
        cells = line.replace("\\|", "").count("|") - 1
        if not before.startswith("|"):
            width, tables = cells, tables + 1
        assert cells == width, line
    assert tables > 40
    assert "q\\*v\\*r" in written[0]
    assert escaped("a|b") == "a\\|b"


def test_sections_come_from_the_files_alone(everything: Path) -> None:
    studies = load_results(everything)
    found = {section.anchor: section for section in sections(studies)}
    # Without its study a section says so; the others stay as they were.
    less = {name: study for name, study in studies.items() if name != "table-18"}
    fewer = {section.anchor: section for section in sections(less)}
    assert "Not run" in fewer["table-18"].blocks[0].text  # type: ignore[union-attr]
    assert fewer["table-7"].blocks[0] == found["table-7"].blocks[0]
    assert page_module.TITLE in page_module.render(())
