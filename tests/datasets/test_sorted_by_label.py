"""The partition sorted by label, held against a sort of the same rows by hand."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.datasets.prepare import deal
from anml_fl.datasets.sorted_by_label import sorted_by_label
from anml_fl.federation.adoption import adopted
from anml_fl.federation.data import data_of
from anml_fl.settings.reading import from_flat


def _rows(parts):
    """Count how often each row is there, by its bytes and label."""
    rows = [
        (row.tobytes(), int(label))
        for part in parts
        for row, label in zip(part.features, part.labels, strict=True)
    ]
    return sorted(rows)


@pytest.mark.parametrize("contributors", [3, 7, 20])
def test_parts_are_equal_and_ascend_by_label_and_no_row_is_lost(contributors):
    dealt = deal("digits", contributors, "iid", seed=3)
    found = sorted_by_label(dealt)
    sizes = [part.labels.size for part in found.parts]
    assert max(sizes) - min(sizes) <= 1
    together = np.concatenate([part.labels for part in found.parts])
    assert (np.diff(together) >= 0).all()
    assert _rows(found.parts) == _rows(dealt.parts)
    assert found.test is dealt.test
    assert found.names == dealt.names


def test_twenty_contributors_of_ten_classes_hold_two_at_most():
    config = from_flat({"partition": "sorted", "contributors": 20, "seed": 1})
    parts = data_of(config).parts
    assert max(np.unique(part.labels).size for part in parts) == 2
    assert data_of(config) is data_of(config)


def test_within_a_class_the_deal_follows_the_seed():
    first, again, other = (
        data_of(from_flat({"dataset": "wine", "partition": "sorted", "seed": seed})).parts[0]
        for seed in (0, 0, 1)
    )
    assert (first.features == again.features).all()
    assert (
        first.features.shape != other.features.shape
        or (first.features != other.features).any()
    )


def test_a_table_of_ones_own_is_sorted_as_well(tmp_path):
    rng = np.random.default_rng(0)
    label = rng.permutation(np.repeat(["a", "b", "c"], 30))
    lines = [
        "x,label",
        *(f"{x:.3f},{one}" for x, one in zip(rng.normal(size=90), label, strict=True)),
    ]
    file = tmp_path / "table.csv"
    file.write_text("\n".join(lines) + "\n")
    config = from_flat(
        {"data": str(file), "label": "label", "partition": "sorted", "contributors": 6}
    )
    parts = data_of(adopted(config)).parts
    held = [sorted({int(one) for one in part.labels}) for part in parts]
    assert held == [[0], [0], [1], [1], [2], [2]]
