"""`anml registry`, called with what cannot be: told what is wrong, and nothing is written."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from anml_fl.cli import main

FAR = "2099-01-01"
HASH = "sha256:" + 64 * "a"
SIGN = ("--sign-with", "university.key", "--issuer", "university", "--expires", FAR)


@pytest.mark.parametrize(
    "args",
    [
        ["list"], ["show", "x"], ["signals"], ["flag", "x", "--reason", "y"],
        ["revoke", "issuer", "x", "--reason", "y"], ["attest", "x", "--token", "-"],
        ["add", "contribution", "x", "--data-hash", HASH, "--size", 1, "--collected",
         "2020-01-01"],
    ],
)  # fmt: skip
def test_no_database_is_made_but_by_adding_the_first_fact(anml, tmp_path, args):
    for where in ("none.db", "sqlite:///none.db"):
        said = anml(*args, "--database", where, fails=True)
        assert "there is no registry at none.db: `anml registry add` makes one" in said
    assert list(tmp_path.iterdir()) == []


def test_the_database_may_come_from_the_environment(anml, consortium, monkeypatch):
    monkeypatch.setenv("ANML_REGISTRY", "other.db")
    assert "no registry at other.db" in anml("list", fails=True)
    monkeypatch.setenv("ANML_REGISTRY", str(consortium / "registry.db"))
    assert "hospital" in anml("list")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["show", "nobody"], "no contributor 'nobody' was known at 20"),
        (["flag", "nobody", "--reason", "x"], "no contributor 'nobody'"),
        (["revoke", "issuer", "abc", "--reason", "x"], "abc"),
        (["signals", "--at", "yesterday"], "'yesterday' is no date: write 2026-03-01"),
        (["signals", "--at", "2026-03-01T12:00"], "has no time zone: write 2026"),
        (["key", "university.key"], "university.key exists already"),
        (["attest", "hospital"], "either --token FILE, or --sign-with"),
        (["attest", "hospital", "--token", "-", "--level", "peer-reviewed"], "signed already"),
        (["attest", "hospital", "--sign-with", "hospital.pub", *SIGN[2:], "--level",
          "peer-reviewed"], "holds no private key"),
        (["add", "contribution", "hospital", "--size", 1, "--collected", FAR], "either --da"),
        (["add", "contribution", "hospital", "--size", 0, "--collected", FAR], "--size"),
        (["add", "contribution", "hospital", "--size", 1, "--collected", "2020-01-01",
          "--data-hash", "md5"], "'md5'"),
        (["add", "contribution", "hospital", "--size", 1, "--collected", FAR, "--data-hash",
          HASH], "--collected must not lie in the future"),
        (["add", "contributor", "--key", "hospital.pub", "--name", "B", "--domain", "news"],
         "hospital"),
        (["add", "issuer", "b", "--key", "hospital.pub", "--level", "peer-reviewed", "--until",
          FAR], "must hold an Ed25519 key, got EC"),
        (["list", "--database", "mysql://host/x"], "no database is known by mysql"),
    ],
)  # fmt: skip
def test_mistakes_are_told_without_a_traceback(anml, consortium, args, says):
    said = anml(*args, fails=True)
    assert says in said
    assert "Traceback" not in said


def test_a_contributor_without_data_cannot_be_attested_or_flagged(anml, consortium, node_key):
    node_key(consortium / "b.pub")
    anml(
        "add", "contributor", "--key", "b.pub", "--name", "B", "--domain", "news", "--id", "b"
    )
    for args in (
        ["attest", "b", "--level", "peer-reviewed", *SIGN],
        ["flag", "b", "--reason", "x"],
    ):
        assert "b has no contribution: `anml registry add contribution`" in anml(
            *args, fails=True
        )
    assert "T = 1" in anml("show", "b")


def test_a_refused_token_says_why_and_leaves_nothing(anml, read, consortium):
    refused = anml(
        "attest", "hospital", "--level", "independently-reproduced", *SIGN, fails=True
    )
    assert "refused: 'university' is not trusted for 'independently-reproduced'" in refused
    assert "refused: " in anml("attest", "hospital", "--token", "-", input="a.b", fails=True)
    anml("key", "other.key")
    stranger = anml(
        "attest", "hospital", "--sign-with", "other.key", "--issuer", "university",
        "--level", "peer-reviewed", "--expires", FAR, fails=True,
    )  # fmt: skip
    assert "no issuer's key" in stranger
    assert read("list", "attestations") == []


def test_the_start_of_a_key_id_must_name_one_key(anml, read, consortium):
    for i in range(17):  # two of seventeen begin with the same digit
        anml("key", f"{i}.key")
        anml("add", "issuer", "many", "--key", f"{i}.key.pub", "--level", "peer-reviewed",
             "--until", FAR)  # fmt: skip
    ids = [issuer["key_id"] for issuer in read("list", "issuers")]
    digit = next(d for d in "0123456789abcdef" if sum(i[0] == d for i in ids) > 1)
    said = anml("revoke", "issuer", digit, "--reason", "x", fails=True)
    assert digit in said
    assert anml("revoke", "issuer", "", "--reason", "x", fails=True)
    assert read("list", "revocations") == []
    assert read("revoke", "issuer", ids[3][:16], "--reason", "x")["target"] == ids[3]


def test_a_token_that_was_broken_over_lines_is_whole_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call = CliRunner().invoke
    for arguments in (
        "key site",
        "key office",
        "add contributor --key site.pub --name s --domain news --id s",
        f"add contribution s --data-hash sha256:{'0' * 64} --size 3 --collected 2026-01-01",
        "add issuer office --key office.pub --level peer-reviewed --until 2999-01-01",
    ):
        done = call(main, ["registry", *arguments.split()])
        assert done.exit_code == 0, done.output
    signed = "--sign-with office --issuer office --level peer-reviewed --expires 2998-01-01"
    token = call(main, ["registry", "attest", "s", *signed.split()]).output.strip()
    wrapped = "\r\n  ".join(token[i : i + 76] for i in range(0, len(token), 76))
    (tmp_path / "mail.txt").write_bytes(b"\xef\xbb\xbf" + wrapped.encode() + b"\r\n")
    done = call(main, ["registry", "attest", "s", "--token", "mail.txt"])
    # It came through: known already is what a whole one is.
    assert done.exit_code == 0 or "already" in done.output, done.output
    (tmp_path / "wide.txt").write_bytes(token.encode("utf-16"))
    done = call(main, ["registry", "attest", "s", "--token", "wide.txt"])
    assert done.exit_code == 2
    assert "wide.txt is UTF-16" in done.output


def test_the_limit_that_was_passed_is_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = f"add contribution s --data-hash sha256:{'0' * 64} --collected 2026-01-01"
    done = CliRunner().invoke(main, ["registry", *arguments.split(), "--size", str(2**63)])
    assert done.exit_code == 2
    assert "1<=x<=9223372036854775807" in done.output
