"""Who gets through to a SuperLink, and to a round: each wrong way has a clear outcome."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx
import pytest

from anml_fl.system.processes import free_port
from server.deployment.authority import issue, make_authority
from server.deployment.control import Control, ControlError
from server.deployment.prepare import prepare
from server.deployment.processes import environment, stop, superlink

HONEST, VICTIM, ALTERED, REVOKED = (f"contributor-{i:04d}" for i in (0, 1, 3, 4))

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A federation of one node."""
    folder = tmp_path_factory.mktemp("connections") / "federation"
    return prepare(folder, None, {"dataset": "wine"}, nodes=1)[0]


@pytest.fixture(scope="module")
def link(state):
    """A SuperLink alone; yields what controls it."""
    yield from started(state, environment(state, warm=False))


@pytest.fixture(scope="module")
def expired(tmp_path_factory):
    """A SuperLink whose certificate has expired."""
    folder = tmp_path_factory.mktemp("expired") / "federation"
    state, _ = prepare(folder, None, {"dataset": "wine"}, nodes=1)
    state.server_certificate.unlink()
    authority = (state.folder / "ca.key", state.ca)
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    issue(authority, state.server_key, state.server_certificate, begin=begin, days=365)
    yield from started(state, environment(state, warm=False), answers=False)


def started(state, given, answers=True):
    """Start a SuperLink."""
    port = free_port()
    service = superlink(state, port, given)
    control = Control(f"127.0.0.1:{port}", state.ca, state.local / "control")
    service.start()
    try:
        if answers:
            control.wait(300)
        yield control
    finally:
        control.close()
        stop([service])


def test_authority_that_did_not_sign_is_told(link, tmp_path):
    make_authority(tmp_path / "ca.key", tmp_path / "ca.crt")
    other = Control(link.address, tmp_path / "ca.crt", tmp_path / "home")
    try:
        with pytest.raises(ControlError, match=r"cannot be trusted: .*CERTIFICATE_VERIFY"):
            other.wait(300)
    finally:
        other.close()


def test_certificate_that_has_expired_is_told(expired):
    with pytest.raises(ControlError, match=r"cannot be trusted: .*expired"):
        expired.wait(300)


def test_plain_http_gets_nothing_and_harms_nothing(link):
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://{link.address}/health", trust_env=False, timeout=10)
    link.wait(300)


def test_nobody_there_is_told(state, tmp_path):
    control = Control(f"127.0.0.1:{free_port()}", state.ca, tmp_path)
    try:
        with pytest.raises(ControlError, match="did not answer within 1 s"):
            control.wait(1)
    finally:
        control.close()


def test_registering_again_is_nothing_new(link, state):
    members = state.nodes(state.config())
    link.register(members)
    link.register(members)


def test_unregistered_node_is_refused_and_says_why(siege):
    assert siege.statuses["stranger"] not in (None, 0)
    assert "Failed to initialize the connection to the SuperLink" in siege.logs["stranger"]
    assert not any("stranger" in str(record) for record in siege.records)


def test_node_that_the_registry_does_not_know_takes_no_part_and_is_recorded(siege):
    assert siege.statuses["outsider"] is None  # connected, to no effect
    assert "Receiving" not in siege.logs["outsider"]
    for record in siege.records:
        assert any("key-" in text for text in record.refused)


def test_node_whose_key_was_revoked_is_left_out_from_then_on(siege):
    before, after = siege.seen(REVOKED)[: siege.revoked_after], siege.seen(REVOKED)[-1]
    assert all(seen.reason is None for seen in before)
    assert after.reason is not None
    assert after.weight == 0


def test_others_go_on_after_a_revocation(siege):
    assert siege.status == "completed"
    for name in (HONEST, VICTIM):
        assert all(seen.reason is None for seen in siege.seen(name))


def test_node_with_other_code_is_refused_with_what_to_do(siege):
    reasons = [seen.reason for seen in siege.seen(ALTERED)]
    assert None not in reasons
    told = r"runs code [0-9a-f]{12}, the server [0-9a-f]{12}: install the server's version"
    assert any(re.match(told, reason) for reason in reasons), reasons
    assert all(seen.weight == 0 for seen in siege.seen(ALTERED))
