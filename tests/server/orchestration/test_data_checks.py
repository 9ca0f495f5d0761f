"""Settings that do not fit the data are refused, in words that say what would do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anml_fl.datasets.prepare import Partitioned, Samples
from anml_fl.federation.task import Task
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from server.orchestration.data_checks import check_data

OWN = {"schema": "schema.toml", "contributors": 3, "behaviours": "honest=3"}


def task(labels: Any, classes: int, metric: str = "") -> Task:
    labels = np.array(labels, np.float32 if classes == 1 else np.int64)
    test = Samples(np.zeros((labels.size, 4), np.float32), labels, classes)
    return Task(Partitioned((), test, None, ("a", "b", "c")), "mlp", 0, metric)


def refused(task: Task, **settings: Any) -> str:
    flat = {key.replace("_", "-"): value for key, value in settings.items()}
    with pytest.raises(ConfigError) as error:
        check_data(from_flat({**OWN, **flat}), task)
    return str(error.value)


@pytest.mark.parametrize("classes", [1, 2])
def test_server_without_any_row_is_no_mistake(classes: int) -> None:
    check_data(from_flat(OWN), task([], classes))


@pytest.mark.parametrize(
    ("setting", "value"),
    [("flip-target", 0), ("flip-offset", 1), ("flip-pairs", "0-1"), ("flip-reversed", True)],
)
def test_values_have_no_classes_to_flip_to(setting: str, value: Any) -> None:
    named = setting.replace("-", "_")
    why = refused(task([0.5, 1.0], 1), **{setting: value})
    assert why.startswith(f"attacks.{named}: the label of schema.toml is a number")
    assert why.endswith(f"got {value}")


def test_values_have_no_class_that_a_backdoor_could_aim_at() -> None:
    said = refused(task([0.5, 1.0], 1), behaviours="backdoor=1", contributors=2)
    assert said.startswith("federation.behaviours: the label of schema.toml is a number")


def test_a_trigger_fits_the_data_where_somebody_uses_it() -> None:
    attack = {"behaviours": "backdoor=1", "contributors": 2}
    rows = task([0, 1, 2], 3)
    width = rows.data.test.features.shape[1]
    check_data(from_flat({**OWN, "trigger-target": 9, "trigger-size": 99}), rows)
    fits = {**attack, "trigger_size": width}
    assert refused(rows, **fits, trigger_target=3) == (
        "attacks.trigger_target: schema.toml has the classes 0 to 2, got 3"
    )
    assert refused(rows, **attack, trigger_size=width + 1) == (
        f"attacks.trigger_size: a row of schema.toml has {width} features, got {width + 1}"
    )


def test_values_have_no_classes_to_weigh() -> None:
    assert "weight_classes" in refused(task([0.5, 1.0], 1), weight_classes=True)


def test_metric_must_score_what_the_label_is() -> None:
    said = refused(task([0.5, 1.0], 1, "f1"), metric="f1")
    assert "f1 does not score; usable: r2, mae, mse, rmse" in said
    said = refused(task([0, 1], 2, "r2"), metric="r2")
    assert "is a class" in said
    assert "accuracy" in said
    check_data(from_flat({**OWN, "metric": "f1"}), task([0, 1], 2, "f1"))


def test_patience_needs_a_word_on_which_round_is_best() -> None:
    assert "evaluation.patience" in refused(task([], 2), patience=2)
    check_data(from_flat({**OWN, "patience": 2, "best-by": "claims"}), task([], 2))
    tested = {**OWN, "patience": 2, "best-by": "claims", "test": "test.csv"}
    with pytest.raises(ConfigError, match="best_by"):
        check_data(from_flat(tested), task([0, 1], 2))


def test_patience_needs_a_metric_that_the_test_rows_define() -> None:
    said = refused(task([1, 1, 1], 2, "roc_auc"), patience=2, metric="roc_auc")
    assert "roc_auc is not defined on the 3 test rows" in said


def test_messages_name_the_data_and_no_other_data_set() -> None:
    said = refused(task([0, 1], 2), flip_target=5)
    assert said == "attacks.flip_target: schema.toml has the classes 0 to 1, got 5"
