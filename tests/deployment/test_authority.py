"""The federation's own certificates and keys: they hold, and are made once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    load_ssh_private_key,
    load_ssh_public_key,
)
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from anml_fl.settings.section import ConfigError
from server.deployment.authority import (
    alternative_names,
    issue,
    make_authority,
    make_node_key,
    write_once,
)


@pytest.fixture
def made(tmp_path):
    """An authority, and a server's certificate."""
    authority = (tmp_path / "ca.key", tmp_path / "ca.crt")
    server = (tmp_path / "server.key", tmp_path / "server.crt")
    make_authority(*authority)
    issue(authority, *server, ["flower.example.org", "10.1.2.3"])
    return authority, server


def verify(authority, certificate, name, at=None):
    """Verify as a TLS client does, by chain and name."""
    root = x509.load_pem_x509_certificate(authority.read_bytes())
    leaf = x509.load_pem_x509_certificate(certificate.read_bytes())
    policy = PolicyBuilder().store(Store([root])).time(at or datetime.now(UTC))
    policy.build_server_verifier(name).verify(leaf, [])


@pytest.mark.parametrize("host", ["superlink", "localhost", "flower.example.org"])
def test_certificate_holds_for_each_name(made, host):
    (_, root), (_, certificate) = made
    verify(root, certificate, x509.DNSName(host))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "10.1.2.3"])
def test_certificate_holds_for_each_address(made, host):
    (_, root), (_, certificate) = made
    verify(root, certificate, x509.IPAddress(ip_address(host)))


def test_certificate_holds_for_nobody_else(made):
    (_, root), (_, certificate) = made
    with pytest.raises(VerificationError):
        verify(root, certificate, x509.DNSName("elsewhere.example.org"))


def test_certificate_of_another_authority_does_not_hold(made, tmp_path):
    _, (_, certificate) = made
    make_authority(tmp_path / "other.key", tmp_path / "other.crt")
    with pytest.raises(VerificationError):
        verify(tmp_path / "other.crt", certificate, x509.DNSName("localhost"))


def test_certificate_ends(made):
    (_, root), (_, certificate) = made
    late = datetime.now(UTC) + timedelta(days=398)
    verify(root, certificate, x509.DNSName("localhost"), late - timedelta(days=2))
    with pytest.raises(VerificationError):
        verify(root, certificate, x509.DNSName("localhost"), late)


def test_certificate_of_the_past(made, tmp_path):
    authority, _ = made
    past = (tmp_path / "past.key", tmp_path / "past.crt")
    issue(authority, *past, begin=datetime(2020, 1, 1, tzinfo=UTC), days=1)
    with pytest.raises(VerificationError):
        verify(authority[1], past[1], x509.DNSName("localhost"))


def test_keys_are_the_owners_alone(made, tmp_path):
    make_node_key(tmp_path / "n" / "node.key", tmp_path / "n" / "node.pub")
    for name in ("ca.key", "server.key", "n/node.key"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600, name


def test_node_key_is_a_pair_on_p384_in_openssh_form(tmp_path):
    key, public = tmp_path / "node.key", tmp_path / "node.pub"
    make_node_key(key, public)
    private = load_ssh_private_key(key.read_bytes(), password=None)
    assert isinstance(private.curve, ec.SECP384R1)
    shown = load_ssh_public_key(public.read_bytes())
    assert shown.public_numbers() == private.public_key().public_numbers()


def test_nothing_is_made_twice(made, tmp_path):
    authority, server = made
    make_node_key(tmp_path / "node.key", tmp_path / "node.pub")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    make_authority(*authority)
    issue(authority, *server, ["10.1.2.3"])
    make_node_key(tmp_path / "node.key", tmp_path / "node.pub")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_halves_that_are_missing_are_made_from_those_that_are_there(made, tmp_path):
    authority, server = made
    node = (tmp_path / "node.key", tmp_path / "node.pub")
    make_node_key(*node)
    line, keys = node[1].read_bytes(), server[0].read_bytes()
    node[1].unlink()
    server[1].unlink()
    make_node_key(*node)
    issue(authority, *server)
    assert node[1].read_bytes() == line
    assert server[0].read_bytes() == keys
    verify(authority[1], server[1], x509.DNSName("localhost"))


def test_another_host_is_an_error_that_says_what_to_do(made):
    authority, server = made
    with pytest.raises(ConfigError, match=r"is not for hospital\.example.*remove it"):
        issue(authority, *server, ["hospital.example"])


def test_without_the_authoritys_key_nothing_is_issued(made, tmp_path):
    authority, _ = made
    authority[0].unlink()
    with pytest.raises(ConfigError, match="your own authority"):
        issue(authority, tmp_path / "new.key", tmp_path / "new.crt")
    assert not (tmp_path / "new.crt").exists()


@pytest.mark.parametrize("name", ["ca.key", "node.key"])
def test_key_that_is_none_is_named(tmp_path, name):
    path = tmp_path / name
    path.write_text("nonsense")
    make = make_authority if name == "ca.key" else make_node_key
    with pytest.raises(ConfigError, match=name):
        make(path, tmp_path / "other")
    assert path.read_text() == "nonsense"


def test_write_once_leaves_what_is_there(tmp_path):
    path = tmp_path / "folder" / "file"
    write_once(path, b"first", 0o600)
    with pytest.raises(FileExistsError):
        write_once(path, b"second", 0o600)
    assert path.read_bytes() == b"first"
    assert [one.name for one in path.parent.iterdir()] == ["file"]
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_alternative_names_are_listed(made):
    _, (_, certificate) = made
    listed = ["superlink", "localhost", "flower.example.org", "127.0.0.1", "::1", "10.1.2.3"]
    read = x509.load_pem_x509_certificate(certificate.read_bytes())
    assert alternative_names(read) == listed
