"""Secrets that others may read or replace: the kernel and ssh-keygen say who may."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

import server.superlink
from anml_fl.cli import main
from anml_fl.registry import keys
from anml_fl.settings.section import ConfigError
from anml_fl.system.private_files import ExposedError, exposure, open_folder, refuse_exposed
from server.deployment.authority import make_authority, make_node_key
from server.deployment.environment_file import write_environment
from server.deployment.prepare import prepare
from server.doctor.keys import check_ledger_key
from server.doctor.modes import check_modes
from server.orchestration.ledger_key import signing_key

root = pytest.mark.skipif(os.geteuid() != 0, reason="only the administrator becomes another")
STRANGER, GROUP = 54321, 54322


def becomes(user, group, attempt):
    """Call as another account; tells whether it came to an end without an error."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(group)
            os.setuid(user)
            attempt()
        except BaseException:  # noqa: BLE001 - a fork must never return
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


@pytest.fixture
def place():
    """A folder that everybody can reach."""
    folder = Path(tempfile.mkdtemp(prefix="anml-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@root
@pytest.mark.parametrize("folder_mode", [0o700, 0o755, 0o775, 0o757, 0o777, 0o1777])
def test_whatever_the_kernel_lets_others_do_is_found(place, folder_mode):
    folder = place / "keys"
    folder.mkdir()
    file = folder / "a.key"
    os.chown(folder, 0, GROUP)
    folder.chmod(folder_mode)
    for mode in (0o400, 0o600, 0o700, *(0o600 | 1 << bit for bit in range(6)), 0o644, 0o666):
        file.touch()
        os.chown(file, 0, GROUP)
        file.chmod(mode)

        def read():
            file.read_bytes()

        def write():
            file.open("ab").close()

        def replace():
            (folder / f"mine-{os.getpid()}").touch()
            (folder / f"mine-{os.getpid()}").replace(file)

        others = [(STRANGER, STRANGER), (STRANGER, GROUP)]
        kept = not any(becomes(*who, attempt) for who in others for attempt in (read, write))
        replaced = any(becomes(*who, replace) for who in others)
        file.unlink()
        file.touch()
        os.chown(file, 0, GROUP)
        file.chmod(mode)
        if not kept or replaced:
            assert exposure(file) is not None, (oct(mode), oct(folder_mode))
        elif not mode & 0o077:
            assert exposure(file) is None, (oct(mode), oct(folder_mode))


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen")
def test_of_ones_own_files_ssh_takes_the_same(tmp_path):
    key = tmp_path / "node.key"
    make_node_key(key, tmp_path / "node.pub")
    for mode in [*range(0o400, 0o500), *range(0o600, 0o700)]:
        key.chmod(mode)
        done = subprocess.run(
            ["ssh-keygen", "-y", "-P", "", "-f", str(key)], capture_output=True, check=False
        )
        assert (exposure(key) is None) == (done.returncode == 0), oct(mode)


@root
def test_a_containers_secret_may_be_read_by_its_group_where_root_owns_it(place):
    # As Kubernetes mounts one: a link to a link's folder, root's, for a group, 0440.
    volume = place / "secret"
    (volume / "..2026").mkdir(parents=True)
    file = volume / "..2026" / "ledger.key"
    file.write_text("x")
    os.chown(file, 0, GROUP)
    file.chmod(0o440)
    (volume / "..data").symlink_to("..2026")
    (volume / "ledger.key").symlink_to("..data/ledger.key")
    volume.chmod(0o1777)
    named = volume / "ledger.key"

    assert becomes(STRANGER, GROUP, lambda: refuse_exposed(named) or named.read_bytes())
    assert exposure(named).what.endswith("has mode 0440: others may read it or write to it")
    for mode in (0o444, 0o460, 0o441):
        file.chmod(mode)
        assert not becomes(STRANGER, GROUP, lambda: refuse_exposed(named))
    file.chmod(0o440)
    (volume / "..2026").chmod(0o777)  # the folder that the link leads to counts too
    assert not becomes(STRANGER, GROUP, lambda: refuse_exposed(named))
    (volume / "..2026").chmod(0o755)
    volume.chmod(0o777)
    assert not becomes(STRANGER, GROUP, lambda: refuse_exposed(named))


@root
def test_a_file_of_another_account_is_refused_and_told(place):
    file = place / "a.key"
    file.touch(0o600)
    os.chown(file, STRANGER, GROUP)
    assert f"belongs to user {STRANGER}, and this is user 0" in exposure(file).what
    assert f"chown 0 {file}" in exposure(file).remedy
    # Root may use what an account was given as a whole.
    os.chown(place, STRANGER, GROUP)
    assert exposure(file) is None
    assert becomes(STRANGER, GROUP, lambda: refuse_exposed(file))
    os.chown(file, STRANGER + 7, GROUP)
    assert not becomes(STRANGER, GROUP, lambda: refuse_exposed(file))


@root
def test_a_group_of_the_owners_own_may_write_to_its_folder_and_no_other(place):
    place.chmod(0o770)
    assert open_folder(place) is None  # root's own group
    os.chown(place, 0, 12)  # one that has another name, or none
    assert open_folder(place) is not None


@root
def test_what_anml_up_gives_to_the_containers_account_is_good_for_both(tmp_path, monkeypatch):
    folder = Path(tempfile.mkdtemp(prefix="anml-"))
    folder.chmod(0o711)
    try:
        state, config = prepare(folder / "federation", None, {"dataset": "wine"}, nodes=2)
        write_environment(state, state.nodes(config), folder)
        assert (owner := state.ledger_key.stat().st_uid) not in (0, STRANGER)
        assert len(state.secrets()) == 8
        state.refuse_exposed()
        prepare(folder / "federation", None, {}, nodes=2)
        assert becomes(owner, owner, state.refuse_exposed)
        assert becomes(owner, owner, lambda: keys.private_key(state.ledger_key))
        assert not becomes(STRANGER, GROUP, lambda: refuse_exposed(state.ledger_key))
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["file", "folder"])
def spoilt(request):
    """Open a secret to others; returns what must stand in the message."""

    def spoil(path):
        if request.param == "folder":
            path.parent.chmod(0o777)
            return f"{path.parent} has mode 0777"
        path.chmod(0o644)
        return f"{path} has mode 0644"

    return spoil


def test_the_ledgers_key_is_not_used(tmp_path, monkeypatch, spoilt):
    monkeypatch.delenv("ANML_LEDGER_KEY")
    monkeypatch.setenv("HOME", str(tmp_path))
    signing_key()
    path = tmp_path / ".anml" / "ledger.key"
    what = spoilt(path)
    with pytest.raises(ConfigError, match=f"cannot be had: {what}.*chmod"):
        signing_key()
    found = check_ledger_key(path)
    assert what in found.what
    assert "chmod" in found.remedy
    assert [one.what for one in check_modes([], [path])] == [found.what]


def test_a_key_in_the_place_of_its_files_name_is_neither_shown_nor_written(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    body = pem.decode().splitlines()[1]
    raw = serialization.load_pem_private_key(pem, None).private_bytes_raw()
    for held in (
        pem.decode(),
        " ".join(pem.decode().split("\n")),
        body,
        raw.hex(),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
    ):
        monkeypatch.setenv("ANML_LEDGER_KEY", held)
        with pytest.raises(ConfigError, match="must name a file, and holds what may"):
            signing_key()
        done = CliRunner().invoke(main, ["doctor", "--json"])
        assert "ANML_LEDGER_KEY names no file" in done.output
        # A slash may cut off a letter or two, which any text holds.
        long = [part for part in body.split("/") if len(part) >= 8]
        for part in (max(body.split("/"), key=len), *long, held[:20]):
            assert part[:20] not in done.output
    assert list(tmp_path.iterdir()) == []


def test_no_run_begins_with_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANML_LEDGER_KEY", str(tmp_path / "ledger.key"))
    keys.make_key(tmp_path / "ledger.key").private_bytes_raw()
    (tmp_path / "ledger.key").chmod(0o604)
    done = CliRunner().invoke(main, ["run", "--dataset", "wine", "--rounds", "1"])
    assert done.exit_code == 2
    assert f"chmod 0600 {tmp_path / 'ledger.key'}" in done.output
    assert not (tmp_path / "runs" / "default" / "config.toml").exists()


def test_an_issuers_key_is_not_used(tmp_path, spoilt):
    path = tmp_path / "university.key"
    keys.make_key(path)
    what = spoilt(path)
    with pytest.raises(ExposedError, match=f"{what}.*chmod"):
        keys.private_key(path)


def test_no_key_is_made_where_others_may_replace_it(tmp_path):
    tmp_path.chmod(0o777)
    with pytest.raises(ExposedError, match="others may replace the files in it; chmod go-w"):
        keys.make_key(tmp_path / "a.key")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["ca.key", "superlink/server.key", "nodes/contributor-0001/node.key"]
)
def test_a_federation_is_not_gone_on_with(tmp_path, spoilt, name):
    folder = tmp_path / "federation"
    prepare(folder, None, {"dataset": "wine"}, nodes=2)
    what = spoilt(folder / name)
    if name == "ca.key" and "0777" in what:
        prepare(folder, None, {}, nodes=2)  # `anml up` closes the folder itself
        return
    with pytest.raises(ExposedError, match=what):
        prepare(folder, None, {}, nodes=2)


def test_neither_authority_nor_node_uses_its_key(tmp_path):
    make_authority(tmp_path / "ca.key", tmp_path / "ca.crt")
    make_node_key(tmp_path / "node.key", tmp_path / "node.pub")
    for private, public in (("ca.key", "ca.crt"), ("node.key", "node.pub")):
        (tmp_path / private).chmod(0o640)
        (tmp_path / public).unlink()
    with pytest.raises(ExposedError, match=r"ca\.key has mode 0640"):
        make_authority(tmp_path / "ca.key", tmp_path / "ca.crt")
    with pytest.raises(ExposedError, match=r"node\.key has mode 0640"):
        make_node_key(tmp_path / "node.key", tmp_path / "node.pub")


@pytest.mark.parametrize("given", ["{}={}", "{} {}"])
def test_superlink_and_supernode_do_not_start_with_it(tmp_path, monkeypatch, given):
    keys.make_key(tmp_path / "a.key")
    (tmp_path / "a.key").chmod(0o644)

    command = given.format("--auth-supernode-private-key", tmp_path / "a.key").split()
    done = subprocess.run(
        [sys.executable, "-m", "clients.supernode", "--insecure", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "a.key has mode 0644" in done.stderr
    assert "chmod 0600" in done.stderr

    command = given.format("--ssl-keyfile", tmp_path / "a.key").split()
    monkeypatch.setattr(sys, "argv", ["superlink", "--host=127.0.0.1", *command])
    with pytest.raises(SystemExit, match=r"a\.key has mode 0644"):
        server.superlink.main()
