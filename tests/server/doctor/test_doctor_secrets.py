"""`anml doctor`: certificates, keys and who may read them; each fault really made."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from anml_fl.registry.keys import make_key
from server.deployment.authority import issue, make_authority
from server.deployment.prepare import prepare
from server.doctor.certificates import check_certificates
from server.doctor.keys import check_ledger_key, check_node_keys
from server.doctor.modes import check_modes


def told(found):
    """Tell what is wrong in findings, each of which must say what to do."""
    wrong = [one for one in found if one.status != "ok"]
    assert all(one.remedy for one in wrong)
    return [(one.status, one.what) for one in wrong]


@pytest.fixture
def state(tmp_path):
    """Make the state folder of three nodes."""
    return prepare(tmp_path / "federation", None, {"dataset": "wine"}, nodes=3)[0]


@pytest.fixture
def certificates(state):
    """Check what the state folder has, after it was tampered with."""

    def check(*hosts):
        return told(
            check_certificates(state.ca, state.server_certificate, state.server_key, hosts)
        )

    return check


@pytest.fixture
def reissue(state):
    """Issue SuperLink's certificate anew, for another time."""

    def make(begin, days):
        state.server_certificate.unlink()
        authority = (state.folder / "ca.key", state.ca)
        issue(authority, state.server_key, state.server_certificate, begin=begin, days=days)

    return make


def test_what_anml_up_makes_is_good(state, certificates):
    assert certificates("127.0.0.1", "superlink") == []
    assert told(check_node_keys((state.folder / "nodes").iterdir())) == []
    assert told([check_ledger_key(state.ledger_key)]) == []
    assert told(check_modes([state.folder], state.secrets())) == []
    # ca, server, ledger, three nodes, the database's password, the owner's secret,
    # the page's token
    assert len(state.secrets()) == 9


def test_an_expired_certificate_is_a_problem(certificates, reissue):
    reissue(datetime.now(UTC) - timedelta(days=40), days=39)

    ((status, what),) = certificates()
    assert status == "problem"
    assert "server.crt expired on" in what


def test_a_certificate_that_expires_within_thirty_days_is_a_warning(certificates, reissue):
    reissue(datetime.now(UTC) - timedelta(days=1), days=30)
    ((status, what),) = certificates()
    assert status == "warning"
    assert "expires in 28 days" in what

    reissue(datetime.now(UTC) - timedelta(days=1), days=33)
    assert certificates() == []


def test_a_certificate_of_tomorrow_is_a_problem(certificates, reissue):
    reissue(datetime.now(UTC) + timedelta(days=1), days=90)

    ((status, what),) = certificates()
    assert status == "problem"
    assert "is not valid before" in what


def test_a_certificate_for_another_host_is_a_problem(certificates):
    ((status, what),) = certificates("fl.example.org", "127.0.0.1")
    assert status == "problem"
    assert "is not for fl.example.org, but for superlink, localhost" in what


def test_another_authority_is_a_problem(state, certificates):
    for name in ("ca.key", "ca.crt"):
        (state.folder / name).unlink()
    make_authority(state.folder / "ca.key", state.ca)

    ((status, what),) = certificates()
    assert status == "problem"
    assert "was not issued by" in what


@pytest.mark.parametrize("name", ["ca.key", "superlink/server.key"])
def test_a_key_that_is_not_the_certificates_is_a_problem(state, certificates, name):
    other = ec.generate_private_key(ec.SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (state.folder / name).write_bytes(pem)
    ((status, what),) = certificates()
    assert status == "problem"
    assert f"{name} is not the key of" in what

    (state.folder / name).write_text("garbage")
    ((_, what),) = certificates()
    assert f"{name} is no private key" in what


def test_an_authority_whose_key_lies_elsewhere_is_good(state, certificates):
    (state.folder / "ca.key").unlink()
    assert certificates() == []


def test_a_missing_server_key_and_a_damaged_certificate_are_problems(state, certificates):
    state.server_key.unlink()
    ((status, what),) = certificates()
    assert status == "problem"
    assert "cannot be read" in what

    state.server_certificate.write_text("garbage")
    ((status, what),) = certificates()
    assert status == "problem"
    assert "cannot be read" in what


def test_a_secret_that_others_may_read_is_a_problem_with_the_command_that_mends_it(state):
    key = state.folder / "nodes" / "contributor-0001" / "node.key"
    key.chmod(0o640)
    state.folder.chmod(0o755)

    found = check_modes([state.folder], state.secrets())
    assert [one.status for one in found] == ["problem", "problem"]
    assert "has mode 0755" in found[0].what
    assert f"chmod 0600 {key}" in found[1].remedy


@pytest.mark.skipif(os.geteuid() != 0, reason="only the administrator gives files away")
def test_a_secret_of_another_user_is_a_problem(state):
    os.chown(state.ledger_key, 12345, -1)

    ((status, what),) = told(check_modes([], [state.ledger_key]))
    assert status == "problem"
    assert "belongs to user 12345" in what


def test_a_key_that_two_nodes_share_is_a_problem(state):
    first, second, _ = sorted((state.folder / "nodes").iterdir())
    for name in ("node.key", "node.pub"):
        shutil.copy(first / name, second / name)

    ((status, what),) = told(check_node_keys([first, second]))
    assert status == "problem"
    assert what.startswith("contributor-0000, contributor-0001 have the same key")


def test_a_node_that_made_its_own_key_has_its_public_half_here(state):
    node = state.folder / "nodes" / "contributor-0001"
    (node / "node.key").unlink()
    assert told(check_node_keys([node])) == []

    (node / "node.pub").unlink()
    ((status, what),) = told(check_node_keys([node]))
    assert status == "problem"
    assert what.startswith("contributor-0001: ")


def test_a_public_key_of_another_pair_is_a_problem(state):
    first, second, _ = sorted((state.folder / "nodes").iterdir())
    shutil.copy(second / "node.pub", first / "node.pub")

    ((status, what),) = told(check_node_keys([first]))
    assert status == "problem"
    assert "node.pub is not the public half of node.key" in what


@pytest.mark.parametrize(
    ("key", "why"),
    [
        (ed25519.Ed25519PrivateKey.generate(), "no EC key"),
        (ec.generate_private_key(ec.SECP256K1()), "its curve, secp256k1"),
    ],
)
def test_a_key_of_a_kind_that_superlink_refuses_is_a_problem(tmp_path, key, why):
    # PEM: OpenSSH has no form for the second one.
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "node.pub").write_bytes(pem)

    ((status, what),) = told(check_node_keys([tmp_path]))
    assert status == "problem"
    assert why in what


def test_a_private_key_in_another_format_is_a_problem(state):
    node = state.folder / "nodes" / "contributor-0000"
    key = ec.generate_private_key(ec.SECP384R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (node / "node.key").write_bytes(pem)

    ((status, what),) = told(check_node_keys([node]))
    assert status == "problem"
    assert "is no private key in OpenSSH's format" in what


def test_no_ledger_key_is_a_warning_and_one_with_another_public_half_a_problem(tmp_path):
    path = tmp_path / "ledger.key"
    assert check_ledger_key(path).status == "warning"

    make_key(path)
    make_key(tmp_path / "other.key")
    (tmp_path / "other.key.pub").replace(tmp_path / "ledger.key.pub")
    found = check_ledger_key(path)
    assert found.status == "problem"
    assert "is not the public half of" in found.what

    path.write_text("garbage")
    assert check_ledger_key(path).status == "problem"
