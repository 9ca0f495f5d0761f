"""A schema of a table: one that cannot be is refused when it is made."""

from __future__ import annotations

import numpy as np
import pytest

from anml_fl.datasets.schema import Category, Label, Measured, Schema, Site


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Measured("a", 3, 3), "range must lie in .* got 3 to 3"),
        (lambda: Measured("a", 0, np.inf), "got 0 to inf"),
        (lambda: Category("a", ("3", "3.0")), "value 3 is there twice"),
        (lambda: Category("a", ("x",), reference="y"), "one of its values, got 'y'"),
        (lambda: Category("a", ("x",), reference="x"), "a value is needed beside"),
        (lambda: Category("a", ()), "a value is needed beside"),
        (lambda: Label("a", (("0",),)), "two classes are needed"),
        (lambda: Label("a", (("0",), ())), "two classes are needed"),
        (lambda: Label("a", (("0",), ("1", "0"))), "value 0 is there twice"),
        (lambda: Schema((), Label("a", (("0",), ("1",)))), "a column is needed"),
        (
            lambda: Schema((Category("a", ("?", "x")),), Label("b", (("0",), ("1",)))),
            r"'\?' is a value, and cannot stand for none",
        ),
        (
            lambda: Schema((Measured("a"),), Label("b", (("0",), ("1",))), Site("A")),
            "'a' is there twice",
        ),
    ],
)
def test_a_schema_that_cannot_be_is_refused(make, told):
    with pytest.raises(ValueError, match=told):
        make()
