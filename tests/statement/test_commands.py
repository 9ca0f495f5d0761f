"""`anml statement`: what it writes, what it refuses, and how it ends."""

from __future__ import annotations

import json
import os
import socket

import pytest

from anml_fl.registry.keys import make_key
from anml_fl.statement.signing import LONGEST


@pytest.fixture
def written(anml, made, key_file, tmp_path):
    """Write all statements of the run made by hand; the folder that they are in."""
    out = tmp_path / "out"
    done = anml("statement", made.folder, "--out", out)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return out


def test_each_contributor_gets_a_page_and_a_file_beside_the_run(anml, made, key_file):
    before = {path: path.read_bytes() for path in made.folder.rglob("*") if path.is_file()}
    done = anml("statement", made.folder)
    assert done.exit_code == 0, done.output
    folder = made.folder / "statements"
    assert sorted(path.name for path in folder.iterdir()) == [
        f"statement-{name}.{end}" for name in ("ann", "ben", "eve") for end in ("html", "json")
    ]
    assert done.stdout.splitlines() == [
        *(str(folder / f"statement-{name}.html") for name in ("ann", "ben", "eve")),
        "beside each: the same as .json, for `anml statement verify`",
    ]
    assert (folder / "statement-ann.json").read_bytes() == made.content("ann")
    assert all(path.read_bytes() == content for path, content in before.items())


def test_a_trained_run_verifies_with_its_statements_and_each_of_them(anml, trained):
    assert anml("statement", trained).exit_code == 0
    assert anml("verify", trained).exit_code == 0
    files = sorted((trained / "statements").glob("*.json"))
    assert len(files) == 5
    payouts = {}
    for file in files:
        done = anml("statement", "verify", file, "--run", trained)
        assert done.exit_code == 0, done.output
        assert "signed by the ledger's key" in done.output
        fields = json.loads(file.read_bytes())
        payouts[fields["contributor"]] = fields["totals"]["payout"]
    last = (trained / "ledger.jsonl").read_bytes().splitlines()[-1]
    assert payouts == json.loads(last)["totals"]


def test_only_those_who_are_named_get_one(anml, made, key_file, tmp_path):
    done = anml(
        "statement", "write", made.folder, "eve", "eve", "--out", tmp_path / "new" / "o"
    )
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "new" / "o").iterdir())) == 2


def test_whom_nobody_asked_is_named_beside_those_who_were(anml, made, key_file, tmp_path):
    done = anml("statement", made.folder, "x\u202ey", "--out", tmp_path / "o")
    assert done.exit_code == 2
    assert r"no round of this run asked 'x\\u202ey'; asked were ann, ben, eve" in done.output
    assert not (tmp_path / "o").exists()


def test_without_the_private_key_they_are_not_signed_and_say_so(anml, made, no_key, tmp_path):
    done = anml("statement", made.folder, "ann", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert "not signed: there is no " in done.stderr
    file = tmp_path / "statement-ann.json"
    assert json.loads(file.read_bytes())["signature"] is None
    assert "<strong>Not signed.</strong>" in file.with_suffix(".html").read_text()
    done = anml("statement", "verify", file, "--run", made.folder)
    assert done.exit_code == 0
    assert "It is not signed" in done.output


def test_with_another_key_at_hand_they_are_not_signed(anml, made, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir(mode=0o700)
    make_key(tmp_path / "mine" / "ledger.key")
    monkeypatch.setenv("ANML_LEDGER_KEY", str(tmp_path / "mine" / "ledger.key"))
    done = anml("statement", made.folder, "ann")
    assert done.exit_code == 0
    assert "is not the one whose public half is" in done.stderr
    done = anml("statement", made.folder, "--key", tmp_path / "mine" / "ledger.key")
    assert done.exit_code == 2
    assert "--key must name the private key that signed the ledger" in done.output


def test_a_key_that_others_may_read_signs_nothing(anml, made, key_file, tmp_path):
    key_file.chmod(0o644)
    done = anml("statement", made.folder, "--out", tmp_path / "o")
    assert done.exit_code == 2
    assert "others may read it" in done.output
    assert not (tmp_path / "o").exists()


def test_the_key_that_is_named_signs_where_the_public_one_is_lost(
    anml, made, key_file, no_key, tmp_path
):
    (made.folder / "ledger.pub").unlink()
    assert "neither is" in anml("statement", made.folder).output
    done = anml("statement", made.folder, "ann", "--key", key_file, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "statement-ann.json").read_bytes() == made.content("ann")


def test_no_private_key_is_written_or_shown(anml, made, key_file, tmp_path):
    secret = bytes(range(32))
    pem = key_file.read_text().splitlines()[1]
    out = tmp_path / "out"
    done = anml("statement", made.folder, "--out", out)
    assert done.exit_code == 0
    for text in (done.output.encode(), *(path.read_bytes() for path in out.iterdir())):
        assert pem.encode() not in text
        assert secret not in text
        assert secret.hex().encode() not in text


def test_a_bad_ledger_gives_no_statement(anml, made, key_file):
    text = made.ledger.read_bytes()
    made.ledger.write_bytes(text.replace(b'"payout":100000', b'"payout":100009'))
    done = anml("statement", made.folder)
    assert done.exit_code == 1
    assert "no statement of this run: ledger.jsonl: bad: entry 1 (line 2)" in done.stderr
    assert not (made.folder / "statements").exists()


def test_records_that_do_not_fit_give_no_statement(anml, made, key_file):
    text = made.rounds.read_text()
    made.rounds.write_text(text.replace('"weight":0.1}', '"weight":0.2}', 1))
    done = anml("statement", made.folder)
    assert done.exit_code == 1
    assert (
        "fedavg/rounds.jsonl, round 1: ann: weight is 0.2, but 0.1 was signed" in done.stderr
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[:-1], "round 4: it is missing, and was settled"),
        (lambda lines: [*lines, lines[-1]], "goes on after round 4"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "round 1: "),
    ],
)
def test_rounds_that_are_missing_added_or_swapped_give_no_statement(
    anml, made, key_file, change, said
):
    lines = made.rounds.read_bytes().splitlines(keepends=True)
    made.rounds.write_bytes(b"".join(change(lines)))
    done = anml("statement", made.folder)
    assert done.exit_code == 1
    assert said in done.stderr


@pytest.mark.parametrize(
    ("name", "said", "code"),
    [
        ("ledger.jsonl", "has no ledger.jsonl: nothing vouches for what", 2),
        ("config.toml", "no statement of this run: config.toml is missing", 1),
        ("fedavg/rounds.jsonl", "no statement of this run: fedavg/rounds.jsonl is missing", 1),
    ],
)
@pytest.mark.parametrize("kind", ["gone", "pipe"])
def test_what_is_missing_or_no_file_is_said(anml, made, key_file, name, said, code, kind):
    (made.folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(made.folder / name)
    done = anml("statement", made.folder)
    assert done.exit_code == code
    assert said in done.stderr


def test_a_run_that_goes_on_says_up_to_where(anml, make, rounds, key_file):
    made = make(rounds[:2], closed=False)
    done = anml("statement", made.folder, "ann")
    assert done.exit_code == 0
    assert "has not come to its end: this is up to round 2" in done.stderr
    page = (made.folder / "statements" / "statement-ann.html").read_text()
    assert "this is\n  up to round 2, the last that was settled" in page
    file = made.folder / "statements" / "statement-ann.json"
    done = anml("statement", "verify", file, "--run", made.folder)
    assert done.exit_code == 0
    assert "It is of a run that had not come to its end." in done.output


def test_many_are_counted_and_not_listed(anml, make, by_examples, key_file):
    made = make([by_examples(1, {f"site-{i}": 1.0 + i for i in range(12)})])
    done = anml("statement", made.folder)
    assert done.output.splitlines() == [
        f"12 statements, statement-NAME.html, in {made.folder / 'statements'}",
        "beside each: the same as .json, for `anml statement verify`",
    ]


def test_verify_says_what_it_found_and_where_the_key_is_from(anml, written, made):
    file = written / "statement-ann.json"
    done = anml("statement", "verify", file, "--run", made.folder)
    assert done.exit_code == 0
    said = done.output.splitlines()
    assert said[0] == (
        "ok: the statement for ann, who earned 350,001 micro-units in 3 of 4 rounds, fits the"
        " ledger"
    )
    assert said[1] == "signed by the ledger's key"
    assert "This key came with the ledger" in done.output
    key = made.folder / "ledger.pub"
    alone = written / "ledger-of-a-run.jsonl"
    alone.write_bytes(made.ledger.read_bytes())
    done = anml("statement", "verify", file, "--run", alone, "--key", key)
    assert done.exit_code == 0
    assert "came with the ledger" not in done.output
    assert "Not checked: examples, refused credentials and what decided" in done.output


def test_verify_names_each_forged_field_and_ends_with_1(anml, written, made):
    file = written / "statement-ann.json"
    text = file.read_bytes().replace(b'"payout":250001', b'"payout":250002')
    file.write_bytes(text.replace(b'"selected":true', b'"selected":false', 1))
    done = anml("statement", "verify", file, "--run", made.folder)
    assert done.exit_code == 1
    said = done.output.splitlines()
    assert said[:4] == [
        "altered: statement: signature is not by the ledger's key over this text: it was"
        " altered, or signed by another key",
        "altered: statement: round 1: selected is False, but True follows from entry 1 of the"
        " ledger",
        "altered: statement: round 2: payout is 250002, but 250001 follows from entry 2 of the"
        " ledger",
        "The signature is not good: see above.",
    ]
    found = json.loads(
        anml("statement", "verify", file, "--run", made.folder, "--json").output
    )
    assert (found["ok"], found["signature"], len(found["differences"])) == (False, "bad", 3)


def test_verify_tells_some_of_many_differences(anml, make, by_examples, key_file):
    made = make([by_examples(n, {"ann": 1.0, "ben": 3.0}) for n in range(1, 31)])
    assert anml("statement", made.folder, "ann").exit_code == 0
    file = made.folder / "statements" / "statement-ann.json"
    file.write_bytes(file.read_bytes().replace(b'"status":"counted"', b'"status":"refused"'))
    done = anml("statement", "verify", file, "--run", made.folder)
    assert done.exit_code == 1
    assert sum(line.startswith("altered: ") for line in done.output.splitlines()) == 20
    assert "more (--json has all)" in done.output


def _huge(path):
    path.touch()
    os.truncate(path, LONGEST + 1)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (lambda path: path.mkdir(), "is no plain file"),
        (os.mkfifo, "is no plain file"),
        (lambda path: path.symlink_to("/dev/zero"), "is a link: give the file itself"),
        (lambda path: path.symlink_to(path.name), "is a link: give the file itself"),
        (lambda path: None, "No such file or directory"),
        (_huge, "must have at most"),
    ],
)
def test_what_is_no_plain_file_of_some_length_is_not_read(anml, made, tmp_path, place, said):
    path = tmp_path / "statement.json"
    place(path)
    done = anml("statement", "verify", path, "--run", made.folder)
    assert done.exit_code == 2
    assert said in done.output


def test_a_socket_is_not_read(anml, made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # its name must be short
    with socket.socket(socket.AF_UNIX) as held:
        held.bind("s")
        done = anml("statement", "verify", "s", "--run", made.folder)
    assert done.exit_code == 2


def test_a_link_to_the_statement_itself_is_no_statement(anml, written, made):
    link = written / "link.json"
    link.symlink_to(written / "statement-ann.json")
    done = anml("statement", "verify", link, "--run", made.folder)
    assert done.exit_code == 2
    assert "is a link: give the file itself" in done.output


def test_line_ends_that_were_changed_are_told(anml, written, made):
    file = written / "statement-ann.json"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    done = anml("statement", "verify", file, "--run", made.folder)
    assert done.exit_code == 1
    assert "altered: statement: the line is ended by CR LF, not LF" in done.output
    # Whether it is signed nobody knows.
    assert "It is not signed" not in done.output


def test_the_page_given_for_the_statement_is_told(anml, written, made):
    done = anml("statement", "verify", written / "statement-ann.html", "--run", made.folder)
    assert done.exit_code == 1
    assert "it is a page, for people: the statement is the .json file beside it" in done.output


def test_what_verify_needs_and_has_not_is_said(anml, written, made, tmp_path):
    file = written / "statement-ann.json"
    done = anml("statement", "verify", file, "--run", tmp_path)
    assert done.exit_code == 2
    assert "is no ledger's file and no folder with ledger.jsonl" in done.output
    (made.folder / "ledger.pub").unlink()
    done = anml("statement", "verify", file, "--run", made.folder)
    assert done.exit_code == 2
    assert "ledger.pub is not there: give the server's public key with --key" in done.output
    assert anml("statement", "verify", file).exit_code == 2


def test_what_an_attacker_says_is_shown_letter_by_letter(anml, made, tmp_path):
    file = tmp_path / "x.json"
    fields = json.loads(made.content("ann"))
    fields["rounds"][0]["status"] = "\x1b]0;x\x07\u202e[red]"
    fields["\x1b[31m"] = 1
    import rfc8785

    file.write_bytes(rfc8785.dumps(fields) + b"\n")
    done = anml("statement", "verify", file, "--run", made.folder)
    assert done.exit_code == 1
    assert "\x1b" not in done.output
    assert "\u202e" not in done.output


def test_help_and_the_folder_called_verify(anml, made, key_file, tmp_path, monkeypatch):
    assert "write" in anml("statement", "--help").output
    monkeypatch.chdir(tmp_path)
    made.folder.rename("verify")
    assert anml("statement", "verify").exit_code == 2
    assert anml("statement", "./verify").exit_code == 0
