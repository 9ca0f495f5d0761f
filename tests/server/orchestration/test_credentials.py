"""What is shown to a SuperLink elsewhere: as Flower's own code reads it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from flwr.cli.auth_plugin.oidc_cli_plugin import OidcCliPlugin
from flwr.common.constant import ACCESS_TOKEN_KEY
from flwr.supercore.credential_store.file_credential_store import FileCredentialStore

from anml_fl.authorisation.secret import make_secret, read_secret
from server.deployment.credentials import credentials

ADDRESS = "192.168.1.10:8000"


def shown(path):
    """The token that `flwr` sends to the address, from its file."""
    plugin = OidcCliPlugin(ADDRESS)
    plugin.store = FileCredentialStore(path)
    plugin.load_tokens()
    return dict(plugin.write_tokens_to_metadata([]))[ACCESS_TOKEN_KEY]


def test_flower_finds_the_secret_in_what_we_write(tmp_path):
    path = tmp_path / "credentials.yaml"
    path.write_bytes(credentials(ADDRESS, "a-b_" * 10))
    assert shown(path) == "a-b_" * 10


def test_without_a_secret_flower_has_no_log_in(tmp_path):
    path = tmp_path / "credentials.yaml"
    path.write_bytes(credentials(ADDRESS, None))
    assert FileCredentialStore(path).get(f"flower.account-auth.{ADDRESS}.authn-type") is None
    assert path.exists()  # Flower removes what it cannot read


@pytest.mark.checkout
def test_flower_finds_the_secret_in_what_the_documentation_writes(tmp_path):
    text = Path(__file__).parents[3].joinpath("docs/deploy.md").read_text(encoding="utf-8")
    block = re.search(r"```sh\n(umask 077\nat=.*?)```", text, re.DOTALL)[1]
    (tmp_path / "federation").mkdir()
    make_secret(secret := tmp_path / "federation" / "owner.secret")
    environment = {**os.environ, "FLWR_HOME": str(tmp_path)}
    subprocess.run(["sh", "-euc", block], cwd=tmp_path, env=environment, check=True)
    path = tmp_path / "credentials.yaml"
    assert shown(path) == read_secret(secret)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() != b""
