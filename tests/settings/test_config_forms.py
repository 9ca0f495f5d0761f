"""Settings with a form of their own: partitions, pairs, behaviours, strategies."""

from __future__ import annotations

import pytest

from anml_fl import plugins
from anml_fl.settings.attackers import Attackers
from anml_fl.settings.reading import from_flat, from_toml, parse_behaviours
from anml_fl.settings.section import ConfigError


@pytest.mark.parametrize(
    ("given_as", "meant"),
    [
        ("iid", "iid"),
        ("dirichlet", "dirichlet:0.5"),
        ("dirichlet:0.3", "dirichlet:0.3"),
        ("dirichlet(0.3)", "dirichlet:0.3"),
        ("dirichlet=0.3", "dirichlet:0.3"),
        ("dirichlet:1e-2", "dirichlet:0.01"),
        ("dirichlet:100", "dirichlet:100"),
    ],
)
def test_partition_has_one_form_inside(given_as, meant):
    assert from_flat({"partition": given_as}).federation.partition == meant


@pytest.mark.parametrize(
    "bad",
    [
        *("IID", "iid:0.3", "dirichlet:", "dirichlet:0", "dirichlet:-1", "dirichlet:nan"),
        *("dirichlet:inf", "dirichlet:1e999", "dirichlet:.", "dirichlet:e", "dirichlet 0.3"),
        *("dirichlet:0.3 0.4", "dirichlet()", "pathological", "xdirichlet:0.3"),
        *("Iid", "iidPartitioner", "IidPartitioner:", "APartitioner:x", "APartitioner:x=[1"),
        *("ÄPartitioner", "APartitioner:x=1,", "APartitioner:x=1;y=2", "A Partitioner"),
        *("APartitioner:x=" + "1" * 10_000,),
        *("dirichlet:1_0", "dirichlet(1_0)", "dirichlet:\u0661", "dirichlet:infinity"),
    ],
)
def test_partition_that_is_unknown_is_refused_with_the_known_ones(bad):
    with pytest.raises(ConfigError) as caught:
        from_flat({"partition": bad})
    assert str(caught.value) == (
        "federation.partition: known partitions: iid, natural, sorted, dirichlet:ALPHA with"
        " 0 < ALPHA <= 1e+06; for a table of your own also those of flwr-datasets, NAME or"
        f" NAME:KEY=VALUE,..., such as DirichletPartitioner:alpha=0.3, got {bad!r}"
    )


@pytest.mark.parametrize("bad", ["3", "3-", "a-b", "3-8;4-9", "3-8,", "-1-2"])
def test_pairs_that_are_none_are_refused(bad):
    with pytest.raises(ConfigError, match="flip_pairs: must be pairs of classes such as 3-8"):
        from_flat({"flip-pairs": bad})


def test_a_class_looks_like_one_other_only():
    assert Attackers(flip_pairs="3-8, 4-9").pairs == {3: 8, 8: 3, 4: 9, 9: 4}
    assert Attackers().pairs == {}
    for bad in ("3-8,8-4", "3-3"):
        with pytest.raises(ConfigError, match="a class must stand in one pair only"):
            from_flat({"flip-pairs": bad})


def test_a_share_of_pairs_needs_pairs():
    with pytest.raises(ConfigError, match="pair_share needs flip_pairs"):
        from_flat({"pair-share": 0.5})


def test_as_many_attackers_as_contributors_but_no_more():
    assert from_flat({"contributors": 3, "behaviours": "joint=1,label_flip=2"})
    with pytest.raises(ConfigError, match="given to 4 contributors, but there are only 3"):
        from_flat({"contributors": 3, "behaviours": "joint=2,label_flip=2"})


def test_honest_count_must_leave_nobody_over():
    config = from_flat({"contributors": 5, "behaviours": "honest=3,joint=2"})
    assert config.federation.behaviours == {"honest": 3, "joint": 2}
    with pytest.raises(ConfigError, match="must add up to the 5 contributors, got 4"):
        from_flat({"contributors": 5, "behaviours": "honest=2,joint=2"})


def test_negative_count_is_refused():
    with pytest.raises(ConfigError, match=r"behaviours\.joint: .*got -1"):
        from_toml("[federation.behaviours]\njoint = -1")


@pytest.mark.parametrize(
    ("pair", "end"),
    [
        ("joint", "must be KIND=COUNT, as in label_flip=1"),
        ("joimt", "label_flip=1; did you mean joint?"),
        ("", "label_flip=1; known: honest, label_flip, gradient_aligned"),
        ("joint:2", "did you mean joint?"),
        ("joint=1,joint=1", "gives its kind a second time, as in label_flip=1"),
    ],
)
def test_behaviours_in_another_form_are_refused_with_the_right_one(pair, end):
    with pytest.raises(ConfigError) as caught:
        parse_behaviours(pair.split(","))
    assert repr(pair.split(",")[-1]) in str(caught.value)
    assert end in str(caught.value)


def test_behaviours_may_have_spaces_around():
    flat = {"behaviours": " joint = 2 , label_flip= 1"}
    assert from_flat(flat).federation.behaviours == {"joint": 2, "label_flip": 1}


def test_strategies_come_once_each_in_the_order_given():
    config = from_flat({"strategies": "oracle, krum,oracle ,fedavg,krum"})
    assert config.strategies == ("oracle", "krum", "fedavg")


def test_no_strategy_at_all_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError) as caught:
        from_toml("strategies = []")
    assert f"give at least one of {', '.join(plugins.RULES.names)}; or, before" in str(
        caught.value
    )


def test_a_flip_has_a_target_or_an_offset():
    with pytest.raises(ConfigError, match="flip_target and flip_offset exclude each other"):
        from_flat({"flip-target": 0, "flip-offset": 1})
    with pytest.raises(
        ConfigError, match="flip_offset and flip_reversed exclude each other: give one"
    ):
        from_flat({"flip-reversed": True, "flip-offset": 1})
    assert from_flat({"flip-target": 0}).attacks.flip_target == 0
    assert from_flat({"flip-offset": 0}).attacks.flip_offset == 0
