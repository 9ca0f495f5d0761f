"""Chains of names: which are taken, and what is said of the others."""

import pytest

from anml_fl.catalogue import UnknownNameError
from anml_fl.plugins import PRE_AGGREGATIONS, RULES, STRATEGIES


@pytest.mark.parametrize(
    "name", ["krum", "nnm+krum", "arc+nnm+nnm+median", "a.b:c+krum", "nnm+a.b:c", "a:b"]
)
def test_names_of_both_tables_and_ones_own_are_taken_as_they_are(name):
    assert STRATEGIES.check(name) == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nmm", "unknown strategy 'nmm'; known: fedavg, krum"),
        ("nnm", "unknown strategy 'nnm'; known: fedavg, krum"),
        ("nmm+krum", "unknown pre-aggregation 'nmm' in 'nmm+krum'; did you mean nnm?"),
        ("nnm+krun", "unknown strategy 'krun' in 'nnm+krun'; did you mean krum?"),
        ("nnm+nnm", "unknown strategy 'nnm' in 'nnm+nnm'; known: fedavg, krum"),
        ("nnm+../x:y", "unknown strategy '../x:y' in 'nnm+../x:y'; known: fedavg"),
        ("nnm++krum", "unknown pre-aggregation '' in 'nnm++krum'"),
        ("nnm+" * 25 + "krum", "'nnm+nnm+nnm+nnm+...' must have at most 100 letters, got 104"),
        (
            "nnm+" + "a" * 99 + ":b",
            "strategy 'aaaaaaaaaaaaaaaa...' must have at most 100 letters",
        ),
        (
            "a" * 99 + ":b",
            "strategy 'aaaaaaaaaaaaaaaa...' must have at most 100 letters, got 101",
        ),
    ],
)
def test_a_wrong_part_is_named(name, said):
    with pytest.raises(UnknownNameError) as caught:
        STRATEGIES.check(name)
    assert said in str(caught.value)


def test_a_chain_is_known_by_its_tables():
    assert STRATEGIES.kind == "strategy"
    assert STRATEGIES.names == RULES.names
    assert STRATEGIES.split("krum") == ((), "krum")
    assert all(f"{one}+" in STRATEGIES.expected for one in PRE_AGGREGATIONS.names)
    assert all(one in STRATEGIES.expected for one in RULES.names)
