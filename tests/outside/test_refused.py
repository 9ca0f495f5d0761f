"""A name of something else is refused, in words that help, before anything is written."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from anml_fl.settings.reading import from_toml

BROKEN = """
from anml_fl.behaviour import Behaviour
from anml_fl.datasets.table import matrix
from torch import nn

number = 3

def function(*given):
    return number

def one_class(folder):
    return matrix([[0.0], [1.0]], [1, 1])

def wrong_logits(shape):
    return nn.Linear(shape[0], 7)

def too_much(honest, rng):
    return 0.5, 1.5

class Shape(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, rows):
        return rows.numpy()

leads_nowhere = Behaviour(in_round=lambda number, attacks: "nobody")
"""

_RULE = (
    "must be a function from a cohort and a context to a strategies.decision.Decision, or a"
    " strategies.rule.Rule, got"
)
_TABLE = "an anml_fl.datasets.table.Table, got int"
CASES = [
    ("dataset", "rings", "unknown data set 'rings'; "),
    (
        "model",
        "mine.Net",
        "one of your own is MODULE:OBJECT, as in mine:OBJECT",
    ),
    (
        "dataset",
        "../broken:function",
        "unknown data set '../broken:function'; ",
    ),
    (
        "dataset",
        "nowhere:rings",
        "data set 'nowhere:rings': no module is called nowhere: is it in the folder where the"
        " command is given, or on PYTHONPATH?",
    ),
    ("dataset", "broken:rings", "data set 'broken:rings': module broken has no rings"),
    (
        "dataset",
        "broken:number",
        f"'broken:number' must be a function from the folder of data files to {_TABLE}",
    ),
    ("dataset", "broken:function", f"data set 'broken:function' must give {_TABLE}"),
    ("dataset", "broken:one_class", "broken:one_class: its rows (2) are all of class 0"),
    (
        "model",
        "broken:number",
        "model 'broken:number' must be a class of torch.nn.Module, or a function that gives"
        " one, got int",
    ),
    (
        "model",
        "broken:function",
        "model 'broken:function' must give a torch.nn.Module, got int",
    ),
    (
        "model",
        "broken:wrong_logits",
        "must turn rows of shape (2, 2) into logits of shape (2, 2), got (2, 7)",
    ),
    ("model", "broken:Shape", "into logits of shape (2, 2), got ndarray"),
    (
        "scenario",
        "broken:number",
        "must be a function from (honest, generator) to (v, r), got",
    ),
    ("scenario", "broken:function", "must give (v, r), two numbers in [0, 1], got int"),
    ("scenario", "broken:too_much", "two numbers in [0, 1], got (0.5, 1.5)"),
    (
        "behaviour",
        "broken:function=1",
        "behaviour 'broken:function' must be an anml_fl.behaviour.Behaviour, got function",
    ),
    ("behaviour", "broken:leads_nowhere=1", "unknown behaviour 'nobody'; known: honest, "),
    ("behaviour", "broken:absent=1", "behaviour 'broken:absent': module broken has no absent"),
    ("strategy", "broken:number", f"strategy 'broken:number' {_RULE} int"),
    ("strategy", "broken:Shape", f"strategy 'broken:Shape' {_RULE} the class Shape"),
    ("strategy", "fails:rule", "importing fails failed: ZeroDivisionError: division by zero"),
    ("strategy", "needs:rule", "no module is called not_installed_anywhere"),
]


@pytest.mark.parametrize(("option", "value", "said"), CASES, ids=[c[1] for c in CASES])
def test_what_is_no_such_thing_is_refused_before_anything_is_written(
    place, write, anml, options, option, value, said
):
    write("broken", BROKEN)
    write("fails", "1 / 0\n")
    write("needs", "import not_installed_anywhere\n")
    words = options(value, contributors=1) if option == "behaviour" else options()
    more = [] if option == "behaviour" else [f"--{option}={value}"]
    found = anml(*words, *more, "--out", "run")
    output = " ".join(found.output.split())
    assert found.exit_code == 2, output
    assert said in output
    assert not Path("run").exists()


RULES = """
from dataclasses import replace
import numpy as np
from strategies.decision import averaged

def nothing(cohort, context):
    return None

def short(cohort, context):
    return replace(averaged(cohort), update=np.zeros(3, np.float32))

def listed(cohort, context):
    found = averaged(cohort)
    return replace(found, weights=found.weights.tolist())

def whole(cohort, context):
    found = averaged(cohort)
    return replace(found, selected=found.selected.astype(int))

def negative(cohort, context):
    found = averaged(cohort)
    return replace(found, weights=-found.weights)

def remembering(cohort, context):
    return replace(averaged(cohort), state={"before": [1, 2]})
"""


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("nothing", "must return a strategies.decision.Decision, got NoneType"),
        ("short", "update must have the shape (42,), got (3,)"),
        ("listed", "weights must be an array of floating-point numbers, got list"),
        ("whole", "selected must be an array of bools, got int64"),
        ("negative", "weights must be finite and >= 0, or nan where there are none, got -0.2"),
        ("remembering", "state['before'] must be an array of numbers, got list"),
    ],
)
def test_a_decision_that_is_none_ends_the_run_with_what_would_be_right(
    place, write, anml, options, rule, said
):
    write("rules", RULES)
    found = anml(*options(strategy=f"rules:{rule}"), "--out", "run")
    assert found.exit_code == 2
    words = " ".join(found.output.split())
    assert f"strategy 'rules:{rule}'" in words
    assert said in words
    assert not Path("run/summary.json").exists()


def test_an_update_of_another_shape_is_left_out_with_the_reason(place, write, anml, options):
    write(
        "odd",
        "from anml_fl.behaviour import Behaviour\n"
        "cut = Behaviour(update=lambda update, sight: update[:3])\n"
        "lost = Behaviour(samples=lambda samples, rng, attacks: None)\n",
    )
    found = anml(*options("odd:cut=1", "odd:lost=1"), "--out", "run")
    assert found.exit_code == 0, found.output
    lines = Path("run/my_rule:clipped/rounds.jsonl").read_text().splitlines()
    people = json.loads(lines[0])["contributors"]
    reasons = sorted(one["reason"] for one in people if one["reason"])
    assert "behaviour 'odd:cut' must give an update of shape (42,), got (3,)" in reasons[0]
    assert "behaviour 'odd:lost' must give anml_fl.datasets.prepare.Samples" in reasons[1]


def test_names_in_a_runs_files_are_never_imported(place, write, anml, options):
    assert anml(*options(), "--out", "run").exit_code == 0
    write("evil", "from pathlib import Path\nPath('imported').touch()\nthing = None\n")
    settings, summary = Path("run/config.toml"), Path("run/summary.json")
    config = from_toml(settings.read_text())
    for name in ("my_data:rings", "my_model:small", "my_scenario:shy"):
        settings.write_text(settings.read_text().replace(name, "evil:thing"))
    settings.write_text(settings.read_text().replace("honest = 5", '"evil:thing" = 5'))
    assert from_toml(settings.read_text()) != config
    told = json.loads(summary.read_text())
    told["dataset"] = "evil:thing"
    told["contributors"] = dict.fromkeys(told["contributors"], "evil:thing")
    told["strategies"]["evil:thing"] = told["strategies"].pop("my_rule:clipped")
    Path("run/my_rule:clipped").rename("run/evil:thing")
    settings.write_text(settings.read_text().replace("my_rule:clipped", "evil:thing"))
    summary.write_text(json.dumps(told))
    assert anml("verify", "run").exit_code == 1
    assert anml("report", "run").exit_code == 1
    assert "evil:thing" in Path("run/report.html").read_text()
    assert "evil" not in sys.modules
    assert not Path("imported").exists()
