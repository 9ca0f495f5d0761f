"""Is joining worth it? Answers known beforehand, kept over a kill, bound by the ledger."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from anml_fl.datasets.prepare import deal, deal_among
from anml_fl.federation.data import data_of
from anml_fl.run.verification import verify_run
from anml_fl.run.worth import load_worth
from anml_fl.settings.reading import from_flat
from clients.app import app, client_app
from clients.cohort_round import cohort_of
from server.engines.cohort_grid import grid_in_process
from server.engines.inline_grid import InlineGrid
from server.orchestration.coalition import Again
from server.orchestration.federation import check, run_federation
from server.orchestration.worth_table import worth_table

if TYPE_CHECKING:
    from collections.abc import Iterator

# Every row of a site says the same: positive is class 1, or, at the mirror, class 0. So any
# split gives the same rows, and whoever learns from one's own kind makes no mistake.
_MODULE = """
from dataclasses import replace
import numpy as np
from anml_fl.datasets.table import Table

def sites():
    signs = np.tile([1.0, -1.0], 90)
    holder = np.repeat([0, 1, 2], 60)
    labels = np.where(holder == 2, signs < 0, signs > 0).astype(np.int64)
    return Table(
        features=np.column_stack([signs, signs]), labels=labels, classes=2, image=None,
        indicators=np.array([True, True]), contributors=("left", "right", "mirror"),
        holder=holder.astype(np.int64),
    )

def read(folder):
    return sites()

def noisy(folder):
    features = np.random.default_rng(0).normal(size=(180, 2))
    labels = (features.sum(1) + np.random.default_rng(1).normal(size=180) > 0).astype(np.int64)
    return replace(sites(), features=features, labels=labels)
"""
_SETTINGS: dict[str, Any] = {
    "dataset": "worth_sites:read",
    "partition": "natural",
    "contributors": 3,
    "behaviours": "honest=3",
    "scenario": "unknown",
    "strategies": "fedavg",
    "rounds": 3,
    "local-epochs": 4,
    "batch-size": 8,
    "worth": True,
    "repeats": 3,
}


@pytest.fixture(scope="module", autouse=True)
def _sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Put the data set where it can be imported."""
    folder = tmp_path_factory.mktemp("module")
    (folder / "worth_sites.py").write_text(_MODULE)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield


def start(out: Path, making: Any = client_app, **changes: Any) -> dict[str, Any]:
    config = from_flat(_SETTINGS | changes)
    total = config.federation.contributors
    nodes = [{"partition-id": i, "num-partitions": total} for i in range(total)]
    return run_federation(
        InlineGrid(app, nodes, config.to_flat()), config, out, again=making and Again(making)
    )


@pytest.fixture(scope="module")
def finished(_sites: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let two twins and their mirror find out."""
    out = tmp_path_factory.mktemp("worth")
    start(out)
    return out


def told(out: Path) -> dict[str, Any]:
    return {
        one["contributor"]: one
        for one in json.loads((out / "worth.json").read_text())["sites"]
    }


class Counting:
    """Make ClientApps that count how often they are asked to train, and stop after so many."""

    def __init__(self, most: int = 10**9) -> None:
        self.asked, self.most = 0, most

    def __call__(self, task_for: Any) -> Any:
        made = client_app(task_for)

        def called(message: Any, context: Any) -> Any:
            if "arrays" in message.content:
                self.asked += 1
                if self.asked > self.most:
                    raise KeyboardInterrupt
            return made(message, context)

        return called


def test_twins_show_no_difference_and_the_mirror_pays(finished: Path) -> None:
    sites = told(finished)
    for name in ("left", "right"):
        one = sites[name]
        assert one["alone"]["own"] == one["joined"]["own"] == [0.0] * 3
        assert one["verdict"] == "no difference shown"
    mirror = sites["mirror"]
    assert mirror["alone"]["own"] == [0.0] * 3
    # Two teach it the contrary of what it knows.
    assert mirror["joined"]["own"] == [1.0] * 3
    assert (mirror["verdict"], mirror["gain"]["mean"]) == ("joining costs", -1.0)


def test_pooled_and_others_are_counted_over_everybodys_rows(finished: Path) -> None:
    sites = told(finished)
    # Each site has a third of the test rows.
    assert sites["mirror"]["alone"]["pooled"] == pytest.approx([2 / 3] * 3)
    assert sites["left"]["alone"]["pooled"] == pytest.approx([1 / 3] * 3)
    # Of the others' rows, half are the twin's.
    assert sites["left"]["joined"]["others"] == pytest.approx([1 / 2] * 3)
    assert sites["mirror"]["without"]["others"] == [0.0] * 3
    assert sites["mirror"]["brings"]["mean"] == 0.0


def test_repeat_0_is_the_run_itself(finished: Path) -> None:
    held = json.loads((finished / "summary.json").read_text())["holdings"]
    for name, one in told(finished).items():
        assert one["joined"]["own"][0] == held[name]["errors"]["fedavg"]


def test_a_repeat_is_the_run_with_the_next_seed(tmp_path: Path) -> None:
    for seed in (0, 1):
        start(tmp_path / str(seed), dataset="worth_sites:noisy", repeats=2, seed=seed)
    first, second = (told(tmp_path / str(seed)) for seed in (0, 1))
    kinds = [(name, kind) for name in first for kind in ("alone", "without", "joined")]
    for name, kind in kinds:
        assert first[name][kind]["own"][1] == second[name][kind]["own"][0]
    assert any(len(set(first[name][kind]["own"])) == 2 for name, kind in kinds)


@pytest.mark.parametrize("after", [0, 40])
def test_it_goes_on_where_it_was_stopped_with_the_same_bytes(
    finished: Path, tmp_path: Path, after: int
) -> None:
    stopping = Counting(after)
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path / "run", stopping)
    assert not (tmp_path / "run" / "summary.json").exists()
    partial = tmp_path / "run" / "worth.partial.jsonl"
    with partial.open("ab") as file:
        file.write(b'["0/jo')  # what a kill leaves of a line
    whole, rest = Counting(), Counting()
    start(tmp_path / "whole", whole)
    start(tmp_path / "run", rest)
    assert not partial.exists()
    for name in ("worth.json", "ledger.jsonl"):
        assert (tmp_path / "run" / name).read_bytes() == (finished / name).read_bytes()
    # In each repeat and round three train together, twice three without one, three alone.
    assert whole.asked == 3 * 3 * 12
    # At most the model that was being trained is trained again: three rounds of three.
    assert whole.asked - after <= rest.asked <= whole.asked - after + 9


def test_trained_at_once_the_answer_is_the_same(finished: Path, tmp_path: Path) -> None:
    config = from_flat(_SETTINGS | {"engine": "cohort"})
    grid = grid_in_process(config, app, cohort_of(config))
    asked = Counting()
    run_federation(grid, config, tmp_path, again=Again(asked, cohort=cohort_of))
    assert (tmp_path / "worth.json").read_bytes() == (finished / "worth.json").read_bytes()
    assert asked.asked == 0


def test_a_split_that_cannot_be_is_left_out_with_its_reason(tmp_path: Path) -> None:
    def split(config: Any, members: Any, repeat: int) -> Any:
        if repeat == 1:
            raise ValueError("too few samples")
        return data_of(config, members, repeat)

    config = from_flat(_SETTINGS)
    nodes = [{"partition-id": i, "num-partitions": 3} for i in range(3)]
    grid = InlineGrid(app, nodes, config.to_flat())
    run_federation(grid, config, tmp_path, again=Again(client_app, split))
    found = json.loads((tmp_path / "worth.json").read_text())
    assert found["left_out"] == [{"reason": "too few samples", "repeat": 1}]
    assert found["sites"][0]["gain"]["pairs"] == 2
    assert "Repeat 1 was left out: too few samples" in (tmp_path / "report.html").read_text()


def test_the_table_at_the_end_fits_a_terminal(finished: Path) -> None:
    contributors = json.loads((finished / "summary.json").read_text())["contributors"]
    worth = load_worth(finished, contributors)
    assert worth is not None
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(worth_table(worth))
    lines = console.export_text().splitlines()
    (mirror,) = (line.replace("│", " ").split() for line in lines if "mirror" in line)
    assert mirror == [
        "mirror",
        "0.0",
        "100.0",
        "−100.0",
        "±",
        "0.0",
        "+0.0",
        "±",
        "0.0",
        "costs",
    ]


def test_attackers_take_part_as_they_behave_under_their_names(tmp_path: Path) -> None:
    start(tmp_path, roles="honest,label_flip,honest", behaviours="", repeats=2)
    sites = told(tmp_path)
    assert {name: one["behaviour"] for name, one in sites.items()} == {
        "left": "honest",
        "mirror": "honest",
        "right": "label_flip",
    }
    # Two of three are the mirror's kind now, in every repeat; alone nobody flips labels.
    assert sites["mirror"]["joined"]["own"] == [0.0, 0.0]
    assert sites["left"]["joined"]["own"] == [1.0, 1.0]
    assert sites["right"]["alone"]["own"] == [0.0, 0.0]


def test_an_edit_is_found(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    start(out)
    assert not verify_run(out).altered
    path = out / "worth.json"
    text = path.read_text()
    path.write_text(text.replace("joining costs", "joining helps"))
    assert "worth.json" in verify_run(out).warning
    path.unlink()
    assert "worth.json" in verify_run(out).warning
    path.write_text(text)
    assert not verify_run(out).altered


def test_an_answer_that_nobody_asked_for_is_found(finished: Path, tmp_path: Path) -> None:
    start(tmp_path, worth=False)
    assert not (tmp_path / "worth.json").exists()
    (tmp_path / "worth.json").write_bytes((finished / "worth.json").read_bytes())
    assert "worth.json" in verify_run(tmp_path).warning


def test_a_run_that_is_made_anew_answers_anew(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path, Counting(30), repeats=2)
    partial = tmp_path / "worth.partial.jsonl"
    known = partial.read_bytes()
    start(tmp_path, repeats=2)
    first = (tmp_path / "worth.json").read_bytes()
    partial.write_bytes(known)  # a crash came between the run's end and its removal
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path, Counting(0), repeats=2)
    assert not (tmp_path / "worth.json").exists()
    again = Counting()
    start(tmp_path, again, repeats=2)
    assert again.asked == 2 * 3 * 12
    assert (tmp_path / "worth.json").read_bytes() == first


def test_the_page_shows_it(finished: Path) -> None:
    page = (finished / "report.html").read_text()
    assert "Is joining worth it?" in page
    assert "joining costs" in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dataset": "digits", "partition": "iid"}, "digits by 'iid' has none"),
        ({"leave-out": "left", "contributors": 2, "behaviours": "honest=2"}, "has none"),
        ({"contributors": 1, "behaviours": "honest=1"}, "needs 2 contributors or more, got 1"),
        ({"engine": "deployment"}, "engines inline, cohort and simulation"),
    ],
)
def test_what_cannot_be_compared_is_refused(changes: Any, said: str) -> None:
    with pytest.raises(ValueError, match=r"^evaluation\.worth: ") as caught:
        check(from_flat(_SETTINGS | changes))
    assert said in str(caught.value)


def test_without_what_trains_it_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the apps"):
        start(tmp_path / "run", None)
    assert not (tmp_path / "run").exists()


def test_who_was_drawn_stays_in_every_repeat(tmp_path: Path) -> None:
    start(tmp_path, contributors=2, behaviours="honest=2", repeats=6, rounds=1)
    found = json.loads((tmp_path / "worth.json").read_text())
    drawn = data_of(from_flat(_SETTINGS | {"contributors": 2, "behaviours": "honest=2"})).names
    assert [one["contributor"] for one in found["sites"]] == sorted(drawn)
    assert found["left_out"] == []


def test_those_who_take_part_can_be_named_instead_of_drawn() -> None:
    config = from_flat(_SETTINGS | {"contributors": 2, "behaviours": "honest=2"})
    drawn = data_of(config).names
    arguments = ("worth_sites:read", 2, "natural")
    assert {deal(*arguments, seed).names for seed in range(9)} != {drawn}
    assert {deal_among("worth_sites:read", drawn, seed).names for seed in range(9)} == {drawn}
    # And they are split as if they had been drawn.
    one, other = deal_among("worth_sites:read", drawn, config.seed), data_of(config)
    assert (one.test.features == other.test.features).all()
    assert (one.tested == other.tested).all()
