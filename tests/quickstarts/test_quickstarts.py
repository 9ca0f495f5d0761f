"""Three public quickstarts, with at most five changed lines each, under `flwr run .`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file

from anml_fl import load_run
from anml_fl.cli import main

HERE = Path(__file__).parent
APPS = ("pytorch", "sklearn", "lora")


def changed(name: str) -> list[str]:
    """List the lines that a patch takes away or puts in, in its order."""
    lines = (HERE / name / "anml.patch").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if re.match(r"[+-](?![+-]{2} )", line)]


@pytest.mark.parametrize("name", APPS)
def test_patch_changes_five_lines_at_most(name):
    signs = [line[0] for line in changed(name)]
    assert 0 < signs.count("+") <= 5
    assert signs.count("-") <= signs.count("+")


@pytest.mark.checkout
def test_page_shows_the_patch_as_it_is(request):
    page = (request.config.rootpath / "docs" / "apps.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```diff\n(.*?)```", page, re.DOTALL)
    assert shown.splitlines() == changed("pytorch")


def records_of(out: Path, nodes: int, rounds: int):
    """Check what every kept run has, and return its strategy."""
    verdict = CliRunner().invoke(main, ["verify", str(out), "--json"])
    assert verdict.exit_code == 0, verdict.output
    assert json.loads(verdict.output)["rounds"] == rounds
    assert (out / "report.html").stat().st_size > 1_000_000  # plotly is in it
    (strategy,) = load_run(out).strategies
    assert strategy.name == "anml"
    assert len(strategy.records) == rounds
    for record in strategy.records:
        names = {one.contributor for one in record.contributors}
        assert names == {f"partition-{i}" for i in range(nodes)}
        assert record.refused == ()
        assert sum(one.weight for one in record.contributors) == pytest.approx(1)
    return strategy


@pytest.mark.slow
def test_pytorch_is_judged_by_parameters_and_tested_by_server_and_clients(
    run_patched,
):
    out = run_patched("pytorch", 6)
    strategy = records_of(out, nodes=6, rounds=3)
    buffers = ("norm.num_batches_tracked", "norm.running_mean", "norm.running_var")
    assert {record.buffers for record in strategy.records} == {buffers}
    first, *_, last = strategy.records
    assert last.test_error < first.test_error < 1
    # fraction-evaluate is one half.
    assert [len(claims.values) for claims in strategy.claims] == [3, 3, 3]
    assert (out.parent.parent / "final_model.pt").is_file()


@pytest.mark.slow
def test_sklearn_averages_its_arrays_in_double_precision_from_zeros_on(run_patched):
    out = run_patched("sklearn", 5)
    strategy = records_of(out, nodes=5, rounds=3)
    kept = load_file(out / strategy.name / "model.safetensors")
    assert [a.dtype for a in kept.values()] == [np.float64, np.float64]
    assert {a.shape for a in kept.values()} == {(3, 4), (3,)}
    assert all(np.abs(a).max() > 0 for a in kept.values())
    # What the app itself wrote after its last round.
    with np.load(out.parent.parent / "final_model.npz") as written:
        for name in written.files:
            np.testing.assert_array_equal(written[name], kept[name.removeprefix("arr_")])


@pytest.mark.slow
def test_lora_sends_adapters_alone(run_patched):
    out = run_patched("lora", 4)
    strategy = records_of(out, nodes=4, rounds=2)
    kept = load_file(out / strategy.name / "model.safetensors")
    assert kept.keys() == {name for name in kept if ".lora_A." in name or ".lora_B." in name}
    # Two layers, each with q, k, v, o (32 to 32), gate and up (32 to 64), down (64 to 32).
    numbers = 4 * 2 * (4 * (32 + 32) + 3 * (32 + 64))
    assert sum(a.size for a in kept.values()) == numbers
    # float32, and some words of numpy's around each array.
    for record in strategy.records:
        assert 4 * numbers <= record.bytes_sent / 4 < 4 * numbers + 200 * len(kept)
    written = load_file(out.parent.parent / "adapters" / "adapter_model.safetensors")
    for name, values in written.items():
        np.testing.assert_array_equal(values, kept[name])
    assert any(np.abs(values).max() > 0 for name, values in kept.items() if "lora_B" in name)
