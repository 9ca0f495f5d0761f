"""Figures: what they show against the files, how they look in grey, and their bytes."""

from __future__ import annotations

import json
import re
import shutil
from io import BytesIO
from statistics import fmean

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from scipy.stats import t

import anml_fl
from anml_fl.run.figures.drawing import KINDS
from anml_fl.run.figures.paper import DARK, LIGHT, MIDDLE, WIDTH, line

FORMS = ("svg", "pdf", "png")


def errors(folder, strategy):
    lines = (folder / strategy / "rounds.jsonl").read_text().splitlines()
    return [100 * json.loads(one)["test_error"] for one in lines]


def written(figure, form):
    out = BytesIO()
    figure.savefig(out, format=form)
    return out.getvalue()


def luminance(color):
    return float(np.dot(to_rgb(color), (0.2126, 0.7152, 0.0722)))


def test_errors_are_those_of_the_rounds(real):
    axes = anml_fl.load_run(real).plot("error").axes[0]
    drawn = {one.get_label(): one for one in axes.lines}
    assert list(drawn) == ["median", "krum", "anml", "calibrated"]
    for name, one in drawn.items():
        assert one.get_xdata().tolist() == [1, 2, 3]
        assert one.get_ydata() == pytest.approx(errors(real, name))
    assert axes.get_ylabel() == "test error (%)"
    assert not axes.collections


def test_over_repeats_a_band_is_the_mean_with_its_interval(seeds):
    axes = anml_fl.load_runs(seeds).plot("error").axes[0]
    for number, name in enumerate(("fedavg", "anml")):
        values = np.array([errors(folder, name) for folder in seeds])
        assert axes.lines[number].get_ydata() == pytest.approx(values.mean(axis=0))
        ends = axes.collections[number].get_paths()[0].vertices
        # A fifth of the rows is tested on, anew for each seed: Nadeau and Bengio's variance.
        error = values.std(axis=0, ddof=1) * np.sqrt(1 / 5 + 1 / 4)
        half = t.ppf(0.975, 4) * error
        for place in (0, 1):
            band = ends[ends[:, 0] == place + 1][:, 1]
            middle = values.mean(axis=0)[place]
            assert band.min() == pytest.approx(middle - half[place])
            assert band.max() == pytest.approx(middle + half[place])


def test_of_two_repeats_no_interval_is_drawn(seeds):
    axes = anml_fl.load_runs(seeds[:2]).plot("error").axes[0]
    assert len(axes.lines) == 2
    assert not axes.collections


def test_a_chosen_metric_is_drawn_instead_of_the_error(odd):
    figure = anml_fl.load_run(odd).plot("error")
    axes = figure.axes[0]
    assert axes.get_ylabel() == "test accuracy (%)"
    # The strategy that nobody tested, and the round without a score, have no point.
    assert [one.get_ydata().tolist() for one in axes.lines] == [[87.5]]


def test_weights_are_those_of_the_rounds(real):
    run = anml_fl.load_run(real)
    for strategy in ("", "krum"):
        axes = run.plot("weights", strategy=strategy).axes[0]
        shown = axes.collections[0].get_array()
        people = [text.get_text().removesuffix(" †") for text in axes.get_yticklabels()]
        name = strategy or "calibrated"
        for record in next(one for one in run.strategies if one.name == name).records:
            for one in record.contributors:
                at = people.index(one.contributor), record.round - 1
                assert shown[at] == pytest.approx(100 * one.weight)
        marked = [text.get_text() for text in axes.get_yticklabels() if "†" in text.get_text()]
        assert len(marked) == 1
        assert run.attacks(marked[0].removesuffix(" †"))


def test_payouts_are_shares_of_what_the_ledger_paid(real):
    axes = anml_fl.load_run(real).plot("payouts").axes[0]
    entry = json.loads((real / "ledger.jsonl").read_text().splitlines()[-1])
    total = sum(entry["totals"].values())
    people = [text.get_text().removesuffix(" †") for text in axes.get_yticklabels()]
    # Bars of the honest first, then those of attackers, which are the last rows.
    for name, bar in zip(people, axes.patches, strict=True):
        assert bar.get_width() == pytest.approx(100 * entry["totals"][name] / total)
    assert [bool(bar.get_hatch()) for bar in axes.patches] == [False] * 5 + [True]


def test_where_seeds_deal_roles_anew_rows_are_behaviours(seeds):
    runs = anml_fl.load_runs(seeds)
    axes = runs.plot("payouts").axes[0]
    people = [text.get_text().removesuffix(" †") for text in axes.get_yticklabels()]
    assert people == ["honest", "label_flip"]
    of = {"honest": [], "label_flip": []}
    for folder in seeds:
        totals = json.loads((folder / "ledger.jsonl").read_text().splitlines()[-1])["totals"]
        kinds = json.loads((folder / "summary.json").read_text())["contributors"]
        for kind, shares in of.items():
            those = [totals[name] for name, behaviour in kinds.items() if behaviour == kind]
            shares.append(100 * fmean(those) / sum(totals.values()))
    assert [bar.get_width() for bar in axes.patches] == pytest.approx(
        [fmean(of["honest"]), fmean(of["label_flip"])]
    )


def test_signals_are_those_of_the_rounds(real):
    axes = anml_fl.load_run(real).plot("signals", strategy="krum").axes[0]
    honest, bad = (one.get_offsets() for one in axes.collections)
    lines = (real / "krum" / "rounds.jsonl").read_text().splitlines()
    kinds = json.loads((real / "summary.json").read_text())["contributors"]
    for points, attacks in ((honest, False), (bad, True)):
        expected = [
            (one["q"], one["s"])
            for record in map(json.loads, lines)
            for one in record["contributors"]
            if (kinds[one["contributor"]] != "honest") is attacks and one["q"] is not None
        ]
        assert points.data == pytest.approx(np.array(expected))


@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_is_a_column_wide_and_the_same_bytes_whatever_else_is_set(real, kind):
    run = anml_fl.load_run(real)
    figure = run.plot(kind)
    assert figure.get_size_inches()[0] == WIDTH
    first = {form: written(figure, form) for form in FORMS}
    # In the style of others: dark, of large letters, with Type 3 fonts.
    other = {"pdf.fonttype": 3, "svg.fonttype": "path", "font.size": 30, "lines.linewidth": 9}
    with mpl.style.context(["dark_background", other]):
        again = {form: written(run.plot(kind), form) for form in FORMS}
    assert again == first
    assert b"/FontType 42" in first["pdf"] or b"/CIDFontType2" in first["pdf"]
    assert b"/Type3" not in first["pdf"]
    assert b"/CreationDate" not in first["pdf"]
    assert b"<text" in first["svg"]
    assert b"<dc:date>" not in first["svg"]
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_names_of_strangers_are_text(real, tmp_path):
    folder = shutil.copytree(real, tmp_path / "wine")
    name = r"$\frac{a}{<b>&"
    for path in (folder / "summary.json", folder / "calibrated" / "rounds.jsonl"):
        spelled = json.dumps(name)[1:-1]
        path.write_text(path.read_text().replace("contributor-0001", spelled))
    for other in ("median", "krum", "anml"):
        path = folder / other / "rounds.jsonl"
        path.write_text(path.read_text().replace("contributor-0001", json.dumps(name)[1:-1]))
    figure = anml_fl.load_run(folder).plot("weights")
    assert b"$\\frac{a}{&lt;b&gt;&amp;" in written(figure, "svg")


def test_lines_differ_without_colours():
    looks = [line(number) for number in range(12)]
    assert len({(one.linestyle, one.marker) for one in looks}) == 12
    assert len({*map(line, range(252))}) == 252
    # No line is too light for paper, and neighbours differ in more than colour.
    assert max(luminance(one.color) for one in looks) < 0.7


def test_areas_differ_in_grey():
    dark, middle, light = map(luminance, (DARK, MIDDLE, LIGHT))
    assert middle - dark > 0.15
    assert light - middle > 0.15


def test_the_weights_colours_grow_lighter_evenly(real):
    axes = anml_fl.load_run(real).plot("weights").axes[0]
    colors = axes.collections[0].get_cmap()(np.linspace(0, 1, 64))
    assert (np.diff([luminance(one[:3]) for one in colors]) > 0).all()


def test_many_contributors_are_drawn_without_names_and_as_a_picture(tmp_path):
    people = [f"c{number:04d}" for number in range(2000)]
    record = {"at": 0.0, "branch": None, "bytes_received": 0, "bytes_sent": 0, "refused": []}
    record |= {"min_s": 0.0, "note": None, "rho_c": None, "strategy": "a", "test_error": 0.5}
    own = {"q": 0.5, "v": 1.0, "r": 1.0, "T": 1.0, "s": 1.0, "selected": True, "reason": None}
    own |= {"weight": 1 / 2000, "refused_credentials": []}
    record["contributors"] = [own | {"contributor": name} for name in people]
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "rounds.jsonl").write_text(
        "".join(json.dumps(record | {"round": number}) + "\n" for number in (1, 2, 3))
    )
    summary = {"name": "n", "engine": "inline", "dataset": "d", "seed": 0}
    summary |= {"contributors": dict.fromkeys(people, "honest"), "strategies": {"a": {}}}
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    (tmp_path / "config.toml").write_text("")
    run = anml_fl.load_run(tmp_path)
    for kind in ("weights", "signals"):
        drawn = written(run.plot(kind), "svg")
        assert b"data:image/png" in drawn
        assert len(drawn) < 200_000
    assert b"data:image/png" not in written(run.plot("error"), "svg")


def test_what_is_drawn_is_not_empty(real, seeds):
    for source in (anml_fl.load_run(real), anml_fl.load_runs(seeds)):
        for kind in KINDS:
            pixels = np.asarray(
                Image.open(BytesIO(written(source.plot(kind), "png"))).convert("L")
            )
            # Neither does anything run over the edges.
            edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
            assert pixels.min() < 100
            assert edge.min() == 255, kind


@pytest.mark.parametrize(
    ("kind", "strategy", "message"),
    [
        ("loss", "", "kind must be one of error, weights, payouts, signals, got 'loss'"),
        (
            "weights",
            "mean",
            "strategy must be one of median, krum, anml, calibrated, got 'mean'",
        ),
        ("weights", "median", "strategy 'median' gives no weights: there are none to draw"),
        ("error", "krum", "strategy: 'error' shows all strategies; leave it out"),
        ("payouts", "krum", "strategy: 'payouts' shows the one that pays; leave it out"),
    ],
)
def test_what_cannot_be_drawn_is_said(real, kind, strategy, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        anml_fl.load_run(real).plot(kind, strategy=strategy)


def test_an_untested_run_and_one_without_a_valid_update_say_so(odd):
    run = anml_fl.load_run(odd)
    with pytest.raises(ValueError, match="strategy 'own' had no valid update"):
        run.plot("signals", strategy="own")
    path = odd / "calibrated" / "rounds.jsonl"
    path.write_text(path.read_text().replace(',"test_score":0.875', ""))
    with pytest.raises(ValueError, match="no model of odd was tested by the server"):
        anml_fl.load_run(odd).plot("error")


def test_runs_that_do_not_repeat_each_other_are_refused_by_what_they_differ_in(real, seeds):
    runs = anml_fl.load_runs([seeds[0], real])
    message = (
        r"wine does not repeat s0: .* in strategies \(.*\), training\.rounds \(2 and 3\);"
    )
    with pytest.raises(ValueError, match=message):
        runs.plot("error")


def test_a_seed_that_comes_twice_is_no_repeat(seeds, tmp_path):
    again = shutil.copytree(seeds[1], tmp_path / "again")
    with pytest.raises(ValueError, match=r"^again has the seed of s1, 1: twice the same run"):
        anml_fl.load_runs([*seeds[:3], again]).plot("error")


def test_runs_of_an_app_are_no_repeats(seeds, tmp_path):
    folders = [shutil.copytree(one, tmp_path / one.name) for one in seeds[:2]]
    for folder in folders:
        path = folder / "config.toml"
        path.write_text(path.read_text().replace('engine = "inline"', 'engine = "app"'))
        assert 'engine = "app"' in path.read_text()
    with pytest.raises(ValueError, match="s1 does not repeat s0: a Flower app's settings"):
        anml_fl.load_runs(folders).plot("error")
