"""Rules that use a root set: which they are, and what is refused where one needs it."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from anml_fl.federation.root import root_set, with_root
from anml_fl.federation.root_use import needed, root_use, use_of
from anml_fl.federation.run_task import task_of
from anml_fl.plugins import RULES
from anml_fl.settings.aggregation import Aggregation
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from strategies.rule import Rule, named_rule


@pytest.fixture
def own(monkeypatch):
    """A module of somebody's own, whose rules say what they ask of a root set."""
    module = ModuleType("their_rules")

    def mine(cohort, context):
        raise NotImplementedError

    mine.__module__ = module.__name__
    module.mine = mine
    module.brought = Rule(mine, "brought", root=dict)
    module.ROOT = "rows"
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def test_three_need_one_and_calibrated_has_less_to_go_by():
    assert {name: use for name in RULES.names if (use := root_use(name))} == {
        "calibrated": "wanted",
        "fedgreed": "rows",
        "fltrust": "update",
        "loss_drop": "rows",
    }
    assert [needed(use) for use in ("", "wanted", "update", "rows")] == [0, 0, 1, 1]


def test_a_chain_asks_what_its_rule_asks():
    assert root_use("client_momentum+nnm+fltrust") == "update"
    assert root_use("nnm+krum") == ""
    assert use_of(named_rule("arc+nnm+fedgreed", Aggregation()).decide) == "rows"


def test_a_rule_of_ones_own_says_so_in_its_module(own):
    assert root_use("their_rules:mine") == "rows"
    assert root_use("nnm+their_rules:mine") == "rows"
    assert root_use("their_rules:brought") == ""
    own.ROOT = "nonsense"
    assert root_use("their_rules:mine") == ""
    del own.ROOT
    assert root_use("their_rules:mine") == ""


@pytest.mark.parametrize("name", ["fltrust", "fedgreed", "loss_drop", "nnm+fltrust"])
def test_rows_are_held_out_for_it_as_for_calibrated_and_all_are_tested_on_the_others(name):
    found = task_of(from_flat({"strategies": f"fedavg,{name}"}))
    other = task_of(from_flat({"strategies": "calibrated"}))
    assert found.root_note == ""
    np.testing.assert_array_equal(found.root.features, other.root.features)
    np.testing.assert_array_equal(found.data.test.features, other.data.test.features)
    whole = task_of(from_flat({"strategies": "fedavg,krum"}))
    assert whole.root is None
    assert whole.data.test.labels.size == found.data.test.labels.size + 80


def test_none_is_refused_where_a_rule_needs_one():
    config = from_flat({"strategies": "fedavg,fltrust,nnm+fedgreed", "root": "none"})
    with pytest.raises(ConfigError) as caught:
        task_of(config)
    assert str(caught.value) == (
        "strategies: no root set (none was asked for), needed by fltrust, nnm+fedgreed: give"
        " --root N or --root-data FILE, or leave that strategy out"
    )


def test_auto_fails_where_a_rule_needs_one_and_the_server_can_spare_none():
    config = from_flat({"strategies": "calibrated,loss_drop"})
    task = task_of(from_flat({"strategies": "fedavg"}))
    test = task.data.test.take(np.arange(40))
    few = replace(task, data=replace(task.data, test=test))
    told = r"^strategies: no root set \(.*\), needed by loss_drop: give --root N"
    with pytest.raises(ConfigError, match=told):
        with_root(few, config)
    assert with_root(few, from_flat({"strategies": "calibrated"})).root is None


@pytest.mark.parametrize(("epochs", "batch", "steps"), [(1, 32, 3), (4, 32, 12), (2, 80, 2)])
def test_it_is_trained_on_in_as_many_steps_as_a_contributor_takes(epochs, batch, steps):
    config = from_flat(
        {"strategies": "fltrust", "root": 80, "local-epochs": epochs, "batch-size": batch}
    )
    assert root_set(task_of(config), config).steps == steps
