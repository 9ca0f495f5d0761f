"""Ticked runs that repeat each other are told as one, with intervals; never fewer than 3."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from scipy.stats import t

from anml_fl.run.repeats import FinishedRun, repeats
from server.page.finished_run import finished_run
from server.page.repeated_words import repeated_grid, repeated_note, repeated_result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# Differences: 10, 12 and 14 points.
ERRORS = {"fedavg": (0.20, 0.24, 0.28), "anml": (0.10, 0.12, 0.14)}
QUANTILE = t.ppf(0.975, 2)


def half(spread: float, ratio: float = 0.25) -> str:
    """Half of an interval of three, in points, of figures that are so far apart."""
    return f"{QUANTILE * spread * (1 / 3 + ratio) ** 0.5:.1f}"


def text_of(page: bytes) -> str:
    found, parts = HTMLParser(), []
    found.handle_data = parts.append
    found.feed(page.decode())
    return " ".join(" ".join(parts).replace("\N{NO-BREAK SPACE}", " ").split())


def repeat(ended: Path, seed: int, errors: dict[str, float]) -> Path:
    """Copy a run as one with another seed and other errors."""
    folder = ended.with_name(f"seed-{seed}")
    shutil.copytree(ended, folder)
    config = (folder / "config.toml").read_text()
    assert "seed = 0\n" in config
    config = config.replace("seed = 0\n", f"seed = {seed}\n")
    (folder / "config.toml").write_text(config.replace('"ended"', f'"{folder.name}"'))
    summary = json.loads((folder / "summary.json").read_text())
    for strategy, error in errors.items():
        summary["strategies"][strategy]["test_error"] = error
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


@pytest.fixture
def three(ended: Path) -> list[Path]:
    by_seed = zip(*ERRORS.values(), strict=True)
    return [
        repeat(ended, seed, dict(zip(ERRORS, errors, strict=True)))
        for seed, errors in enumerate(by_seed, 5)
    ]


def compared(get: Callable[..., Any], folders: Sequence[Path]) -> str:
    query = urlencode([("run", folder.name) for folder in folders])
    answer, content = get(folders[0].parent, f"/compare?{query}")
    assert answer.status == 200
    return text_of(content)


def test_three_repeats_are_told_as_one_with_intervals(get: Any, three: list[Path]) -> None:
    text = compared(get, three)
    assert (
        f"Over 3 repeats, each with another seed, anml ended at 12.0 ± {half(2)} % test error:"
        f" better than fedavg (+12.0 ± {half(2)} points)."
    ) in text
    assert f"fedavg 3 24.0 ± {half(4)} +12.0 ± {half(2)} better" in text
    assert f"anml 3 12.0 ± {half(2)} — —" in text
    assert "the seeds are 5, 6 and 7" in text
    assert "one run with one seed" not in text


def test_of_two_repeats_it_is_only_said_that_there_are_too_few(
    get: Any, three: list[Path]
) -> None:
    text = compared(get, three[:2])
    assert "2 runs side by side." in text
    assert "Each is one run with one seed" in text
    assert "seed-5 and seed-6 repeat each other, and an interval takes 3 repeats." in text
    assert "±" not in text


def test_who_is_not_counted_is_named_with_the_reason(
    get: Any, three: list[Path], begun: Path
) -> None:
    again = shutil.copytree(three[0], three[0].with_name("again"))
    other = shutil.copytree(three[0], three[0].with_name("other-code"))
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["code"]["server"] = "0" * 64
    (other / "manifest.json").write_text(json.dumps(manifest))
    text = compared(get, [*three, again, other, begun])
    assert "Over 3 repeats" in text
    assert "3 of the 6 runs are repeats; the others have not ended, or differ" in text
    assert "with the seed of one that is counted: again." in text
    assert "made by other code: other-code." in text


def test_two_sets_of_repeats_are_told_apart(get: Any, three: list[Path]) -> None:
    others = [shutil.copytree(one, one.with_name(f"long-{one.name}")) for one in three]
    for one in others:
        config = one / "config.toml"
        assert "rounds = 3\n" in config.read_text()
        config.write_text(config.read_text().replace("rounds = 3\n", "rounds = 4\n"))
    text = compared(get, [*three, *others])
    assert "6 runs, with 2 sets of repeats among them." in text
    for first in ("seed-5", "long-seed-5"):
        assert f"{first} and 2 that repeat it Over 3 repeats, each with another seed" in text


@pytest.mark.parametrize("name", ["config.toml", "summary.json", "manifest.json"])
@pytest.mark.parametrize("content", [None, "", "[]", "{}", "registry = 3", "[" * 10_000])
def test_a_file_that_is_odd_makes_no_repeat(ended: Path, name: str, content: str) -> None:
    (ended / name).unlink()
    if content is not None:
        (ended / name).write_text(content)
    assert finished_run(ended) is None


def ended_runs(metric: str, **scores: tuple[float, ...]) -> list[FinishedRun]:
    return [
        FinishedRun(f"r{k}", k, "{}", "", metric, 0.0, dict(zip(scores, of, strict=True)))
        for k, of in enumerate(zip(*scores.values(), strict=True))
    ]


def test_worse_comes_first_then_what_is_not_shown_to_differ_then_better() -> None:
    (found,) = repeats(
        ended_runs(
            "r2",
            fedavg=(0.1, 0.11, 0.13),
            krum=(0.5, 0.6, 0.4),
            anml=(0.5, 0.52, 0.51),
            median=(0.9, 0.91, 0.93),
            oracle=(0.95, 0.95, 0.95),
        )
    )
    said = repeated_result(found).replace("\N{NO-BREAK SPACE}", " ")
    places = [
        said.index(words)
        for words in (
            "anml ended at 0.510 ± 0.025 test R2",
            "worse than median (−0.403 ± ",
            "not shown to differ from krum (+0.010 ± ",
            "better than fedavg (+0.397 ± ",
            "0.950 each time with the honest alone (oracle).",
        )
    ]
    assert places == sorted(places)
    assert repeated_grid(found).titles[2] == "Test R2, mean*"
    assert "corrected" not in repeated_note(found)


def test_a_single_strategy_is_compared_with_nothing() -> None:
    (found,) = repeats(ended_runs("", anml=(0.3, 0.4, 0.5)))
    assert repeated_grid(found).titles == ("Strategy", "Runs*", "Test error, mean (%)*")
    assert repeated_result(found).replace("\N{NO-BREAK SPACE}", " ") == (
        "Over 3 repeats, each with another seed, anml ended at"
        f" 40.0 ± {half(10, 0)} % test error."
    )
    assert "brackets" not in repeated_note(found)


def test_an_interval_that_is_cut_is_written_by_its_ends() -> None:
    (found,) = repeats(ended_runs("", anml=(0.1, 0.2, 0.3)))
    high = 20 + float(half(10, 0))
    assert f"anml ended at 20.0 [0.0, {high:.1f}]" in repeated_result(found)
    assert "brackets hold one that is cut at 0 or 100 %" in repeated_note(found)
