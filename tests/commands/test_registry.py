"""`anml registry`, as whoever keeps a consortium's registry calls it."""

from __future__ import annotations

import json
import math
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from anml_fl.commands import registry as commands
from anml_fl.method.provenance import DECAY_RATES
from anml_fl.registry import keys
from anml_fl.registry.attestation import issue, key_id
from anml_fl.registry.jws import LEVELS

DAY = timedelta(days=1)
FAR = "2099-01-01"
HASH = "sha256:" + 64 * "a"
SIGN = ("--sign-with", "university.key", "--issuer", "university", "--expires", FAR)


def test_a_consortium_from_the_first_key_on(anml, read, tmp_path, node_key):
    made = read("key", "university.key")
    public = keys.public_key(tmp_path / "university.key.pub").public_bytes_raw()
    assert made["key_id"] == key_id(public)

    issuer = read("add", "issuer", "university", "--key", "university.key.pub",
                  "--level", "peer-reviewed", "--level", "institution-verified",
                  "--until", "2031-01-01")  # fmt: skip
    assert issuer["key_id"] == key_id(public)
    assert issuer["levels"] == ["institution-verified", "peer-reviewed"]
    assert issuer["until"] == "2031-01-01T00:00:00Z"

    node_key(tmp_path / "node.pub")
    person = read("add", "contributor", "--key", "node.pub", "--name", "A", "--domain", "news")
    identity = keys.identity(keys.node_key(tmp_path / "node.pub"))
    assert person["identity"] == identity

    (tmp_path / "data").write_bytes(b"abc")
    brought = read("add", "contribution", identity, "--data", "data", "--size", 3,
                   "--collected", "2025-06-01")  # fmt: skip
    # FIPS 180-2, appendix B.1.
    known = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert brought["data_hash"] == known

    token = anml("attest", identity, "--level", "peer-reviewed", *SIGN).strip()
    (attested,) = read("list", "attestations")
    assert attested["token"] == token
    assert attested["validity"] == "valid"
    assert attested["target"] == f"{key_id(public)}/{attested['id']}"

    at = datetime(2027, 6, 1, tzinfo=UTC)
    (signal,) = read("signals", "--at", "2027-06-01")
    assert signal["contributor"] == identity
    assert signal["v"] == 0.85
    assert signal["r"] == 0.4
    age = (at - datetime(2025, 6, 1, tzinfo=UTC)) / timedelta(days=365.25)
    assert signal["T"] == pytest.approx(math.exp(-0.5 * age), rel=1e-12)
    assert signal["s"] == pytest.approx(0.34)

    shown = read("show", identity, "--at", "2027-06-01")
    assert shown["contributor"] == person
    assert shown["contributions"] == [{**brought, "flagged": False}]
    assert shown["attestations"] == [attested]
    assert shown["reputation"] == []
    assert shown["signals"] == signal


def test_a_token_from_elsewhere_is_recorded_from_a_file_or_standard_input(
    anml, read, consortium
):
    now = datetime.now(UTC)
    signed = [
        issue(
            keys.private_key(consortium / "university.key"),
            issuer="university",
            subject=keys.node_key(consortium / "hospital.pub"),
            level=LEVELS["peer-reviewed"],
            data_hash=HASH,
            issued=now,
            expires=now + DAY,
            id=name,
        )
        for name in ("one", "two")
    ]
    (consortium / "token").write_text(signed[0] + "\n")
    assert read("attest", "hospital", "--token", "token")["id"] == "one"
    assert anml("attest", "hospital", "--token", "-", input=signed[1]).strip() == signed[1]
    assert [row["id"] for row in read("list", "attestations")] == ["one", "two"]


def test_a_revoked_key_keeps_what_had_come_and_takes_what_comes_later(anml, read, consortium):
    before = datetime.now(UTC).isoformat()
    anml("attest", "hospital", "--level", "peer-reviewed", *SIGN)
    after = datetime.now(UTC).isoformat()
    (issuer,) = read("list", "issuers")
    revoke = ("revoke", "issuer", issuer["key_id"], "--reason", "stolen", "--moment")
    anml(*revoke, after)
    assert read("list", "attestations")[0]["validity"] == "valid"
    (revoked,) = read("list", "revocations")
    assert (revoked["kind"], revoked["reason"]) == ("issuer-key", "stolen")
    refused = anml("attest", "hospital", "--level", "peer-reviewed", *SIGN, fails=True)
    assert "refused: its key is revoked" in refused
    # It was stolen earlier than was thought.
    anml(*revoke, before)
    (attested,) = read("list", "attestations")
    assert "revoked" in attested["validity"]
    assert read("signals")[0]["v"] == 0.25


def test_a_revoked_attestation_and_a_flagged_contribution(anml, read, consortium):
    anml("attest", "hospital", "--level", "peer-reviewed", *SIGN)
    (attested,) = read("list", "attestations")
    assert read("signals")[0]["v"] == 0.85
    middle = datetime.now(UTC).isoformat()
    key, _, name = attested["target"].partition("/")
    assert f"{key[:16]}/{name}" in anml("list", "attestations")
    revoked = read("revoke", "attestation", f"{key[:16]}/{name}", "--reason", "withdrawn")
    assert revoked["target"] == attested["target"]
    assert read("signals")[0]["v"] == 0.25
    assert read("show", "hospital")["attestations"][0]["validity"] == "revoked"
    flagged = read("flag", "hospital", "--reason", "labels exchanged")
    assert flagged["target"] == f"hospital/{HASH}"
    assert read("signals", "hospital")[0]["v"] == 0.075
    # What was known in between is known for ever.
    assert read("signals", "hospital", "--at", middle)[0]["v"] == 0.85
    assert read("list", "revocations", "--at", middle) == []
    kinds = [row["kind"] for row in read("list", "revocations")]
    assert kinds == ["attestation", "contribution"]


def test_tables_for_people(anml, consortium):
    anml("attest", "hospital", "--level", "peer-reviewed", *SIGN)
    assert re.search(r"hospital +City hospital +news", anml("list"))
    assert re.search(r"hospital +0\.850 +0\.400 +0\.\d{3} +0\.340", anml("signals"))
    shown = anml("show", "hospital")
    for part in (HASH, "valid", "no round observed", "peer-reviewed", "City hospital"):
        assert part in shown
    assert "no revocations" in anml("list", "revocations")
    row = r"university +peer-reviewed +[-\d]{10} [:\d]{8} +2099-01-01 +valid +[0-9a-f]{16}"
    assert re.search(row, anml("list", "issuers"))


def test_what_is_revoked_shows_as_such_and_is_revoked_once(anml, read, consortium):
    (issuer,) = read("list", "issuers")
    assert issuer["validity"] == "valid"
    args = ("revoke", "issuer", issuer["key_id"], "--reason", "stolen", "--moment")
    anml(*args, "2026-03-01")
    (issuer,) = read("list", "issuers")
    assert issuer["validity"] == "revoked from 2026-03-01T00:00:00Z on"
    assert "is revoked already, from 2026-03-01" in anml(*args, "2026-04-01", fails=True)
    anml(*args, "2026-02-01")  # it was stolen earlier than thought
    (issuer,) = read("list", "issuers")
    assert issuer["validity"] == "revoked from 2026-02-01T00:00:00Z on"
    assert [one["flagged"] for one in read("list", "contributions")] == [False]
    anml("flag", "hospital", "--reason", "exchanged labels")
    assert [one["flagged"] for one in read("list", "contributions")] == [True]


def test_signals_say_who_is_not_known(anml, read, consortium):
    found = read("signals", "hospital", "nobody")
    assert [one["known"] for one in found] == [True, False]


def test_a_records_instant_can_be_asked_for(read, consortium):
    (later,) = read("signals", "hospital", "--at", "80.25")
    # 80.25 years of 365.25 days are 29,311.3125 days.
    assert later["at"] == "2050-04-02T07:30:00Z"


def test_a_strangers_name_is_text_and_no_markup(anml, consortium, node_key):
    node_key(consortium / "b.pub")
    name = "[bold]x[/bold]\x1b[31m"
    anml("add", "contributor", "--key", "b.pub", "--name", name, "--domain", "news")
    shown = anml("list")
    assert "[bold]x[/bold]" in shown
    assert "\x1b" not in shown


def test_earned_reputation_shows_round_by_round(anml, read, consortium):
    from anml_fl.database.engine import open_database
    from anml_fl.method.records import ContributorRecord, RoundRecord
    from anml_fl.registry.clock import years
    from anml_fl.registry.sql import SqlRegistry

    now = datetime.now(UTC)
    people = tuple(
        ContributorRecord(name, 1.0, 0.25, 0.4, 1.0, 0.1, 0.25, True)
        for name in ("hospital", "another", "a third", "a fourth")
    )
    record = RoundRecord(1, "anml", "krum", 0.1, 0.2, people, at=years(now))
    engine = open_database("registry.db")
    SqlRegistry(engine).observe("a run", record)
    engine.dispose()
    later = (now + DAY).isoformat()
    (entry,) = read("show", "hospital", "--at", later)["reputation"]
    assert (entry["run"], entry["round"], entry["good"]) == ("a run", 1, 1.0)
    # (2 x 0.4 + 1) / (2 + 1)
    assert entry["reputation"] == pytest.approx(0.6)
    assert read("signals", "--at", later)[0]["r"] == pytest.approx(0.6)
    assert "a run" in anml("show", "hospital", "--at", later)


def test_choices_are_the_method_s():
    assert set(commands.LEVELS) == set(LEVELS)
    assert set(commands.DOMAINS) == set(DECAY_RATES)


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from click.testing import CliRunner;"
        "from anml_fl.commands.registry import registry;"
        "assert CliRunner().invoke(registry, ['attest', '--help']).exit_code == 0;"
        "heavy = ('numpy', 'torch', 'sqlalchemy', 'cryptography', 'joserfc', 'rich');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.checkout
def test_the_guide_runs_line_by_line(request, anml, read, tmp_path, node_key):
    page = (request.config.rootpath / "docs" / "registry.md").read_text()
    lines = [
        shlex.split(line)
        for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
        for line in block.splitlines()
    ]
    outputs = []
    for line in lines:
        if line[0] == "ssh-keygen":  # not installed everywhere; test_keys tries it
            node_key(tmp_path / f"{line[-1]}.pub")
            continue
        if line[0] == "printf":
            (tmp_path / "scans.csv").write_text(line[1])
            continue
        # A run, which tests/docs carries out, and what needs a value of the reader's.
        if line[:2] == ["anml", "run"] or "KEY_ID" in " ".join(line):
            continue
        assert line[:2] == ["anml", "registry"]
        outputs.append((line[2], anml(*line[2:])))
    assert [name for name, _ in outputs].count("add") == 3
    later = json.loads(
        next(text for name, text in outputs if name == "signals" and "{" in text)
    )
    age = (datetime(2030, 1, 1) - datetime(2025, 6, 1)) / timedelta(days=365.25)
    assert later[0]["v"] == 0.25  # expired by then
    assert later[0]["T"] == pytest.approx(math.exp(-0.1 * age))
    tables = [text for name, text in outputs if name == "signals" and "{" not in text]
    assert [re.search(r"contributor-0000 +(0\.\d+)", text)[1] for text in tables] == [
        "0.850",
        "0.075",
    ]

    # Every figure of the rules' table.
    for level in LEVELS.values():
        assert f"{level.middle:g}".lstrip("0") in page
    for domain, rate in DECAY_RATES.items():
        assert f"`{domain}` {str(rate).lstrip('0')}" in page
