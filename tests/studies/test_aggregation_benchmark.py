"""The benchmark of aggregation: both average the same replies, each size is measured."""

from __future__ import annotations

from studies.benchmarks import aggregation


def test_each_size_is_measured_with_ours_and_fedavg():
    said = []
    rows = aggregation.run([(5, 2000), (6, 3000)], repeats=1, progress=said.append)
    assert [(row.contributors, row.parameters) for row in rows] == [(5, 2000), (6, 3000)]
    assert all(row.ours > 0 and row.fedavg > 0 for row in rows)
    assert said == ["5 contributors of 2,000 parameters", "6 contributors of 3,000 parameters"]


def test_a_large_model_has_arrays_of_a_transformers_size_and_a_rest():
    found = aggregation._arrays(2 * 1024**2 + 7, 0)
    assert [tuple(array.shape) for array in found.values()] == [(1024, 1024)] * 2 + [(7,)]
