"""A finished run, edited in every way: each edit is found, and its place named."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.console import Console
from safetensors.numpy import load, load_file, save

from anml_fl.cli import main
from anml_fl.ledger.entry import sign
from anml_fl.ledger.file import FileLedger
from anml_fl.method.records import RoundRecord
from anml_fl.run.updates import load_updates, save_updates
from anml_fl.settings.reading import from_flat
from clients.app import app
from server.attribution.valuation import run as value
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation
from server.orchestration.ledger_key import signing_key
from server.orchestration.settlement import run_id

SETTINGS = {
    "dataset": "wine",
    "contributors": 5,
    "rounds": 3,
    "local-epochs": 1,
    "strategies": "fedavg,anml,median",
    "behaviours": "label_flip=1,credential_faking=1",
}


def verify(folder, *more):
    result = CliRunner().invoke(main, ["verify", str(folder), *map(str, more)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run with its attribution."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    config = from_flat(SETTINGS)
    nodes = [{"partition-id": i, "num-partitions": 5} for i in range(5)]
    run_federation(InlineGrid(app, nodes, config.to_flat()), config, folder)
    value(folder, Console(quiet=True))
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of it."""
    return shutil.copytree(finished, tmp_path / "run")


# ── Edits ───────────────────────────────────────────────────────────────────────────────────


def text(name, old, new, count=1):
    def edit(run):
        content = (run / name).read_bytes()
        assert old in content
        (run / name).write_bytes(content.replace(old, new, count))

    return edit


def whole(name, change):
    return lambda run: (run / name).write_bytes(change((run / name).read_bytes()))


def record(strategy, number, change):
    """Change a round's record, and write it as the run would have."""

    def edit(run):
        path = run / strategy / "rounds.jsonl"
        *lines, _ = path.read_text().split("\n")
        fields = json.loads(lines[number - 1])
        before = json.dumps(fields)
        change(fields)
        assert json.dumps(fields) != before
        lines[number - 1] = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        path.write_text("\n".join(lines) + "\n")

    return edit


def field(name, new, person=None):
    def change(fields):
        (fields if person is None else fields["contributors"][person])[name] = new

    return change


def lines(strategy, change):
    def edit(run):
        path = run / strategy / "rounds.jsonl"
        *kept, _ = path.read_bytes().split(b"\n")
        path.write_bytes(b"".join(line + b"\n" for line in change(kept)))

    return edit


def summary(change, name="summary.json"):
    def edit(run):
        fields = json.loads((run / name).read_text())
        change(fields)
        (run / name).write_text(json.dumps(fields, indent=2) + "\n")

    return edit


def attribution(change):
    def edit(run):
        fields = json.loads((run / "attribution.json").read_text())
        change(fields)
        (run / "attribution.json").write_text(
            json.dumps(fields, indent=2, sort_keys=True) + "\n"
        )

    return edit


def arrays(name, change):
    """Change a model, and write it as a proper file."""

    def edit(run):
        found = load((run / name).read_bytes())
        change(found)
        (run / name).write_bytes(save(found))

    return edit


def smallest(found):
    first = sorted(found)[0]
    flat = found[first].copy()
    flat.flat[0] = np.nextafter(flat.flat[0], np.float32(9))
    found[first] = flat


def swap(one, other):
    def edit(run):
        a, b = (run / one).read_bytes(), (run / other).read_bytes()
        assert a != b
        (run / one).write_bytes(b)
        (run / other).write_bytes(a)

    return edit


def one_update(number, change):
    def edit(run):
        of = load_updates(run / "anml", number)
        updates, names = of.updates.copy(), list(of.contributors)
        change(updates, names)
        save_updates(run / "anml", number, names, of.model, updates, of.examples)

    return edit


def scaled(updates, names):
    updates[0] *= 2


def exchanged(updates, names):
    updates[[0, 1]] = updates[[1, 0]]


def copied(source, target):
    def edit(run):
        (run / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(run / source, run / target)

    return edit


def removed(name):
    return lambda run: (run / name).unlink()


def linked(name):
    def edit(run):
        (run / name).rename(run.parent / "elsewhere")
        (run / name).symlink_to(run.parent / "elsewhere")

    return edit


def both(one, other):
    def edit(run):
        one(run)
        other(run)

    return edit


def resigned(run):
    """Sign an edited history with another key, and put its public key beside it."""
    key = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    public = key.public_key()
    forged, previous = [], b"0" * 64
    for number, raw in enumerate((run / "ledger.jsonl").read_bytes().split(b"\n")[:-1]):
        fields = json.loads(raw)
        for name in ("signature", "previous", "number"):
            del fields[name]
        if "public_key" in fields:
            fields["public_key"] = public.public_bytes_raw().hex()
        forged.append(sign(fields, number, previous, key))
        previous = hashlib.sha256(forged[-1]).hexdigest().encode()
    (run / "ledger.jsonl").write_bytes(b"".join(line + b"\n" for line in forged))
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (run / "ledger.pub").write_bytes(pem)


def without_hashes(run):
    """Make an older ledger of it, without the key."""
    path = run / "ledger.jsonl"
    bare = []
    for raw in path.read_bytes().split(b"\n")[:-1]:
        fields = json.loads(raw)
        for name in ("settings", "record", "updates", "files", "summary"):
            fields.pop(name, None)
        bare.append(json.dumps(fields, sort_keys=True, separators=(",", ":")) + "\n")
    path.write_text("".join(bare))


R, F, M = "anml/rounds.jsonl", "fedavg/rounds.jsonl", "median/rounds.jsonl"
EDITS = {
    # What a round of the strategy that pays says.
    "weight": (
        record("anml", 2, field("weight", 0.9, 0)),
        f"{R}, round 2: contributor-0000: w",
    ),
    "q": (record("anml", 1, field("q", 1.0, 1)), f"{R}, round 1: contributor-0001: q is 1.0"),
    "v": (record("anml", 3, field("v", 0.999, 2)), f"{R}, round 3: contributor-0002: v is"),
    "r": (record("anml", 3, field("r", 0.999, 3)), f"{R}, round 3: contributor-0003: r is"),
    "T": (record("anml", 1, field("T", 0.5, 4)), f"{R}, round 1: contributor-0004: T is"),
    "s": (record("anml", 1, field("s", 0.123, 0)), f"{R}, round 1: the record was altered"),
    "selected": (
        record(
            "anml",
            1,
            lambda f: f["contributors"][0].update(
                selected=not f["contributors"][0]["selected"]
            ),
        ),
        f"{R}, round 1: contributor-0000: selected is",
    ),
    "reason": (
        record("anml", 1, field("reason", "late", 0)),
        f"{R}, round 1: contributor-0000: r",
    ),
    "refused credential": (
        record("anml", 1, field("refused_credentials", ["no"], 0)),
        f"{R}, round 1: the record",
    ),
    "name": (
        record("anml", 2, field("contributor", "me", 0)),
        f"{R}, round 2: the contributors",
    ),
    "contributor removed": (
        record("anml", 2, lambda f: f["contributors"].pop()),
        f"{R}, round 2: the contributors",
    ),
    "contributors exchanged": (
        record("anml", 2, lambda f: f["contributors"].reverse()),
        f"{R}, round 2: the contributors",
    ),
    "branch": (
        record("anml", 2, field("branch", "uniform")),
        f"{R}, round 2: branch is 'uniform'",
    ),
    "at": (record("anml", 2, field("at", 1.5)), f"{R}, round 2: at is 1.5"),
    "test error": (record("anml", 3, field("test_error", 0.0)), f"{R}, round 3: the record"),
    "rho": (record("anml", 3, field("rho_c", 0.99)), f"{R}, round 3: the record was altered"),
    "min s": (
        record("anml", 3, field("min_s", None)),
        f"{R}, round 3: the record was altered",
    ),
    "note": (record("anml", 1, field("note", "all went well")), f"{R}, round 1: the record"),
    "refused": (record("anml", 1, field("refused", ["x"])), f"{R}, round 1: the record"),
    "bytes": (record("anml", 1, field("bytes_received", 1)), f"{R}, round 1: the record"),
    "strategy's name": (
        record("anml", 1, field("strategy", "krum")),
        f"{R}, round 1: strategy",
    ),
    "number of a round": (record("anml", 2, field("round", 1)), f"{R}, round 2: round is 1"),
    "a field more": (
        record("anml", 1, field("bonus", 1)),
        f"{R}, round 1: not a round record",
    ),
    "a field less": (record("anml", 1, lambda f: f.pop("note")), f"{R}, round 1: the record"),
    "a contributor's field more": (
        record("anml", 1, field("bonus", 1, 0)),
        f"{R}, round 1: not a round record",
    ),
    # Its spelling.
    "a blank": (text(R, b'"at":', b'"at": '), f"{R}, round 1: the record was altered"),
    "a number's spelling": (text(R, b'"at":0.0', b'"at":0'), f"{R}, round 1: the record"),
    "minus zero": (text(R, b'"at":0.0', b'"at":-0.0'), f"{R}, round 1: the record"),
    "NaN": (text(R, b'"at":0.0', b'"at":NaN'), f"{R}, round 1: NaN is no JSON"),
    "a text for a number": (text(R, b'"at":0.0', b'"at":"0.0"'), f"{R}, round 1: at is '0.0'"),
    "a name twice": (text(R, b'"at":0.0', b'"at":9.5,"at":0.0'), f"{R}, round 1: 'at' stands"),
    "nested deeply": (
        text(R, b'"at":0.0', b'"at":' + b"[" * 99_999),
        f"{R}, round 1: it is nested",
    ),
    "no UTF-8": (text(R, b'"blend"', b'"bl\xffnd"'), f"{R}, round "),
    "CR LF": (
        whole(R, lambda c: c.replace(b"\n", b"\r\n")),
        f"{R}, round 1: the line is ended by CR",
    ),
    "mark": (
        whole(R, lambda c: b"\xef\xbb\xbf" + c),
        f"{R}, round 1: the line is behind a byte",
    ),
    "an empty line": (whole(R, lambda c: c + b"\n"), f"{R} goes on after round 3"),
    "no last newline": (whole(R, lambda c: c[:-1]), f"{R}, line 3: it has no newline"),
    "emptied": (whole(R, lambda c: b""), f"{R} ends after round 0, but 3 were settled"),
    # Rounds.
    "last round removed": (lines("anml", lambda k: k[:-1]), f"{R} ends after round 2"),
    "first round removed": (lines("anml", lambda k: k[1:]), f"{R}, round 1: round is 2"),
    "round repeated": (lines("anml", lambda k: [*k, k[-1]]), f"{R} goes on after round 3"),
    "rounds exchanged": (lines("anml", lambda k: [k[1], k[0], k[2]]), f"{R}, round 1: "),
    "rounds of another strategy": (swap(R, F), f"{R}, round 1: "),
    "rounds removed": (removed(R), f"{R} is missing"),
    # Strategies that pay nobody.
    "fedavg's error": (record("fedavg", 3, field("test_error", 0.0)), f"{F} was altered"),
    "fedavg's weight": (record("fedavg", 1, field("weight", 0.0, 0)), f"{F} was altered"),
    "median's error": (record("median", 3, field("test_error", 1.0)), f"{M} was altered"),
    "fedavg's line ends": (
        whole(F, lambda c: c.replace(b"\n", b"\r\n")),
        f"{F}: its line ends",
    ),
    "fedavg's mark": (whole(F, lambda c: b"\xef\xbb\xbf" + c), f"{F}: a byte order mark"),
    "fedavg's rounds removed": (removed(F), f"{F} is missing"),
    # Models.
    "a bit of a model": (
        arrays("anml/model.safetensors", smallest),
        "anml/model.safetensors was",
    ),
    "a bit of fedavg's": (
        arrays("fedavg/model.safetensors", smallest),
        "fedavg/model.safetensors was altered",
    ),
    "models exchanged": (
        swap("fedavg/model.safetensors", "median/model.safetensors"),
        "fedavg/model.safetensors was altered: its content is that of median/model.",
    ),
    "paid model exchanged": (
        swap("fedavg/model.safetensors", "anml/model.safetensors"),
        "anml/model.safetensors was",
    ),
    "a model's metadata": (
        lambda run: (run / "anml/model.safetensors").write_bytes(
            save(load_file(run / "anml/model.safetensors"), metadata={"by": "me"})
        ),
        "anml/model.safetensors was altered",
    ),
    "a model is garbage": (
        whole("anml/model.safetensors", lambda c: b"garbage"),
        "anml/model.safetensors is no model",
    ),
    "a model removed": (
        removed("median/model.safetensors"),
        "median/model.safetensors is missing",
    ),
    # Updates.
    "an update": (one_update(2, scaled), "anml/updates/0002.safetensors was altered"),
    "whose update": (one_update(1, exchanged), "anml/updates/0001.safetensors was altered"),
    "a contributor's name": (
        text("anml/updates/0001.safetensors", b"contributor-0000", b"contributor-9999"),
        "anml/updates/0001.safetensors was altered",
    ),
    "updates exchanged": (
        swap("anml/updates/0001.safetensors", "anml/updates/0003.safetensors"),
        "anml/updates/0001.safetensors was altered: its content is that of round 3",
    ),
    "updates removed": (
        removed("anml/updates/0003.safetensors"),
        "anml/updates/0003.safetensors is missing",
    ),
    "updates more": (
        copied("anml/updates/0003.safetensors", "anml/updates/0004.safetensors"),
        "anml/updates/0004.safetensors is there",
    ),
    "updates of fedavg": (
        copied("anml/updates/0001.safetensors", "fedavg/updates/0001.safetensors"),
        "fedavg/updates/0001.safetensors is there",
    ),
    # Settings.
    "seed": (text("config.toml", b"seed = 0", b"seed = 1"), "config.toml was altered"),
    "tau": (text("config.toml", b"tau_h = ", b"tau_h = 1"), "config.toml was altered"),
    "pool": (text("config.toml", b"pool = 1", b"pool = 2"), "config.toml was altered"),
    "a comment": (whole("config.toml", lambda c: c + b"# fine\n"), "config.toml was altered"),
    "settings' line ends": (
        whole("config.toml", lambda c: c.replace(b"\n", b"\r\n")),
        "config.toml: its line ends",
    ),
    "settings' mark": (
        whole("config.toml", lambda c: b"\xef\xbb\xbf" + c),
        "config.toml: a byte order mark",
    ),
    "settings removed": (removed("config.toml"), "config.toml is missing"),
    # The summary.
    "a role": (
        summary(lambda s: s["contributors"].update({"contributor-0000": "joint"})),
        "summary.json: contributors.contributor-0000 is 'joint'",
    ),
    "a contributor more": (
        summary(lambda s: s["contributors"].update(me="honest")),
        "summary.json: contributors has",
    ),
    "a contributor less": (
        summary(lambda s: s["contributors"].pop("contributor-0003")),
        "summary.json: contributors.contributor-0003 is missing",
    ),
    "summary's error": (
        summary(lambda s: s["strategies"]["fedavg"].update(test_error=0.0)),
        "summary.json: strategies.fedavg.test_error is 0.0",
    ),
    "attackers' weight": (
        summary(lambda s: s["strategies"]["anml"].update(attacker_weight=0.0)),
        "summary.json: strategies.anml.attacker_weight is 0.0",
    ),
    "excluded": (
        summary(lambda s: s["strategies"]["anml"].update(excluded=3)),
        "summary.json: strategies.anml.excluded is 3",
    ),
    "branches": (
        summary(lambda s: s["strategies"]["anml"]["branches"].update(krum=9)),
        "summary.json: strategies.anml.branches.krum is 9",
    ),
    "a strategy more": (
        summary(lambda s: s["strategies"].update(krum=s["strategies"]["anml"])),
        "summary.json: strategies has 'krum'",
    ),
    "data set": (summary(lambda s: s.update(dataset="digits")), "summary.json: dataset is"),
    "summary's seed": (summary(lambda s: s.update(seed=0.0)), "summary.json: seed is 0.0"),
    "holdings": (
        summary(
            lambda s: s.update(holdings={"contributor-0000": {"samples": 9, "errors": {}}})
        ),
        "summary.json was altered",
    ),
    "a field more in the summary": (summary(lambda s: s.update(by="me")), "summary.json was"),
    "seconds": (summary(lambda s: s.update(seconds=0.001)), "summary.json: seconds is 0.001"),
    "a strategy's seconds": (
        summary(lambda s: s["strategies"]["anml"].update(seconds=0.001)),
        "summary.json: strategies.anml.seconds is 0.001",
    ),
    "seconds that nothing tells of": (
        both(summary(lambda s: s.update(seconds=99999.0)), removed("anml/timings.jsonl")),
        "anml/timings.jsonl is missing",
    ),
    "a name twice in the summary": (
        text("summary.json", b'"seed": 0', b'"seed": 1,\n  "seed": 0'),
        "summary.json: 'seed' sta",
    ),
    "a blank in the summary": (
        text("summary.json", b'"seed":', b'"seed":  '),
        "summary.json was",
    ),
    "summary removed": (removed("summary.json"), "summary.json is missing"),
    "summary is a list": (whole("summary.json", lambda c: b"[]"), "summary.json: "),
    # The ledger.
    "a payout": (
        text("ledger.jsonl", b'"payout":', b'"payout":1'),
        "ledger.jsonl: bad: entry 1",
    ),
    "signed record": (
        text("ledger.jsonl", b'"record":"sha256:', b'"record":"sha256:0'),
        "ledger.jsonl: bad: entry 1",
    ),
    "ledger cut": (
        whole("ledger.jsonl", lambda c: c[: c[:-1].rindex(b"\n") + 1]),
        "ledger.jsonl: bad",
    ),
    "ledger torn": (whole("ledger.jsonl", lambda c: c[:-9]), "ledger.jsonl: bad: entry 4"),
    "ledger's line ends": (
        whole("ledger.jsonl", lambda c: c.replace(b"\n", b"\r\n")),
        "ledger.jsonl: bad: entry 0",
    ),
    "ledger emptied": (whole("ledger.jsonl", lambda c: b""), "ledger.jsonl: bad: entry 0"),
    "hashes stripped": (without_hashes, "ledger.jsonl: bad: entry 0"),
    # What else lies there.
    "updates of another form": (
        copied("config.toml", "anml/updates/0004.npz"),
        "anml/updates/0004.npz is no file of a finished run",
    ),
    "updates further down": (
        copied("anml/updates/0003.safetensors", "anml/updates/x/0004.safetensors"),
        "anml/updates/x is no file of a finished run",
    ),
    "a checkpoint": (
        copied("anml/model.safetensors", "anml/checkpoint.safetensors"),
        "anml/checkpoint.safetensors is no file of a finished run",
    ),
    "a folder for a file": (
        lambda run: (run / "fedavg/.hidden").mkdir(),
        "fedavg/.hidden is no file of a finished run",
    ),
    "a strategy's folder leads elsewhere": (
        linked("fedavg"),
        "fedavg is a link: a run holds its files itself",
    ),
    "the updates lead elsewhere": (linked("anml/updates"), "anml/updates is a link"),
    "a model leads elsewhere": (
        linked("median/model.safetensors"),
        "median/model.safetensors is a link",
    ),
    "a strategy's folder more": (
        copied(R, "krum/rounds.jsonl"),
        "krum/rounds.jsonl is of no strategy of this run",
    ),
    # What was worked out from it.
    "a settled share": (
        attribution(lambda a: a["contributors"][0].update(settled=0.75)),
        "attribution.json: contributor-0000: settled is 0.75",
    ),
    "a behaviour": (
        attribution(lambda a: a["contributors"][0].update(behaviour="joint")),
        "attribution.json: ",
    ),
    "a rank": (
        attribution(lambda a: a["estimators"][0].update(with_settled=0.123)),
        "attribution.json: leave_one_out: with_settled is 0.123",
    ),
    "a value that moves a rank": (
        attribution(lambda a: a["contributors"][0].update(gtg_shapley=99.0)),
        "attribution.json: gtg_shapley: with_",
    ),
    "settled by": (
        attribution(lambda a: a.update(settled_by="weights")),
        "attribution.json: settled_by is",
    ),
    "rounds valued": (
        attribution(lambda a: a.update(rounds=2)),
        "attribution.json: rounds is 2",
    ),
    "attribution's spelling": (
        whole("attribution.json", lambda c: c + b" "),
        "attribution.json is not written as",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_is_found_and_its_place_named(run, edit):
    change, place = EDITS[edit]
    change(run)
    code, said = verify(run)
    assert code == 1, said
    assert said.startswith(f"altered: {place}"), said


def test_what_a_file_manager_leaves_is_passed_over(run):
    for folder in (run, run / "anml", run / "anml/updates"):
        (folder / ".DS_Store").write_bytes(b"x")
    assert verify(run)[0] == 0


def test_a_run_as_it_was_made_verifies_with_the_key_in_it_and_with_the_servers(run, tmp_path):
    for more in ((), ("--open",)):
        code, said = verify(run, *more)
        assert code == 0, said
        assert said.startswith("ok: 3 rounds of anml and all that is bound\n")
        assert "This key came with the ledger" in said
    pem = (
        signing_key()
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "key.pub").write_bytes(pem)
    code, said = verify(run, "--key", tmp_path / "key.pub")
    assert code == 0, said
    assert "came with the ledger" not in said
    found = json.loads(verify(run, "--json")[1])
    assert (found["ok"], found["bound"], found["rounds"], found["difference"]) == (
        True, True, 3, None,
    )  # fmt: skip


def test_what_is_not_bound_is_said_and_changes_nothing(run):
    for name in ("manifest.json", "report.html", "anml/timings.jsonl"):
        path = run / name
        path.write_bytes(path.read_bytes() + b"\n" * (name != "anml/timings.jsonl"))
    attribution(
        lambda a: a["contributors"][0].update(
            exact_shapley=a["contributors"][0]["exact_shapley"] + 1e-9
        )
    )(run)
    (run / "notes.txt").write_text("mine")
    code, said = verify(run)
    assert code == 0, said
    for name in (
        "manifest.json",
        "report.html",
        "timings.jsonl",
        "values in attribution.json",
    ):
        assert name in said


def test_who_signs_an_edited_run_anew_is_found_by_the_servers_key(run, tmp_path):
    pem = (run / "ledger.pub").read_bytes()
    (tmp_path / "key.pub").write_bytes(pem)
    resigned(run)
    assert verify(run)[0] == 0  # of one piece, by a key that came along
    code, said = verify(run, "--key", tmp_path / "key.pub")
    assert code == 1
    assert said.startswith(
        "altered: ledger.jsonl: bad: entry 0 (line 1): the line opens a led"
    )


def test_another_public_key_in_the_folder_is_told(run, tmp_path):
    (tmp_path / "key.pub").write_bytes((run / "ledger.pub").read_bytes())
    other = Ed25519PrivateKey.generate().public_key()
    (run / "ledger.pub").write_bytes(
        other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    assert verify(run)[0] == 1
    code, said = verify(run, "--key", tmp_path / "key.pub")
    assert code == 1
    assert said.startswith("altered: ledger.pub is not the key that was given")


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (removed("ledger.jsonl"), "has no ledger.jsonl: there is nothing to check"),
        (removed("ledger.pub"), "is not there: give the server's public key with --key"),
        (whole("ledger.pub", lambda c: b"no key"), "holds no public key"),
    ],
)
def test_what_cannot_be_checked_is_said_with_another_exit_code(run, harm, why):
    harm(run)
    code, said = verify(run)
    assert code == 2
    assert why in said


# ── The other commands ──────────────────────────────────────────────────────────────────────

FEW = (
    "weight",
    "fedavg's error",
    "a role",
    "seed",
    "models exchanged",
    "an update",
    "a payout",
)


def call(*args):
    result = CliRunner().invoke(main, [str(one) for one in args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


@pytest.mark.parametrize("edit", FEW)
def test_the_report_of_an_altered_run_is_marked_and_shows_the_ledgers_payouts(
    run, finished, edit
):
    before = call("report", run)
    assert before.exit_code == 0
    page = (run / "report.html").read_text()
    assert "Do not rely on this page" not in page
    EDITS[edit][0](run)
    result = call("report", run)
    assert result.exit_code == 1
    assert result.stderr.startswith("This run was altered, and does not fit its ledger: ")
    marked = (run / "report.html").read_text()
    assert "Do not rely on this page" in marked
    assert EDITS[edit][1].split(":")[0] in marked
    totals = json.loads((finished / "ledger.jsonl").read_text().split("\n")[-2])["totals"]
    for paid in totals.values():
        shown = f'<td class="number">{paid:,}</td>'
        assert shown in page
        # A ledger that is bad itself says nothing.
        assert (shown in marked) == (edit != "a payout" or not paid)


def worth(run):
    """What the page says of each contributor's settled share, in its table and its figure."""
    call("report", run)
    page = (run / "report.html").read_text()
    table = page.split("What each contributor's updates were worth</h2>")[1]
    table = table.split("<tbody>")[1].split("</tbody>")[0]
    rows = [re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", row) for row in table.split("<tr>")[1:]]
    data = re.search(r'<script[^>]*id="data-attribution"[^>]*>(.*?)</script>', page)
    traces = json.loads(data[1])[0]["views"][0]["data"]
    drawn = {trace["name"]: trace["x"] for trace in traces}
    return page, {row[0]: row[2] for row in rows}, drawn


def test_settled_shares_on_the_page_are_the_ledgers_whatever_the_file_says(run, finished):
    _, before, drawn = worth(run)
    totals = json.loads((finished / "ledger.jsonl").read_text().split("\n")[-2])["totals"]
    paid = sum(totals.values())
    assert before == {name: f"{100 * got / paid:.1f}" for name, got in totals.items()}
    attribution(
        lambda a: [
            *(one.update(settled=0.7777) for one in a["contributors"]),
            *(way.update(with_settled=0.4321) for way in a["estimators"]),
            a.update(settled_by="weights"),
        ]
    )(run)
    page, after, redrawn = worth(run)
    assert "Do not rely on this page" in page
    assert after == before
    assert redrawn == drawn
    assert "+0.43" not in page
    assert "by weight here" not in page


@pytest.mark.parametrize("by", ["ledger", "weights"])
def test_settled_shares_are_left_out_where_the_signatures_do_not_hold(run, by):
    attribution(lambda a: a.update(settled_by=by))(run)
    EDITS["a payout"][0](run)
    page, shown, drawn = worth(run)
    assert set(shown.values()) == {"\N{EM DASH}"}
    assert "settled" not in drawn
    assert "leave-one-out" in drawn
    assert "Settled shares are not shown: there is no ledger whose signatures hold." in page


def test_settled_shares_by_weight_are_shown_as_such_and_no_others_without_a_ledger(run):
    (run / "ledger.jsonl").unlink()
    assert set(worth(run)[1].values()) == {"\N{EM DASH}"}
    value(run, Console(quiet=True))
    page, shown, drawn = worth(run)
    assert "settled" in drawn
    assert "\N{EM DASH}" not in shown.values()
    assert "Settled shares are by weight here, and nothing vouches for them." in page


@pytest.mark.parametrize("edit", ["ledger cut", "ledger torn"])
def test_a_close_that_was_cut_off_is_altered_with_a_summary_and_never_fine(run, edit):
    EDITS[edit][0](run)
    for more in ((), ("--open",)):
        code, said = verify(run, *more)
        assert code == 1
        assert said.startswith("altered: ledger.jsonl: bad: entry 4")
    (run / "summary.json").unlink()  # now it looks like a run that goes on
    code, said = verify(run)
    assert code == 2
    assert "has not come to its end (3 of 3 rounds are settled)" in said
    assert "lacks its last lines" in said


def test_what_a_crash_left_is_removed_at_the_end(run):
    (run / "summary.json").unlink()
    for name in ("anml/checkpoint.safetensors", "anml/updates/0001.safetensors.partial"):
        (run / name).write_bytes(b"part")
    assert call("resume", run).exit_code == 0
    assert verify(run)[0] == 0


@pytest.mark.parametrize(
    "command", ["verify", "ledger verify", "ledger show", "ledger export"]
)
def test_an_output_that_cannot_be_written_is_no_answer(run, command):
    call_ = [sys.executable, "-m", "anml_fl", *command.split(), str(run)]
    with Path("/dev/full").open("wb") as full:
        for told in (subprocess.PIPE, full):
            done = subprocess.run(call_, stdout=full, stderr=told, text=True, check=False)
            assert done.returncode == 2
            if told is not full:
                assert done.stderr.count("\n") == 1
                assert done.stderr.endswith("No space left on device\n")


@pytest.mark.parametrize("command", ["verify", "ledger verify", "ledger show"])
def test_nobody_reading_on_is_no_answer(run, command):
    call_ = [sys.executable, "-m", "anml_fl", *command.split(), str(run)]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(call_, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (2, b"")


@pytest.mark.parametrize("edit", FEW)
def test_an_altered_run_is_not_valued_resumed_or_made_anew(run, edit):
    EDITS[edit][0](run)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    for command in ("attribution", "resume"):
        result = call(command, run)
        assert result.exit_code == 2, result.output
        assert EDITS[edit][1].split(":")[0].split(",")[0] in result.output
    config = from_flat(SETTINGS)
    nodes = [{"partition-id": i, "num-partitions": 5} for i in range(5)]
    with pytest.raises(ValueError, match=r"does not fit its ledger|other settings"):
        run_federation(InlineGrid(app, nodes, config.to_flat()), config, run)
    # Locks alone are new.
    after = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert {p: c for p, c in after.items() if c or p in before} == before


@pytest.mark.parametrize(
    "edit", ["weight", "test error", "an update", "updates exchanged", "a bit of a model"]
)
def test_a_run_that_was_altered_before_its_end_does_not_go_on(run, edit):
    (run / "summary.json").unlink()  # as if interrupted at the very end
    EDITS[edit][0](run)
    result = call("resume", run)
    assert result.exit_code == 2
    assert f"is not what was settled: {EDITS[edit][1]}"[:60] in result.output.replace(
        "\n", " "
    )


def test_what_was_altered_between_close_and_summary_is_not_summed_up(run):
    (run / "summary.json").unlink()
    EDITS["fedavg's error"][0](run)
    result = call("resume", run)
    assert result.exit_code == 2
    assert "the ledger was closed otherwise" in result.output
    assert not (run / "summary.json").exists()


def test_a_summary_that_was_lost_comes_back_to_the_byte(run, finished):
    (run / "summary.json").unlink()
    assert call("resume", run).exit_code == 0
    assert (run / "summary.json").read_bytes() == (finished / "summary.json").read_bytes()
    assert (run / "ledger.jsonl").read_bytes() == (finished / "ledger.jsonl").read_bytes()


# ── Older ledgers, and runs that go on ──────────────────────────────────────────────────────


@pytest.fixture
def older(run):
    """The run as it was settled before its ledger was bound to it."""
    config = from_flat(SETTINGS)
    entries = [json.loads(x) for x in (run / "ledger.jsonl").read_text().split("\n")[:-1]]
    (run / "ledger.jsonl").unlink()
    kept = FileLedger(run / "ledger.jsonl", signing_key())
    kept.open(run_id(config), "anml", 1_000_000)
    *texts, _ = (run / R).read_text().split("\n")
    for line, entry in zip(texts, entries[1:-1], strict=True):
        kept.append(RoundRecord.from_json(line), entry["model"])
    kept.close()
    return run


def test_an_older_ledger_verifies_as_what_it_is(older):
    code, said = verify(older)
    assert code == 0, said
    assert "The ledger is of an older form" in said
    assert "Not bound, and so not checked: errors, updates, strategies that pay nobody" in said
    assert call("report", older).exit_code == 0
    assert "Its ledger is of an older form" in (older / "report.html").read_text()
    assert call("ledger", "verify", older).exit_code == 0
    assert call("resume", older).exit_code == 0


OLDER = [
    "weight", "q", "v", "r", "T", "selected", "reason", "name", "contributor removed",
    "branch", "at", "number of a round", "NaN", "a name twice", "CR LF",
    "last round removed", "round repeated", "rounds removed", "a bit of a model",
    "paid model exchanged", "seed", "tau", "pool", "a role", "summary's error",
    "attackers' weight", "excluded", "a strategy more", "summary removed", "a payout",
    "ledger cut", "a strategy's folder more", "a settled share", "updates more",
]  # fmt: skip


@pytest.mark.parametrize("edit", OLDER)
def test_what_an_older_ledger_or_its_settings_tell_is_checked(older, edit):
    EDITS[edit][0](older)
    code, said = verify(older)
    assert code == 1, said
    assert said.startswith(f"altered: {EDITS[edit][1].split(':')[0].split(' was')[0]}"), said


def test_an_older_ledger_that_was_not_closed_goes_on_and_ends_as_one(older, finished):
    path = older / "ledger.jsonl"
    before = path.read_bytes()
    path.write_bytes(before[: before[:-1].rindex(b"\n") + 1])
    (older / "summary.json").unlink()
    assert call("resume", older).exit_code == 0
    assert path.read_bytes() == before
    assert (older / "summary.json").read_bytes() == (finished / "summary.json").read_bytes()
    assert verify(older)[0] == 0


class Stopping(InlineGrid):
    """Stops the run in the second round of its second strategy, anml."""

    left = 5 + 5 * 3 + 5 + 5

    def push_messages(self, sent):
        sent = list(sent)
        self.left -= len(sent)
        if self.left < 0:
            raise KeyboardInterrupt
        return super().push_messages(sent)


def test_a_run_that_goes_on_is_checked_as_far_as_it_is(tmp_path, finished):
    config = from_flat(SETTINGS)
    nodes = [{"partition-id": i, "num-partitions": 5} for i in range(5)]
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        run_federation(Stopping(app, nodes, config.to_flat()), config, run)
    for command in ("verify", "report"):
        result = call(command, run)
        assert result.exit_code == 2
        said = " ".join(result.output.split())
        settled = (run / R).read_bytes().count(b"\n")
        assert f"has not come to its end ({settled} of 3 rounds are settled)" in said
        assert "`anml verify --open` checks what is there" in said
        assert "altered" not in said
    assert not (run / "report.html").exists()
    code, said = verify(run, "--open")
    assert code == 0, said
    assert "; not closed yet" in said
    assert "not checked: strategies that pay nobody" in said
    # A record is settled before it is told.
    whole_rounds = (run / R).read_bytes()
    settled = whole_rounds.count(b"\n")
    assert 1 <= settled < 3
    (run / R).write_bytes(b"")
    assert verify(run, "--open")[0] == 0
    (run / R).write_bytes(whole_rounds * 2)
    assert verify(run, "--open")[1].startswith(f"altered: {R} goes on after round {settled}")
    (run / R).write_bytes(whole_rounds)
    EDITS["q"][0](run)
    for more in ((), ("--open",)):
        code, said = verify(run, *more)
        assert code == 1
        assert said.startswith(f"altered: {EDITS['q'][1]}")
    updates = run / "anml/updates/0001.safetensors"
    kept = updates.read_bytes()
    EDITS["whose update"][0](run)
    result = call("resume", run)
    assert result.exit_code == 2
    assert f"is not what was settled: {EDITS['whose update'][1]}" in result.output
    updates.write_bytes(kept)
    # The checkpoint before the edited round has it as it was.
    assert call("resume", run).exit_code == 0
    for name in ("ledger.jsonl", R, "anml/model.safetensors"):
        assert (run / name).read_bytes() == (finished / name).read_bytes()
    assert verify(run)[0] == 0
