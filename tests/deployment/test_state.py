"""The state folder: made once, kept, grown; disagreements are told, with what to do."""

from __future__ import annotations

import pytest
import yaml

from anml_fl.federation.contributors import behaviours_of
from anml_fl.settings.section import ConfigError
from server.deployment.behaviours import read_behaviours
from server.deployment.environment_file import write_environment
from server.deployment.prepare import prepare
from server.deployment.state import Node, State

THREE = """
[behaviours]
contributor-0000 = "honest"
contributor-0001 = "joint"
contributor-0002 = "honest"
"""


@pytest.fixture
def folder(tmp_path):
    """A state folder's place."""
    return tmp_path / "federation"


@pytest.fixture
def three(tmp_path):
    """A file of behaviours."""
    path = tmp_path / "who.toml"
    path.write_text(THREE)
    return path


def files(folder):
    """What is in a folder."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_everything_is_made(folder):
    state, config = prepare(folder, None, {"dataset": "wine"}, nodes=2)
    assert set(files(folder)) == {
        *("run.toml", "behaviours.toml", "ca.key", "ca.crt", "database.password"),
        *("owner.secret", "page.token"),
        *("superlink/server.key", "superlink/server.crt", "ledger.key", "ledger.key.pub"),
        *(f"nodes/contributor-000{i}/node.{end}" for i in (0, 1) for end in ("key", "pub")),
    }
    assert config.engine == "deployment"
    assert config.registry.simulated
    assert config.federation.contributors == 2
    assert [one.partition for one in state.nodes(config)] == [0, 1]
    assert {str(one.key.relative_to(folder)) for one in state.nodes(config)} < set(
        files(folder)
    )


def test_secrets_are_the_owners_alone(folder):
    prepare(folder, None, {}, nodes=2)
    assert folder.stat().st_mode & 0o777 == 0o700
    ends = (".key", ".password", ".secret")
    secret = [path for path in folder.rglob("*") if path.suffix in ends]
    assert len(secret) == 7
    for path in secret:
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_a_folder_that_was_open_is_closed(folder):
    folder.mkdir(mode=0o755)
    prepare(folder, None, {}, nodes=1)
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("said", [{}, {"behaviours": "joint=1"}, {"rounds": 3}])
def test_the_same_command_again_changes_no_byte(folder, said):
    _, config = prepare(folder, None, said, nodes=3)
    before = files(folder)
    _, again = prepare(folder, None, said, nodes=3)
    assert files(folder) == before
    assert behaviours_of(again) == behaviours_of(config)
    assert prepare(folder, None, {})[1] == again == State(folder).config()


def test_a_preset_again_changes_no_byte(folder):
    preset = 'name = "mine"\n[federation]\ndataset = "wine"\ncontributors = 4\n'
    _, config = prepare(folder, preset, {})
    before = files(folder)
    prepare(folder, preset, {})
    assert files(folder) == before
    assert (config.name, config.federation.contributors) == ("mine", 4)


def test_nodes_that_are_new_get_keys_and_others_keep_theirs(folder):
    prepare(folder, None, {}, nodes=2)
    before = files(folder)
    path = folder / "behaviours.toml"
    path.write_text(path.read_text() + 'contributor-0002 = "honest"\n')
    _, config = prepare(folder, None, {}, nodes=3)
    after = files(folder)
    new = {name for name in after if before.get(name) != after[name]}
    added = "nodes/contributor-0002/node."
    assert new == {"behaviours.toml", f"{added}key", f"{added}pub"}
    assert config.federation.contributors == 3


def test_behaviours_of_a_file(folder, three):
    _, config = prepare(folder, None, {}, behaviours=three)
    assert list(behaviours_of(config).values()) == ["honest", "joint", "honest"]
    assert read_behaviours(folder / "behaviours.toml") == behaviours_of(config)


def test_unless_told_as_many_attack_as_in_the_default_run(folder, tmp_path):
    _, ten = prepare(folder, None, {})
    assert sorted(behaviours_of(ten).values()).count("honest") == 6
    _, three = prepare(tmp_path / "small", None, {}, nodes=3)
    assert sorted(behaviours_of(three).values()) == ["honest", "honest", "label_flip"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[behaviours]\ncontributor-0000 = "evil"\n', r"-0000.*'evil'.*known: honest"),
        ("[behaviours]\ncontributor-0000 = 3\n", r"-0000.*3.*known: honest"),
        ('[behaviors]\ncontributor-0000 = "honest"\n', r"one table, \[behaviours\]"),
        ("[behaviours]\n", r"one table, \[behaviours\]"),
        ("behaviours = ", "not valid TOML"),
        ('[behaviours]\nann = "honest"\n', "'ann' is not among the 1 contributors"),
    ],
)
def test_bad_file_of_behaviours_is_explained_and_nothing_made(folder, tmp_path, text, told):
    path = tmp_path / "who.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=told):
        prepare(folder, None, {}, behaviours=path)
    assert not folder.exists()


def test_number_of_nodes_must_be_the_files(folder, three):
    with pytest.raises(ConfigError, match=r"lists 3 contributors, but --nodes says 5.*leave"):
        prepare(folder, None, {}, nodes=5, behaviours=three)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["behaviours", "roles"])
def test_behaviours_are_said_once(folder, three, name):
    value = {"behaviours": "joint=1", "roles": "honest,joint,honest"}[name]
    with pytest.raises(ConfigError, match=f"and so does {name}"):
        prepare(folder, None, {name: value}, behaviours=three)


def test_nodes_and_contributors_are_one_number(folder):
    with pytest.raises(ConfigError, match="--nodes says 3, --contributors 4"):
        prepare(folder, None, {"contributors": 4}, nodes=3)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"nodes": 5}, 'contributor-0003 = "honest"'),
        ({"flat": {"contributors": 5}}, 'contributor-0003 = "honest"'),
        ({"flat": {"rounds": 9}}, r"run\.toml says rounds = 8, but 9.*change the file"),
        ({"flat": {"behaviours": "turncoat=1"}}, r"behaviours\.toml says who.*otherwise"),
        ({"flat": {"roles": "honest,honest,joint"}}, r"behaviours\.toml says who.*otherwise"),
        ({"preset": "[training]\nrounds = 9"}, r"run\.toml says rounds = 8, but 9"),
    ],
)
def test_what_disagrees_with_the_folder_is_told_and_nothing_changed(folder, asked, told):
    prepare(folder, None, {}, nodes=3)
    before = files(folder)
    with pytest.raises(ConfigError, match=told) as error:
        prepare(folder, asked.get("preset"), asked.get("flat", {}), nodes=asked.get("nodes"))
    assert "another --state" in str(error.value)
    assert files(folder) == before


def test_another_file_of_behaviours_is_told(folder, three):
    prepare(folder, None, {}, nodes=3)
    with pytest.raises(ConfigError, match="is another than"):
        prepare(folder, None, {}, behaviours=three)


def test_an_empty_folder_is_no_state(tmp_path):
    with pytest.raises(ConfigError, match="anml up --state"):
        State(tmp_path).config()


def test_hosts_are_in_the_certificate(folder):
    prepare(folder, None, {}, nodes=1, hosts=["flower.example.org"])
    with pytest.raises(ConfigError, match="is not for other"):
        prepare(folder, None, {}, hosts=["other"])


def test_environment_names_what_compose_needs(folder, tmp_path):
    state, config = prepare(folder, None, {}, nodes=2)
    path = write_environment(state, state.nodes(config), tmp_path)
    assert path == tmp_path / ".env"
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert f"ANML_STATE={folder}\n" in text
    assert "COMPOSE_PROFILES=node-0,node-1\n" in text


def test_environment_keeps_what_was_added(folder, tmp_path):
    state, config = prepare(folder, None, {}, nodes=3)
    path = write_environment(state, state.nodes(config)[:2], tmp_path)
    path.write_text(path.read_text().replace("PORT=8000", "PORT=8001") + "MINE=1\n")
    write_environment(state, state.nodes(config), tmp_path, warm=True)
    text = path.read_text()
    assert "ANML_PORT=8001\n" in text
    assert "MINE=1\n" in text
    assert "ANML_NODES=3\n" in text
    assert "ANML_WARM=1\n" in text


def test_environment_of_somebody_else_is_left_alone(folder, tmp_path):
    state, config = prepare(folder, None, {}, nodes=3)
    (tmp_path / ".env").write_text("SECRET=1\n")
    path = write_environment(state, state.nodes(config)[:2], tmp_path)
    assert path == folder / "compose.env"
    assert (tmp_path / ".env").read_text() == "SECRET=1\n"
    write_environment(state, state.nodes(config), tmp_path)
    assert "ANML_NODES=3\n" in path.read_text()


def test_results_and_keys_are_those_of_the_account_that_containers_have(folder, tmp_path):
    state, config = prepare(folder, None, {}, nodes=1)
    text = write_environment(state, state.nodes(config), tmp_path).read_text()
    uid = next(line for line in text.splitlines() if line.startswith("ANML_UID="))
    assert uid != "ANML_UID=0"  # PostgreSQL refuses to be root
    for path in (tmp_path / "runs", folder, *folder.rglob("*")):
        assert f"ANML_UID={path.stat().st_uid}" == uid, path


def test_nodes_that_were_chosen_to_run_here_stay_chosen(folder, tmp_path):
    state, config = prepare(folder, None, {}, nodes=3)
    path = write_environment(state, state.nodes(config), tmp_path)
    path.write_text(path.read_text().replace("=node-0,node-1,node-2", "=node-0"))
    write_environment(state, state.nodes(config), tmp_path)
    assert "COMPOSE_PROFILES=node-0\n" in path.read_text()


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    (home / "thesis.txt").write_text("precious")
    before = (home.stat().st_mode, home.stat().st_uid)
    with pytest.raises(ConfigError, match=r"holds thesis\.txt, so it is no federation"):
        prepare(home, None, {}, nodes=1)
    assert (home.stat().st_mode, home.stat().st_uid) == before
    assert [path.name for path in home.iterdir()] == ["thesis.txt"]


def test_results_of_before_keep_their_owner(folder, tmp_path):
    (tmp_path / "runs").mkdir()
    old = tmp_path / "runs" / "old.txt"
    old.write_text("mine")
    owner = old.stat().st_uid
    state, config = prepare(folder, None, {}, nodes=1)
    write_environment(state, state.nodes(config), tmp_path)
    assert old.stat().st_uid == owner


def test_more_nodes_than_the_compose_file_lists_get_services_of_their_own(folder, tmp_path):
    state, config = prepare(folder, None, {}, nodes=12)
    text = write_environment(state, state.nodes(config), tmp_path).read_text()
    assert "COMPOSE_FILE=docker-compose.yml:docker-compose.nodes.yml\n" in text
    assert text.count("node-") == 12
    more = yaml.safe_load((tmp_path / "docker-compose.nodes.yml").read_text())["services"]
    assert list(more) == ["supernode-10", "supernode-11"]
    assert more["supernode-11"] == {
        "extends": {"file": "docker-compose.yml", "service": "supernode-0"},
        "profiles": ["node-11"],
        "environment": {"ANML_NODE": "11", "ANML_TABLE": "${ANML_TABLE_11:-table.csv}"},
        "volumes": [
            "${ANML_STATE:-./federation}/nodes/contributor-0011:/state/node:ro",
            "${ANML_DATA_11:-/dev/null}:/site/table:ro",
        ],
    }


def test_nodes_with_names_of_their_own_are_named_to_the_compose_file(folder, tmp_path):
    node = Node("cleveland", 1, folder / "nodes" / "cleveland")
    prepare(folder, None, {}, nodes=2)
    text = write_environment(State(folder), [node], tmp_path).read_text()
    assert "ANML_NODE_1=cleveland\n" in text
