"""Whose key is whose: the registry is told once, and contradicted never."""

from __future__ import annotations

import pytest

from anml_fl.registry.clock import now
from anml_fl.registry.keys import node_key
from anml_fl.registry.sql import SqlRegistry
from anml_fl.settings.section import ConfigError
from server.deployment.authority import make_node_key
from server.deployment.control import enrol
from server.deployment.state import Node


@pytest.fixture
def nodes(tmp_path):
    """Two nodes with keys."""
    made = [Node(f"contributor-000{i}", i, tmp_path / str(i)) for i in range(2)]
    for one in made:
        make_node_key(one.key, one.public)
    return made


def known(engine):
    """Who the registry knows, by which key."""
    return {one.identity: one.public_key for one in SqlRegistry(engine).contributors(now())}


def test_keys_are_enrolled_once(engine, nodes):
    enrol(engine, nodes[:1])
    enrol(engine, nodes)
    enrol(engine, nodes)
    assert known(engine) == {one.name: node_key(one.public) for one in nodes}


def test_another_key_of_a_contributor_is_refused(engine, nodes):
    enrol(engine, nodes)
    before = known(engine)
    for path in (nodes[0].key, nodes[0].public):
        path.unlink()
    make_node_key(nodes[0].key, nodes[0].public)
    with pytest.raises(ConfigError, match=f"knows {nodes[0].name} by another key"):
        enrol(engine, nodes)
    assert known(engine) == before


def test_one_key_of_two_contributors_is_refused(engine, nodes):
    enrol(engine, nodes[:1])
    nodes[1].public.write_bytes(nodes[0].public.read_bytes())
    with pytest.raises(
        ConfigError, match=f"is {nodes[0].name}'s key .* not {nodes[1].name}'s"
    ):
        enrol(engine, nodes)
    assert set(known(engine)) == {nodes[0].name}
