"""A federation whose tables stay on their nodes: what its state folder keeps and hands out."""

from __future__ import annotations

import os
import shutil
import tomllib

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from anml_fl.cli import main
from anml_fl.datasets.table import TableError
from anml_fl.federation.contributors import behaviours_of
from anml_fl.run.claims import load_claims
from anml_fl.run.ledger_audit import audit
from anml_fl.settings.section import ConfigError
from server.deployment.environment_file import write_environment
from server.deployment.members import read_nodes
from server.deployment.prepare import prepare
from server.deployment.processes import supernode
from server.deployment.site_tables import copy_name
from server.deployment.state import State

SCHEMA = """
version = 1

[label]
kind = "class"
name = "ill"
classes = ["no", "yes"]

[[columns]]
kind = "number"
name = "age"
low = 0.0
high = 120.0
"""
NAMES = "site-a,site-b,site-c"


@pytest.fixture
def folder(tmp_path):
    """A state folder's place."""
    return tmp_path / "federation"


@pytest.fixture
def schema(tmp_path):
    """What all have agreed on."""
    path = tmp_path / "agreed.toml"
    path.write_text(SCHEMA)
    return path


@pytest.fixture
def tables(tmp_path):
    """A table a site."""
    found = {}
    for name in NAMES.split(","):
        found[name] = tmp_path / f"{name} of us.csv"
        found[name].write_text("age,ill\n40,no\n50,yes\n")
        found[name].chmod(0o644)
    return found


def made(folder, schema, nodes=NAMES, **flat):
    """A federation of three sites."""
    count, tables = read_nodes(nodes)
    flat = {"schema": str(schema), **flat}
    return prepare(folder, None, flat, nodes=count, tables=tables)


def test_each_site_is_handed_all_that_it_needs_in_one_folder(folder, schema):
    state, config = made(folder, schema)
    assert [one.name for one in state.nodes(config)] == NAMES.split(",")
    for node in state.nodes(config):
        assert sorted(path.name for path in node.folder.iterdir()) == [
            *("ca.crt", "egress.toml", "node.key", "node.pub", "schema.toml"),
        ]
        assert (node.folder / "schema.toml").read_text() == SCHEMA
        assert (node.folder / "ca.crt").read_bytes() == state.ca.read_bytes()
        assert node.key.stat().st_mode & 0o777 == 0o600


def test_policy_that_is_handed_out_says_what_leaves(folder, schema):
    state, config = made(folder, schema)
    assert tomllib.loads(state.nodes(config)[0].egress.read_text()) == {
        "arrays": True,
        "statistics": True,
        "metrics": ["num-examples", "value"],
        "credentials": False,
        "least_count": 5,
    }


def test_nobody_attacks_and_nobody_is_known(folder, schema):
    _, config = made(folder, schema)
    assert behaviours_of(config) == dict.fromkeys(NAMES.split(","), "honest")
    assert config.federation.scenario == "unknown"
    assert made(folder.with_name("other"), schema, scenario="high")[1].federation.scenario == (
        "high"
    )


def test_settings_name_the_tables_where_the_folder_is_now(folder, schema, tmp_path):
    test = tmp_path / "ours.csv"
    test.write_text("age,ill\n1,no\n")
    _, config = made(folder, schema, test=str(test))
    assert config.table.on_nodes
    assert config.table.schema_file == str(folder / "table" / "schema.toml")
    assert config.table.test == str(folder / "table" / "test.csv")
    assert (folder / "table" / "test.csv").stat().st_mode & 0o777 == 0o600
    assert str(tmp_path) not in (folder / "run.toml").read_text()

    moved = tmp_path / "state"
    shutil.move(folder, moved)
    again = State(moved).config()
    assert again.table.schema_file == str(moved / "table" / "schema.toml")
    assert again.table.digest == config.table.digest


@pytest.mark.parametrize("name", ["schema.toml", "test.csv"])
def test_another_schema_or_test_table_is_another_run(folder, schema, tmp_path, name):
    test = tmp_path / "ours.csv"
    test.write_text("age,ill\n1,no\n")
    _, config = made(folder, schema, test=str(test))
    with (folder / "table" / name).open("a") as file:
        file.write("\n")
    assert State(folder).config().table.digest != config.table.digest


def test_an_edited_schema_is_handed_out_and_an_edited_policy_kept(folder, schema):
    state, config = made(folder, schema)
    node = state.nodes(config)[0]
    node.egress.write_text("arrays = true\n")
    edited = SCHEMA.replace("120.0", "130.0")
    (folder / "table" / "schema.toml").write_text(edited)
    prepare(folder, None, {})
    assert node.schema.read_text() == edited
    assert node.egress.read_text() == "arrays = true\n"


def test_the_same_command_again_changes_no_byte(folder, schema, tables):
    nodes = ",".join(f"{name}={path}" for name, path in tables.items())
    made(folder, schema, nodes)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    made(folder, schema, nodes)
    assert before == {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_another_schema_is_told_and_nothing_changed(folder, schema, tmp_path):
    made(folder, schema)
    other = tmp_path / "other.toml"
    other.write_text(SCHEMA.replace("120.0", "99.0"))
    with pytest.raises(ConfigError, match="is another than what the federation has"):
        made(folder, other)
    assert (folder / "table" / "schema.toml").read_text() == SCHEMA


def test_a_site_more_is_a_line_more(folder, schema):
    made(folder, schema)
    with pytest.raises(ConfigError, match="lists site-a, site-b, site-c, but --nodes says"):
        made(folder, schema, "site-a,site-b,other")
    path = folder / "behaviours.toml"
    path.write_text(path.read_text() + 'site-d = "honest"\n')
    state, config = prepare(folder, None, {})
    assert state.nodes(config)[3].key.exists()
    assert config.federation.listed_names == ("site-a", "site-b", "site-c", "site-d")


@pytest.mark.parametrize(
    ("flat", "nodes", "told"),
    [
        ({"data": "all.csv"}, "2", r"each node has its own table.*anml join"),
        ({"test": "test.csv"}, "2", r"goes with --schema"),
        ({"root-data": "ours.csv"}, "2", r"a table of trusted rows goes with --schema"),
        ({}, "a=a.csv,b=b.csv", r"a=a\.csv is a table of its own.*--schema"),
        ({"schema": "agreed.toml"}, "a=no.csv", r"a's table.*no\.csv' is not there"),
        ({"schema": "agreed.toml", "test": "no.csv"}, "a", r"'no\.csv' is no file"),
    ],
)
def test_what_cannot_be_is_told(folder, schema, monkeypatch, flat, nodes, told):
    monkeypatch.chdir(schema.parent)
    count, tables = read_nodes(nodes)
    with pytest.raises(ConfigError, match=told):
        prepare(folder, None, flat, nodes=count, tables=tables)
    assert not (folder / "run.toml").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [("0", "one at least"), ("a,a", "twice"), ("a,", "neither"), ("a=x,b", "'b' has none")],
)
def test_nodes_that_cannot_be_are_told(text, told):
    with pytest.raises(ConfigError, match=told):
        read_nodes(text)


@pytest.mark.parametrize(
    ("name", "kept"),
    [("a.csv", "test.csv"), ("x.y.tsv.gz", "test.tsv.gz"), ("d.parquet", "test.parquet")],
)
def test_copy_of_the_test_table_keeps_what_says_its_kind(tmp_path, name, kept):
    assert copy_name("test", tmp_path / name) == kept


def test_node_on_this_machine_reads_its_own_table(folder, schema, tables):
    nodes = ",".join(f"{name}={path}" for name, path in tables.items())
    state, config = made(folder, schema, nodes)
    node = state.nodes(config)[1]
    options = supernode(state, node, 3, "127.0.0.1:1", {}).command()
    said = next(one for one in options if one.startswith("--node-config="))
    own = folder / "nodes" / "site-b"
    assert said.removeprefix("--node-config=") == (
        f'data="{tables["site-b"]}" schema="{own}/schema.toml" egress="{own}/egress.toml"'
    )


def test_containers_are_given_each_its_own_table(folder, schema, tables, tmp_path):
    nodes = ",".join(f"{name}={path}" for name, path in tables.items())
    state, config = made(folder, schema, nodes)
    text = write_environment(state, state.nodes(config), tmp_path).read_text()
    for number, (name, path) in enumerate(tables.items()):
        assert f"ANML_NODE_{number}={name}\n" in text
        assert f"ANML_DATA_{number}='{path}'\n" in text
        assert f"ANML_TABLE_{number}='{path.name}'\n" in text
    assert "COMPOSE_PROFILES=node-0,node-1,node-2\n" in text


def test_no_container_is_started_for_a_site_that_joins_from_elsewhere(
    folder, schema, tmp_path
):
    state, config = made(folder, schema)
    text = write_environment(state, state.nodes(config), tmp_path).read_text()
    assert "COMPOSE_PROFILES=\n" in text


def test_values_are_scored_by_r2_unless_said_otherwise(folder, tmp_path):
    path = tmp_path / "values.toml"
    label = 'kind = "class"\nname = "ill"\nclasses = ["no", "yes"]'
    value = 'kind = "value"\nname = "days"\nlow = 0.0\nhigh = 90.0'
    path.write_text(SCHEMA.replace(label, value))
    _, config = made(folder, path)
    assert config.evaluation.metric == "r2"
    assert made(folder, path)[1] == config


def test_test_table_that_does_not_fit_is_told_at_once(folder, schema, tmp_path):
    test = tmp_path / "ours.csv"
    test.write_text("age,ill\n40,no\nold,yes\n")
    with pytest.raises(TableError, match="line 3"):
        made(folder, schema, test=str(test))
    assert not folder.exists()


def test_a_node_beyond_the_tenth_does_not_get_the_firsts_table(folder, schema, tmp_path):
    state, config = made(folder, schema, ",".join(f"s{i}" for i in range(11)))
    write_environment(state, state.nodes(config), tmp_path)
    more = yaml.safe_load((tmp_path / "docker-compose.nodes.yml").read_text())["services"]
    # Mounts of what it extends are replaced by those in the same place.
    assert "${ANML_DATA_10:-/dev/null}:/site/table:ro" in more["supernode-10"]["volumes"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives containers another account")
def test_table_that_its_container_could_not_read_is_told(folder, schema, tables, tmp_path):
    tables["site-b"].chmod(0o600)
    nodes = ",".join(f"{name}={path}" for name, path in tables.items())
    state, config = made(folder, schema, nodes)
    with pytest.raises(ConfigError, match=r"site-b: .*cannot be read by account 10001"):
        write_environment(state, state.nodes(config), tmp_path)


def test_up_says_to_each_site_what_it_gets_and_does(schema, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["up", f"--schema={schema}", f"--nodes={NAMES}", "--host=fl.example.org"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    for name in NAMES.split(","):
        assert f"{name}: hand over federation/nodes/{name} (node.key, ca.crt," in result.output
        assert (
            "anml join --superlink fl.example.org:8000 --data YOUR.csv"
            f" --key {name}/node.key" in result.output
        )
    last = result.output.rpartition("next: docker compose up\n")[2]
    assert "without containers: python -m server.superlink" in last
    assert "anml submit federation --superlink fl.example.org:8000" in last
    assert last.count("\n") == 2


def test_up_here_needs_every_nodes_table(schema, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["up", "--local", f"--schema={schema}", "--nodes=a,b"])
    assert result.exit_code == 2
    assert "nothing says where a's table is: give --nodes a=FILE" in result.output


@pytest.mark.slow
def test_nodes_on_this_machine_learn_each_from_its_own_table(anml, schema, tables, tmp_path):
    generator = np.random.default_rng(1)
    for path in tables.values():
        ages = 40 + 20 * (ill := generator.integers(2, size=30)) + generator.random(30)
        rows = [
            f"{age:.6f},{'yes' if one else 'no'}" for age, one in zip(ages, ill, strict=True)
        ]
        path.write_text("\n".join(["age,ill", *rows]) + "\n")
    nodes = ",".join(f"{name}={path}" for name, path in tables.items())
    command = anml(
        *("up", "--local", "--warm", f"--schema={schema}", f"--nodes={nodes}"),
        *("--rounds=2", "--local-epochs=1", "--strategy=anml", "--out=out"),
    )
    assert command.ends() == 0, command.said
    assert "claimed error (median)" in command.said
    claims = load_claims(tmp_path / "out" / "anml")
    assert [sorted(one.values) for one in claims] == [NAMES.split(",")] * 2
    assert audit(tmp_path / "out").ok


def test_trusted_rows_are_copied_beside_the_schema_and_checked(folder, schema, tmp_path):
    ours = tmp_path / "ours.csv"
    ours.write_text("age,ill\n" + "".join(f"{30 + i},{'yn'[i % 2]}\n" for i in range(30)))
    ours.write_text(ours.read_text().replace(",y", ",yes").replace(",n", ",no"))
    given = {"schema": str(schema), "names": NAMES, "root-data": str(ours)}
    prepare(folder, None, given, nodes=3)
    config = State(folder).config()
    assert config.table.root_data == str(folder.resolve() / "table" / "root_data.csv")
    assert (folder / "table" / "root_data.csv").read_bytes() == ours.read_bytes()
    assert State(folder).config().table.digest == config.table.digest
    other = tmp_path / "other.csv"
    other.write_text("age,ill\n50,no\n")
    with pytest.raises(
        ConfigError, match=r"--root-data .*other\.csv is another than what the"
    ):
        prepare(folder, None, {"root-data": str(other)})
    other.write_text("age,ill\n50,perhaps\n")
    with pytest.raises(TableError, match="column ill: must be no or yes"):
        prepare(tmp_path / "new", None, {**given, "root-data": str(other)}, nodes=3)
    (folder / "table" / "root_data.csv").write_text("age,ill\n50,no\n")
    assert State(folder).config().table.digest != config.table.digest
