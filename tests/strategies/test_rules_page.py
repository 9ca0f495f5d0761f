"""docs/rules.md names what there is, and its example works."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from anml_fl.plugins import PRE_AGGREGATIONS, RULES
from anml_fl.registry.interface import Signals
from anml_fl.settings.aggregation import Aggregation
from strategies.cohort import Cohort
from strategies.context import Context
from strategies.rule import named_rule

pytestmark = pytest.mark.checkout
PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


@pytest.mark.parametrize(("table", "title"), [(RULES, "Rules"), (PRE_AGGREGATIONS, "Pre-")])
def test_every_name_has_a_row(table, title):
    section = re.search(rf"^## {title}.*?(?=^## )", PAGE.read_text("utf-8"), re.M | re.S)[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(table.names)


def test_the_example_cuts_to_one(tmp_path, monkeypatch):
    page = PAGE.with_name("adding") / "pre-aggregation.md"
    code = re.search(r"```python\n(.*?)```", page.read_text("utf-8"), re.S)[1]
    (tmp_path / "my_mixing.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    ones = np.ones(2)
    cohort = Cohort(
        ("a", "b"), np.array([[0.5], [4.0]]), ones, ones, Signals(ones, ones, ones), ones
    )
    rule = named_rule("my_mixing:unit+fedavg", Aggregation())
    np.testing.assert_allclose(rule.decide(cohort, Context(1, np.zeros(1))).update, [0.75])
