"""docker-compose.yml is valid, complete, and as careful as it promises."""

import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import yaml
from flwr.common.config import parse_config_args

pytestmark = pytest.mark.checkout

OURS = {"superlink", "run", "page", *(f"supernode-{i}" for i in range(10))}
SERVICES = {*OURS, "postgres"}


@pytest.fixture(scope="module")
def text(root):
    return (root / "docker-compose.yml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose(text):
    return yaml.safe_load(text)


@pytest.fixture(params=sorted(SERVICES))
def service(request, compose):
    return compose["services"][request.param]


def sources(service):
    """What a service mounts, by its place in the container."""
    return {
        target.removesuffix(":ro"): source
        for source, target in (
            re.fullmatch(r"(\$\{.*?\}\S*?|[^:]+):(/.*)", one).groups()
            for one in service.get("volumes", [])
        )
    }


def test_file_fits_the_compose_schema(root):
    command = [sys.executable, "-m", "check_jsonschema"]
    schema = ["--builtin-schema", "vendor.compose-spec"]

    done = subprocess.run(
        [*command, *schema, "docker-compose.yml"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_all_services_are_there_and_each_node_has_its_profile(compose):
    assert set(compose["services"]) == SERVICES
    for name, service in compose["services"].items():
        number = name.removeprefix("supernode-")
        assert service.get("profiles") == ([f"node-{number}"] if number != name else None)


def test_service_runs_confined_under_the_state_folders_owner(service):
    assert service["user"].startswith("${ANML_UID:?")
    assert ":${ANML_GID:?" in service["user"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_service_is_watched_and_started_again(service, compose):
    assert service["healthcheck"]["test"][0] == "CMD"
    assert not service["healthcheck"].get("disable")
    # A run that was started again would be another one: `anml submit` goes on by itself.
    once = service is compose["services"]["run"]
    assert service["restart"] == ("no" if once else "unless-stopped")


def test_images_have_a_version(service):
    image = re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", service["image"])
    name, _, tag = image.partition(":")
    assert name in ("anml", "postgres")
    assert tag
    assert tag != "latest"


def test_our_image_has_the_projects_version(compose, pyproject):
    version = pyproject["project"]["version"]
    for name in OURS:
        assert compose["services"][name]["image"] == f"${{ANML_IMAGE:-anml:{version}}}"


def test_superlink_speaks_tls_to_registered_nodes_and_keeps_its_state(compose):
    service = compose["services"]["superlink"]
    options = service["command"]

    assert "--enable-supernode-auth" in options
    assert "--disable-runtime-dependency-installation" in options
    assert "--insecure" not in options
    assert "--ssl-keyfile=/state/superlink/server.key" in options
    database = next(one for one in options if one.startswith("--database="))
    place = database.removeprefix("--database=").rpartition("/")[0]
    assert sources(service)[place] in compose["volumes"]


def test_node_sees_its_own_key_and_no_other_secret(compose):
    for number in range(10):
        service = compose["services"][f"supernode-{number}"]
        own = f"nodes/${{ANML_NODE_{number}:-contributor-{number:04d}}}"
        assert service["environment"]["ANML_NODE"] == str(number)
        assert "secrets" not in service
        mounts = sources(service)
        assert mounts.pop("/data") == "${ANML_DATA:-data}"
        assert service["environment"]["ANML_TABLE"] == f"${{ANML_TABLE_{number}:-table.csv}}"
        assert mounts == {
            "/site/table": f"${{ANML_DATA_{number}:-/dev/null}}",
            "/state/ca.crt": "${ANML_STATE:-./federation}/ca.crt",
            "/state/node": f"${{ANML_STATE:-./federation}}/{own}",
        }


def test_nobody_but_its_node_has_a_sites_table(compose):
    for name, service in compose["services"].items():
        tables = [one for one in sources(service).values() if "ANML_DATA_" in one]
        assert len(tables) == name.startswith("supernode-"), name
        assert not [one for one in service["volumes"] if "/site/" in one and ":ro" not in one]


def test_whoever_reads_the_settings_has_the_schema_they_name(compose):
    have = {n for n, one in compose["services"].items() if "/state/table" in sources(one)}
    assert have == {"superlink", "run"}


@pytest.fixture
def supernode(root):
    """The program by which a container becomes a SuperNode."""
    spec = spec_from_file_location("container_supernode", root / "deploy/supernode.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_container_with_a_table_gives_it_to_its_node_under_its_name(
    supernode, monkeypatch, tmp_path
):
    table = tmp_path / "table"
    table.write_text("a,b\n")
    monkeypatch.setenv("ANML_TABLE", "my site's 1.csv.gz")
    for _ in range(2):  # it is started again
        said = parse_config_args([supernode.config(table, Path("/state/node"), tmp_path)])
        assert said == {
            "data": f"{tmp_path}/site/my site's 1.csv.gz",
            "schema": "/state/node/schema.toml",
            "egress": "/state/node/egress.toml",
            "egress-log": f"{tmp_path}/egress.log",
        }
        assert Path(said["data"]).read_text() == "a,b\n"


def test_container_with_a_folder_gives_it_as_it_is(supernode, tmp_path):
    said = supernode.config(tmp_path, Path("/state/node"), tmp_path)
    assert parse_config_args([said])["data"] == str(tmp_path)


def test_container_without_a_table_has_its_part(supernode, monkeypatch, tmp_path):
    monkeypatch.setenv("ANML_NODE", "2")
    monkeypatch.setenv("ANML_NODES", "10")
    said = supernode.config(Path("/dev/null"), Path("/state/node"), tmp_path)
    assert parse_config_args([said]) == {"partition-id": 2, "num-partitions": 10}


def test_nobody_gets_the_authoritys_key_or_the_whole_state_folder(service):
    for source in sources(service).values():
        assert not source.endswith(("ca.key", "federation}", "federation}/"))


def test_only_results_and_state_can_be_written(compose):
    written = {
        name: sorted(
            one.rpartition(":")[2] for one in service["volumes"] if not one.endswith(":ro")
        )
        for name, service in compose["services"].items()
    }

    assert {name: places for name, places in written.items() if places} == {
        "superlink": ["/var/lib/anml/runs", "/var/lib/superlink"],
        "run": ["/var/lib/anml/runs"],
        "postgres": ["/var/lib/postgresql/data"],
    }


def test_nodes_and_page_do_not_reach_the_database(compose):
    for name, service in compose["services"].items():
        near = "database" in service["networks"]
        assert near == (name in ("postgres", "superlink", "run"))
    assert compose["services"]["page"]["networks"] == ["web"]


def test_ports_are_open_to_this_machine_only(compose):
    opened = {
        name: service["ports"]
        for name, service in compose["services"].items()
        if "ports" in service
    }

    assert opened == {
        "superlink": ["${ANML_ADDRESS:-127.0.0.1}:${ANML_PORT:-8000}:8000"],
        "page": ["127.0.0.1:${ANML_PAGE_PORT:-8080}:8080"],
    }


def test_password_comes_from_a_file_and_nothing_secret_stands_in_the_file(compose, text):
    assert compose["secrets"] == {
        "database_password": {"file": "${ANML_STATE:-./federation}/database.password"}
    }
    for name, service in compose["services"].items():
        for key, value in service.get("environment", {}).items():
            secret = re.search("PASSWORD|SECRET|TOKEN", key)
            files = ("/run/secrets/database_password", "/state/owner.secret")
            assert not secret or value in files, (name, key)
    assert "PRIVATE KEY" not in text
    assert not re.search(r"://\w+:[^@\s]+@", text)  # a URL with a password


def test_who_orders_and_who_is_ordered_have_the_owners_secret_and_nobody_else(compose):
    place, kept = "/state/owner.secret", "${ANML_STATE:-./federation}/owner.secret"
    have = {
        name: sources(service)[place]
        for name, service in compose["services"].items()
        if place in sources(service)
    }
    assert have == {"superlink": kept, "run": kept}
    # Without it, SuperLink would take orders from its own container alone.
    assert compose["services"]["superlink"]["environment"]["ANML_OWNER_SECRET"] == place
    for name in have:
        assert place in compose["services"][name]["environment"]["ANML_WAIT_FOR"].split()


def test_page_asks_for_the_token_that_it_alone_has(compose):
    place, kept = "/state/page.token", "${ANML_STATE:-./federation}/page.token"
    have = {name for name, one in compose["services"].items() if place in sources(one)}
    assert have == {"page"}
    page = compose["services"]["page"]
    assert sources(page)[place] == kept
    assert f"--token-file={place}" in page["command"]
    assert page["environment"]["ANML_WAIT_FOR"] == place


def test_every_container_of_ours_waits_for_its_inputs(compose):
    for name in OURS:
        assert "ANML_WAIT_FOR" in compose["services"][name]["environment"], name
