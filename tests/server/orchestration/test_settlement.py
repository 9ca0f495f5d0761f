"""Settling a run: one ledger, each round once, in files and databases, after interruptions."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from anml_fl.ledger.book import LedgerError
from anml_fl.ledger.file import FileLedger
from anml_fl.ledger.key_file import KEY_FILE
from anml_fl.ledger.verify import verify_file
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.registry.keys import make_key, public_key
from anml_fl.run.strategy_folder import StrategyFolder
from anml_fl.settings.section import ConfigError
from server.orchestration import run_folder
from server.orchestration.ledger_key import signing_key
from server.orchestration.settlement import run_id, settled

PEOPLE = [f"contributor-{i:04d}" for i in range(6)]


def entries(out):
    return [json.loads(line) for line in (out / "ledger.jsonl").read_text().splitlines()]


def rounds(out, strategy="anml"):
    return [json.loads(x) for x in (out / strategy / "rounds.jsonl").read_text().splitlines()]


def anml(*args):
    result = CliRunner().invoke(main, [str(one) for one in args])
    return result.exit_code, result.output


# ── The file ────────────────────────────────────────────────────────────────────────────────


def test_every_round_of_the_settling_strategy_is_in_the_ledger(small, run, tmp_path):
    config = small(strategies="fedavg,anml", pool=1000)
    run(config, tmp_path)
    opened, *settled, closed = entries(tmp_path)
    assert (opened["kind"], opened["run"]) == ("open", run_id(config))
    assert (opened["strategy"], opened["pool"]) == ("anml", 1000)
    assert [one["round"] for one in settled] == [1, 2, 3]
    for entry, record in zip(settled, rounds(tmp_path), strict=True):
        for paid, person in zip(entry["contributors"], record["contributors"], strict=True):
            assert {k: paid[k] for k in ("contributor", "q", "v", "r", "T", "weight")} == {
                k: person[k] for k in ("contributor", "q", "v", "r", "T", "weight")
            }
            # Within a unit of its share.
            assert abs(paid["payout"] - 1000 * person["weight"]) < 1
            assert person["selected"] or paid["payout"] == 0
        assert sum(one["payout"] for one in entry["contributors"]) == 1000
    assert closed["kind"] == "close"
    assert sum(closed["totals"].values()) == 3000
    assert verify_file(tmp_path / "ledger.jsonl", public_key(tmp_path / "ledger.pub")).ok


def test_the_last_models_hash_is_that_of_the_saved_model(small, run, tmp_path):
    from safetensors.numpy import load_file

    from anml_fl.ledger.hashes import model_hash

    run(small(strategies="anml"), tmp_path)
    assert entries(tmp_path)[-2]["model"] == model_hash(
        load_file(tmp_path / "anml" / "model.safetensors")
    )


def test_calibrated_settles_by_its_own_weights_wherever_it_stands(small, run, tmp_path):
    run(small(strategies="fedavg,anml,calibrated", rounds=1), tmp_path)
    opened, settled, _ = entries(tmp_path)
    assert opened["strategy"] == "calibrated"
    (record,) = rounds(tmp_path, "calibrated")
    weights = {one["contributor"]: one["weight"] for one in record["contributors"]}
    paid = {one["contributor"]: one["payout"] for one in settled["contributors"]}
    assert {who: 1e6 * weight for who, weight in weights.items()} == pytest.approx(paid, abs=1)


def test_without_either_the_first_strategy_settles(small, run, tmp_path):
    run(small(strategies="median,krum"), tmp_path)
    opened, *settled, closed = entries(tmp_path)
    assert opened["strategy"] == "median"
    # A coordinate-wise rule has no weights: there is nobody to pay.
    assert {one["pool"] for one in settled} == {0}
    assert sum(closed["totals"].values()) == 0
    assert verify_file(tmp_path / "ledger.jsonl", public_key(tmp_path / "ledger.pub")).ok


def test_the_same_run_gives_the_same_ledger_byte_for_byte(small, run, tmp_path):
    for name in ("a", "b"):
        run(small(strategies="anml", reputation=True), tmp_path / name)
    first, second = ((tmp_path / name / "ledger.jsonl").read_bytes() for name in ("a", "b"))
    assert first == second


@pytest.mark.parametrize("messages", [7, 13, 19])
def test_an_interrupted_run_settles_no_round_twice(
    interrupt_after, small, run, tmp_path, messages
):
    config = small(strategies="anml", reputation=True)
    run(config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path / "cut", interrupt_after(messages))
    before = (tmp_path / "cut" / "ledger.jsonl").read_bytes()
    assert len(before.splitlines()) == 1 + (messages - 6) // 6
    run(config, tmp_path / "cut")
    after = (tmp_path / "cut" / "ledger.jsonl").read_bytes()
    assert after.startswith(before)
    assert after == (tmp_path / "whole" / "ledger.jsonl").read_bytes()


def test_a_ledger_that_was_removed_is_settled_anew(small, run, tmp_path):
    config = small(strategies="fedavg,anml")
    run(config, tmp_path)
    before = (tmp_path / "ledger.jsonl").read_bytes()
    (tmp_path / "ledger.jsonl").unlink()
    (tmp_path / "summary.json").unlink()
    fedavg = (tmp_path / "fedavg" / "model.safetensors").stat().st_mtime_ns
    run(config, tmp_path)
    assert (tmp_path / "ledger.jsonl").read_bytes() == before
    assert (tmp_path / "fedavg" / "model.safetensors").stat().st_mtime_ns == fedavg


@pytest.mark.parametrize(
    "letter", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"]
)
def test_a_letter_that_ends_a_line_elsewhere_ends_none_here(tmp_path, letter):
    name = f"a{letter}b"
    people = (ContributorRecord(name, 0.5, 0.5, 0.5, 1.0, 0.25, 1.0, True),)
    records = [RoundRecord(number, "anml", None, 0.5, 0.25, people) for number in (1, 2)]
    ledger = FileLedger(tmp_path / "ledger.jsonl", signing_key())
    ledger.open("default", "anml", 10)
    for record in records:
        ledger.append(record, "sha256:" + "0" * 64)
        assert settled(tmp_path) == record.round
    ledger.close()
    assert settled(tmp_path) == 2
    assert verify_file(tmp_path / "ledger.jsonl", signing_key().public_key()).ok
    folder = StrategyFolder(tmp_path)
    # As another program may spell the same JSON: with the letter itself.
    text = "".join(
        json.dumps(json.loads(record.to_json()), ensure_ascii=False) + "\n"
        for record in records
    )
    folder.rounds.write_text(text, encoding="utf-8", newline="\n")
    assert [one.contributors[0].contributor for one in folder.records()] == [name] * 2


def test_a_ledger_of_another_key_stops_the_run_with_a_reason(
    interrupt_after, small, run, tmp_path, monkeypatch
):
    config = small(strategies="anml")
    with pytest.raises(KeyboardInterrupt):
        run(config, tmp_path, interrupt_after(13))
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "other.key"))
    before = (tmp_path / "ledger.pub").read_bytes()
    with pytest.raises(LedgerError, match="cannot go on"):
        run(config, tmp_path)
    assert (tmp_path / "ledger.pub").read_bytes() == before


def test_a_finished_run_made_anew_keeps_its_ledger_aside(small, run, tmp_path, monkeypatch):
    config = small(strategies="anml")
    run(config, tmp_path)
    kept = {name: (tmp_path / name).read_bytes() for name in ("ledger.jsonl", "ledger.pub")}
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "other.key"))
    run(config, tmp_path)
    assert (tmp_path / "ledger.jsonl").read_bytes() != kept["ledger.jsonl"]
    assert (tmp_path / "ledger.previous.jsonl").read_bytes() == kept["ledger.jsonl"]
    assert (tmp_path / "ledger.previous.pub").read_bytes() == kept["ledger.pub"]


@pytest.mark.parametrize("moment", ["write_whole", "set_aside"])
def test_a_run_cut_off_while_it_is_made_anew_goes_on_to_the_same_bytes(
    small, run, tmp_path, monkeypatch, moment
):
    config = small(strategies="fedavg,anml")
    run(config, tmp_path)
    names = ("ledger.jsonl", "anml/rounds.jsonl", "fedavg/rounds.jsonl")
    kept = {name: (tmp_path / name).read_bytes() for name in names}
    with monkeypatch.context() as patch:
        real = getattr(run_folder, moment)

        def cut_off(*given):
            real(*given)
            raise KeyboardInterrupt

        patch.setattr(run_folder, moment, cut_off)
        with pytest.raises(KeyboardInterrupt):
            run(config, tmp_path)
    run(config, tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in names} == kept
    assert (tmp_path / "summary.json").exists()


@pytest.mark.parametrize("harm", ["key", "payout"])
def test_nothing_is_touched_where_the_ledger_cannot_go_on(
    small, run, tmp_path, monkeypatch, harm
):
    config = small(strategies="anml")
    run(config, tmp_path)
    (tmp_path / "summary.json").unlink()  # as if interrupted at the very end
    if harm == "key":
        (tmp_path / "garbage").write_text("no key")
        monkeypatch.setenv(KEY_FILE, str(tmp_path / "garbage"))
    else:
        path = tmp_path / "ledger.jsonl"
        path.write_text(path.read_text().replace('"payout":', '"payout":1', 1))
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises((ConfigError, LedgerError)):
        run(config, tmp_path)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_the_key_is_made_once_kept_and_private(tmp_path, monkeypatch):
    path = tmp_path / "keys" / "ledger.key"
    monkeypatch.setenv(KEY_FILE, str(path))
    first = signing_key().private_bytes_raw()
    assert signing_key().private_bytes_raw() == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.write_text("no key")
    with pytest.raises(ConfigError, match=f"{KEY_FILE} may name another file"):
        signing_key()


def test_a_home_of_ones_own_holds_the_key_by_default(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY_FILE)
    monkeypatch.setenv("HOME", str(tmp_path))
    signing_key()
    assert (tmp_path / ".anml" / "ledger.key").is_file()


def test_no_updates_are_kept_where_nobody_wants_them(small, run, tmp_path):
    run(small(strategies="anml", record_updates=False), tmp_path / "without")
    assert not (tmp_path / "without" / "anml" / "updates").exists()
    run(small(strategies="fedavg,anml"), tmp_path / "with")
    assert not (tmp_path / "with" / "fedavg" / "updates").exists()
    kept = sorted(p.name for p in (tmp_path / "with" / "anml" / "updates").iterdir())
    assert kept == ["0001.safetensors", "0002.safetensors", "0003.safetensors"]


def test_more_than_can_be_counted_is_not_promised(small, run, tmp_path):
    config = small(strategies="anml", pool=2**53 - 1)
    with pytest.raises(ConfigError, match="over 3 rounds at most 9007199254740991"):
        run(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


# ── The commands ────────────────────────────────────────────────────────────────────────────


def test_commands_work_on_a_runs_folder(small, run, tmp_path):
    run(small(strategies="anml"), tmp_path)
    code, said = anml("ledger", "verify", tmp_path)
    assert code == 0, said
    code, said = anml("ledger", "export", tmp_path, "--format", "json")
    assert code == 0
    assert len(json.loads(said)) == 18
    content = (tmp_path / "ledger.jsonl").read_bytes()
    (tmp_path / "ledger.jsonl").write_bytes(content.replace(b'"payout":', b'"payout":1', 1))
    code, said = anml("ledger", "verify", tmp_path)
    assert code == 1
    assert "entry 1" in said
    make_key(tmp_path / "other.key")
    (tmp_path / "ledger.jsonl").write_bytes(content)
    code, said = anml("ledger", "verify", tmp_path, "--key", tmp_path / "other.key.pub")
    assert code == 1


def test_a_password_does_not_get_into_the_settings(tmp_path):
    code, said = anml(
        "run", "--database", "postgresql://me:secret@host/db", "--out", tmp_path / "run"
    )
    assert code == 2
    assert "password" in said
    assert not (tmp_path / "run" / "config.toml").exists()
