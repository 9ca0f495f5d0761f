"""Other processors' kernels: tests that compare numbers pass, and a federation decides alike.

The libraries can be told to leave a processor's newer instructions alone. Nothing here is
compared with a file: every side is computed now. What is promised: docs/adr/0015-kernels.md.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from anml_fl.method.records import RoundRecord

pytestmark = [
    pytest.mark.slow,
    pytest.mark.kernels,
    pytest.mark.skipif(
        platform.machine() not in ("x86_64", "AMD64"),
        reason="which kernels to choose is known for x86-64 only",
    ),
]

TESTS = Path(__file__).parents[1]
# Files that compare two ways of doing the same sums, or bytes.
AFFECTED = (
    "clients/test_cohort_bits.py",
    "clients/test_cohort_convolution.py",
    "clients/test_cohort_perceptron.py",
    "clients/test_training.py",
    "models/test_cohort.py",
    "method/test_krum_accuracy.py",
    "method/test_gradients_krum.py",
    "server/orchestration/test_round_game.py",
    "strategies/test_rules.py",
)
# Of torch itself, of oneDNN (convolutions), of MKL (torch's products; the first name counts on
# Intel's processors only), of OpenBLAS (numpy's products).
KERNELS = {
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
    },
    "sse4": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "MKL_CBWR": "COMPATIBLE",
        "OPENBLAS_CORETYPE": "Nehalem",
    },
}
# numpy's own are chosen by what it is not to use of what it finds.
NUMPY = "NPY_DISABLE_CPU_FEATURES"
FOUND = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
KEPT = {"avx2": ["X86_V3"], "sse4": []}

IN_USE = """
import hashlib, json
import numpy as np, scipy.linalg, torch
from threadpoolctl import threadpool_info
rng = np.random.default_rng(0)
a, b = (rng.normal(size=shape).astype(np.float32) for shape in ((33, 65), (65, 17)))
of_torch = torch.from_numpy(a)
sums = {"MKL": of_torch @ torch.from_numpy(b), "torch": torch.log_softmax(of_torch, 1),
        "OpenBLAS": a @ b, "numpy": np.exp(a)}
print(json.dumps({
    "torch": torch.backends.cpu.get_cpu_capability(),
    "OpenBLAS": [i["architecture"] for i in threadpool_info() if i["user_api"] == "blas"],
    "numpy": np.show_config(mode="dicts")["SIMD Extensions"].get("found", []),
    "bits": {name: hashlib.sha256(np.asarray(one).tobytes()).hexdigest()
             for name, one in sums.items()},
}))
"""


def python(kernels, *command, **environment):
    """Run Python with a processor's kernels, and fail with all that it printed."""
    clean = {k: v for k, v in os.environ.items() if k not in {*KERNELS["sse4"], NUMPY}}
    chosen = {}
    if kernels != "own":
        left_out = [name for name in FOUND if name not in KEPT[kernels]]
        chosen = {**KERNELS[kernels], **({NUMPY: " ".join(left_out)} if left_out else {})}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=TESTS.parent,
        env={**clean, **chosen, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(params=KERNELS)
def kernels(request):
    if request.param == "avx2" and "X86_V3" not in FOUND:
        pytest.skip("this processor has no AVX2: its own kernels are those of sse4")
    return request.param


@cache
def in_use(kernels):
    """Ask each library what it uses, and for some sums; also what MKL says meanwhile."""
    said = python(kernels, "-c", IN_USE, MKL_VERBOSE="1").splitlines()
    return json.loads(said[-1]), said[:-1]


def test_each_library_uses_the_kernels_that_were_chosen(kernels):
    found, said = in_use(kernels)
    assert found["torch"] == {"avx2": "AVX2", "sse4": "DEFAULT"}[kernels]
    assert set(found["OpenBLAS"]) == {KERNELS[kernels]["OPENBLAS_CORETYPE"]}
    assert found["numpy"] == KEPT[kernels]
    products = [line for line in said if line.startswith("MKL_VERBOSE SGEMM")]
    assert products
    way = KERNELS[kernels].get("MKL_CBWR", "OFF")
    assert all(f"CNR:{way} " in line for line in products)
    assert "AVX-512" not in said[0]


@pytest.mark.skipif("X86_V3" not in FOUND, reason="this processor has no AVX2")
def test_these_kernels_round_differently_in_every_library():
    one, other = (in_use(name)[0]["bits"] for name in ("avx2", "sse4"))
    assert {name for name in one if one[name] == other[name]} == set()


def test_what_compares_numbers_passes(kernels):
    files = [str(TESTS / file) for file in AFFECTED]
    said = python(kernels, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files)
    last = said.splitlines()[-1]
    assert " passed" in last
    assert "skipped" not in last


# ── The promise ──────────────────────────────────────────────────────────────────────────────

STRATEGIES = ("fedavg", "krum", "anml")
WITHIN = 0.01  # training amplifies rounding
DECISIONS = ("round", "strategy", "branch", "note", "refused")
NUMBERS = ("rho_c", "min_s", "at", "test_error", "bytes_sent", "bytes_received")
OF_EACH = ("contributor", "selected", "reason", "refused_credentials")


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Run a federation under some kernels; say what its rounds decided, and its bytes."""
    made = {}

    def run(kernels, name=""):
        if (key := (kernels, name)) not in made:
            out = tmp_path_factory.mktemp(kernels) / "run"
            few = ("--dataset", "wine", "--contributors", "10", "--rounds", "4")
            which = [part for one in STRATEGIES for part in ("--strategy", one)]
            python(kernels, "-m", "anml_fl.cli", "run", *few, *which, "--out", str(out))
            made[key] = {s: (out / s / "rounds.jsonl").read_bytes() for s in STRATEGIES}
        return made[key]

    return run


def test_the_same_command_gives_the_same_bytes(records):
    assert records("own") == records("own", "again")


def test_another_processor_decides_the_same(records, kernels):
    for strategy in STRATEGIES:
        ours, theirs = (
            [RoundRecord.from_json(line) for line in records(one)[strategy].splitlines()]
            for one in ("own", kernels)
        )
        assert len(ours) == len(theirs) == 4
        for mine, other in zip(ours, theirs, strict=True):
            assert_alike(mine, other, DECISIONS, NUMBERS)
            for one, another in zip(mine.contributors, other.contributors, strict=True):
                assert_alike(one, another, OF_EACH, (*"qvrTs", "weight"))


def assert_alike(one, other, decided, computed):
    one, other = asdict(one), asdict(other)
    assert [one[name] for name in decided] == [other[name] for name in decided]
    numbers = [np.array([each[name] for name in computed], float) for each in (one, other)]
    np.testing.assert_allclose(*numbers, rtol=0, atol=WITHIN)
