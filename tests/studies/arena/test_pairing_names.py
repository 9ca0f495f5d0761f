"""A pairing's name: of no other one's files."""

from __future__ import annotations

from dataclasses import replace

from studies.arena.grid import GRIDS
from studies.arena.pairing import pairings


def names(rules, attacks=("alie",)):
    grid = replace(GRIDS["quick"], rules=rules, attacks=attacks)
    return [one.name for one in pairings(grid)]


def test_rules_of_ones_own_that_read_alike_have_files_of_their_own():
    found = names(
        ("a.b:c", "a_b:c", "a:b_c", "nnm+a:b", "nnm:a_b"), ("alie", "x.y:z", "x:y_z")
    )
    assert len(set(found)) == len(found) == 5 * 4


def test_shipped_ones_are_called_by_their_names_alone():
    assert names(("nnm+krum",)) == ["arena-nnm-krum-nobody", "arena-nnm-krum-alie"]
