"""Flower's partitioners on a table of one's own: who gets which rows, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.datasets.prepare import deal
from anml_fl.datasets.table import TableError
from anml_fl.federation.data import data_of
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from anml_fl.tables import partitioners
from anml_fl.tables.partitioners import dealt
from anml_fl.tables.rows import Rows
from anml_fl.tables.schema import ClassLabel, NumberColumn, TableSchema, ValueLabel

pytest.importorskip("flwr_datasets")

AGE = NumberColumn(name="age", low=0, high=1000)
CLASSES = ClassLabel(name="kind", classes=(("a",), ("b",), ("c",), ("d",)))
COST = ValueLabel(name="cost", low=0, high=1000)


def table(n=400, sites=(), label=CLASSES):
    """Rows in the order of their classes, and of age."""
    made = np.arange(n) * 4 // n if label is CLASSES else np.linspace(0, 1000, n)
    return Rows(
        where="a.csv",
        schema=TableSchema(label=label, columns=(AGE,), site="site" if sites else ""),
        numbers=np.linspace(0, 1000, n)[:, None],
        codes=np.empty((n, 0), np.int32),
        labels=made,
        sites=sites,
        holder=np.arange(n) % len(sites) if sites else np.full(n, -1),
    )


def shares(rows, parts):
    """Count each contributor's rows of each class."""
    return np.stack([np.bincount(rows.labels[part], minlength=4) for part in parts])


def told(partition, rows, contributors=4):
    with pytest.raises(ValueError, match="partition") as caught:
        dealt(partition, rows, contributors, 0)
    return str(caught.value)


@pytest.mark.parametrize(
    "partition",
    [
        "IidPartitioner",
        "LinearPartitioner",
        "SquarePartitioner",
        "ExponentialPartitioner",
        "DirichletPartitioner:alpha=0.5",
        "DirichletPartitioner:alpha=[0.5,1,1,2],self_balancing=true,min_partition_size=3",
        "InnerDirichletPartitioner:partition_sizes=[100,100,100,100],alpha=0.5",
        "PathologicalPartitioner:num_classes_per_partition=2,"
        "class_assignment_mode=deterministic",
        "ShardPartitioner:num_shards_per_partition=2",
        "ContinuousPartitioner:strictness=0.7,partition_by=age",
        "DistributionPartitioner:distribution_array=[[1,2],[2,1],[1,1],[3,1]],"
        "num_unique_labels_per_partition=2,preassigned_num_samples_per_label=5",
        "DistributionPartitioner:distribution_array=[[50,50],[60,40],[10,90],[1,99]],"
        "num_unique_labels_per_partition=2,preassigned_num_samples_per_label=5,rescale=False",
    ],
)
def test_each_row_goes_to_one_contributor_the_same_for_a_seed(partition):
    rows = table()
    parts = dealt(partition, rows, 4, 3)
    assert len(parts) == 4
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(400))
    assert all((np.diff(part) > 0).all() and part.dtype == np.intp for part in parts)
    again, other = dealt(partition, rows, 4, 3), dealt(partition, rows, 4, 4)
    assert all(map(np.array_equal, parts, again))
    assert not all(map(np.array_equal, parts, other))
    assert from_flat({"partition": partition}).federation.partition == partition


def test_iid_is_even_in_number_and_mixed_though_rows_come_by_class():
    rows = table()
    found = shares(rows, dealt("IidPartitioner", rows, 4, 0))
    assert found.sum(axis=1).tolist() == [100] * 4
    assert found.min() > 12  # of 25; by their order it were 0


def test_sizes_grow_as_the_names_say():
    rows = table()
    assert [part.size for part in dealt("LinearPartitioner", rows, 4, 0)] == [40, 80, 120, 160]
    squares = [part.size for part in dealt("SquarePartitioner", rows, 4, 0)]
    assert np.abs(np.array(squares) - 400 * np.array([1, 4, 9, 16]) / 30).max() <= 3
    sized = dealt("SizePartitioner:partition_sizes=[10,20,30,40]", rows, 4, 0)
    assert [part.size for part in sized] == [10, 20, 30, 40]  # the rest is left out


def test_pathological_gives_as_many_classes_as_it_says():
    rows = table()
    parts = dealt("PathologicalPartitioner:num_classes_per_partition=2", rows, 4, 0)
    assert ((shares(rows, parts) > 0).sum(axis=1) == 2).all()


def test_dirichlet_is_the_more_skewed_the_lower_its_alpha():
    rows = table()

    def largest(alpha):
        parts = dealt(f"DirichletPartitioner:alpha={alpha}", rows, 4, 0)
        found = shares(rows, parts)
        return (found / found.sum(axis=1, keepdims=True)).max(axis=1).mean()

    assert largest(1000) < 0.3
    assert largest(0.1) > 0.5


def test_natural_ids_are_the_sites_in_their_own_order():
    rows = table(sites=("north", "east", "south"))
    parts = dealt("NaturalIdPartitioner", rows, 3, 0)
    assert all((rows.holder[part] == place).all() for place, part in enumerate(parts))
    pairs = dealt("GroupedNaturalIdPartitioner:group_size=2", rows, 2, 0)
    assert [set(rows.holder[part].tolist()) for part in pairs] == [{0, 1}, {2}]
    assert told("NaturalIdPartitioner", rows) == (
        "partition NaturalIdPartitioner makes 3 parts of these rows, and there are 4"
        " contributors; --contributors 3 lets them fit"
    )
    assert "say with --by which column does" in told("NaturalIdPartitioner", table())


def test_label_of_numbers_is_dealt_out_by_its_size_and_not_as_classes():
    rows = table(label=COST)
    parts = dealt("ContinuousPartitioner:strictness=1", rows, 4, 0)
    assert [(part.min(), part.max()) for part in parts] == [
        (0, 99),
        (100, 199),
        (200, 299),
        (300, 399),
    ]
    assert [part.size for part in dealt("IidPartitioner", rows, 4, 0)] == [100] * 4
    assert "deals out by class, and the label is a number; use ContinuousPartitioner" in told(
        "DirichletPartitioner:alpha=1", rows
    )


@pytest.mark.parametrize(
    ("partition", "message"),
    [
        (
            "NoPartitioner",
            "partition: unknown 'NoPartitioner'; did you mean IidPartitioner or ",
        ),
        (
            "VerticalEvenPartitioner",
            "partition: unknown 'VerticalEvenPartitioner'; did you mean ",
        ),
        (
            "DirichletPartitioner:alpa=1",
            "partition DirichletPartitioner: alpa is no setting of it; its settings: alpha,"
            " min_partition_size, self_balancing, shuffle",
        ),
        (
            "DirichletPartitioner",
            "partition DirichletPartitioner: alpha is needed, as in"
            " DirichletPartitioner:alpha=...; its settings: alpha,",
        ),
        (
            "IidPartitioner:num_partitions=3",
            "partition IidPartitioner: num_partitions is for the run to say; its"
            " settings: none",
        ),
        ("DirichletPartitioner:alpha=1,alpha=2", "partition: alpha is given twice"),
        (
            "DirichletPartitioner:alpha=-1",
            "partition DirichletPartitioner cannot deal these rows out so: Alpha"
            " values should",
        ),
        (
            "DirichletPartitioner:alpha=much",
            "partition DirichletPartitioner cannot deal these rows out so: The given alpha",
        ),
        (
            "GroupedNaturalIdPartitioner:group_size=0",
            "partition GroupedNaturalIdPartitioner cannot deal these rows out so:"
            " ZeroDivisionError; its settings: group_size, mode, sort_unique_ids",
        ),
        (
            "SizePartitioner:partition_sizes=[1,9,9,9]",
            "partition SizePartitioner leaves contributor 1 with 1 rows, and each needs 2",
        ),
        (
            "ContinuousPartitioner:strictness=1,partition_by=town",
            "partition ContinuousPartitioner: partition_by must be a column of numbers (age),"
            " got 'town'",
        ),
        ("dirichlet:0.5", "partition must be NAME or NAME:KEY=VALUE,..., such as"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_can(partition, message):
    assert told(partition, table(sites=("x", "y", "z", "w"))).startswith(message)


def test_row_that_is_dealt_out_twice_is_refused():
    # None of today's does it; another version's would spoil every comparison without a word.
    with pytest.raises(ValueError, match="partition X deals rows out twice"):
        partitioners._checked("X", [np.array([0, 1]), np.array([1, 2])])


def test_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(partitioners, "find_spec", lambda name: None)
    with pytest.raises(TableError, match=r"pip install 'anml-fl\[huggingface\]'"):
        dealt("IidPartitioner", table(), 4, 0)


def test_shipped_data_sets_are_dealt_out_in_our_own_ways():
    config = from_flat({"partition": "IidPartitioner"})
    with pytest.raises(ConfigError, match=r"tables of one's own \(--data\); digits is dealt"):
        data_of(config)
    # And by whoever deals without settings.
    with pytest.raises(ValueError, match=r"'iid', 'natural', or 'dirichlet:ALPHA'"):
        deal("digits", 4, "IidPartitioner", 0)
