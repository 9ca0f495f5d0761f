"""A run that holds payouts: what is held, that it trains alike, resumes, and is decided on."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner
from rich.console import Console

from anml_fl import attribute, load_run
from anml_fl.cli import main
from anml_fl.ledger.file import FileLedger
from anml_fl.ledger.holding import Holding
from anml_fl.ledger.key_file import KEY_FILE
from anml_fl.method.attribution import payouts
from anml_fl.method.records import RoundRecord
from anml_fl.registry.keys import make_key
from anml_fl.run.audit import audit_run
from anml_fl.run.holding_file import holding_text
from anml_fl.settings.reading import from_flat
from anml_fl.settings.section import ConfigError
from clients.app import app
from server.attribution.valuation import run as value
from server.commands.holding import hold_payouts
from server.engines.inline_grid import InlineGrid
from server.orchestration.federation import run_federation
from server.orchestration.holding import RoundCheck
from server.page.following import Following

# FedAvg pays whoever sends an update: from round 2 on label flippers too.
FLAT = {
    "contributors": 5,
    "rounds": 3,
    "local-epochs": 3,
    "behaviours": "turncoat=2",
    "turn-round": 2,
    "strategies": "fedavg",
    "pool": 1001,
    "name": "held",
}
CONFIG = from_flat(FLAT)


def carry_out(out, config=CONFIG):
    total = config.federation.contributors
    nodes = [{"partition-id": i, "num-partitions": total} for i in range(total)]
    return run_federation(InlineGrid(app, nodes, config.to_flat()), config, out)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Make a run with held rounds once."""
    out = tmp_path_factory.mktemp("whole") / "held"
    hold_payouts(out, CONFIG, 0.05)
    carry_out(out)
    return out


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "held")


def entries(out):
    return [json.loads(line) for line in (out / "ledger.jsonl").read_text().splitlines()]


def anml(*args):
    done = CliRunner(env={"COLUMNS": "200"}).invoke(main, [str(one) for one in args])
    return done.exit_code, done.output


def test_rounds_that_pay_for_harm_are_held_and_say_whom(whole):
    opened, *rounds, closed = entries(whole)
    assert opened["holding"] == {"bound": 0.05, "level": 0.01, "slack": 0.03}
    held = [one for one in rounds if "held" in one]
    assert [one["round"] for one in held] == [2, 3]
    roles = json.loads((whole / "summary.json").read_text())["contributors"]
    for one in held:
        harmful = one["held"]["harmful"]
        assert {roles[each["contributor"]] for each in harmful} == {"turncoat"}
        assert one["held"]["share"] > 0.05
        assert all(each["worth"] + 2.3 * each["error"] < 0 for each in harmful)
        assert one["pool"] == 0
    paid = 1001 * (len(rounds) - len(held))
    assert sum(closed["totals"].values()) == paid
    pools = audit_run(whole).decided.account
    assert (pools.paid, pools.waiting, pools.whole) == (paid, 1001 * len(held), 3 * 1001)


def test_training_is_the_same_with_and_without(whole, tmp_path):
    carry_out(tmp_path)
    for name in ("rounds.jsonl", "model.safetensors"):
        assert (tmp_path / "fedavg" / name).read_bytes() == (
            whole / "fedavg" / name
        ).read_bytes()
    plain = [one for one in entries(tmp_path) if one["kind"] == "round"]
    for free, held in zip(plain, entries(whole)[1:-1], strict=True):
        assert "held" not in free
        assert sum(one["payout"] for one in free["contributors"]) == 1001
        assert free["record"] == held["record"]


def test_killed_between_valuing_and_settling_it_goes_on_to_the_same_bytes(
    whole, tmp_path, monkeypatch
):
    out = tmp_path / "held"
    hold_payouts(out, CONFIG, 0.05)
    append = FileLedger.append

    def dies(self, record, *args, **kwargs):
        if record.round == 2:
            raise KeyboardInterrupt  # the round was valued, and nothing of it is signed
        return append(self, record, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(FileLedger, "append", dies)
        with pytest.raises(KeyboardInterrupt):
            carry_out(out)
    assert len(entries(out)) == 2
    # It goes on as it began, whoever asks for it again or not.
    carry_out(out)
    assert (out / "ledger.jsonl").read_bytes() == (whole / "ledger.jsonl").read_bytes()
    assert audit_run(out).ok


def test_a_round_is_valued_by_those_whom_it_pays(whole, monkeypatch):
    asked = []
    judge = Holding.judge

    def watched(self, paid, values, errors):
        asked.append((paid, values, errors))
        return judge(self, paid, values, errors)

    monkeypatch.setattr(Holding, "judge", watched)
    for line in (whole / "fedavg" / "rounds.jsonl").read_text().splitlines():
        RoundCheck(whole, CONFIG, Holding(0.05)).held(RoundRecord.from_json(line))
    exact = attribute(whole, "exact-shapley")
    for (paid, values, errors), one in zip(asked, exact.rounds.values(), strict=True):
        # Under FedAvg weights are example factors and everybody is paid: one and the same.
        assert tuple(paid) == one.players
        assert values == pytest.approx(one.values, abs=1e-9)
        assert errors == pytest.approx(one.errors, abs=1e-9)


def test_release_and_void_are_signed_and_told_everywhere(copy):
    held = [one for one in entries(copy) if "held" in one]
    first = held[0]["round"]
    code, text = anml("ledger", "release", copy, first, "--reason", "rows looked at")
    assert code == 0, text
    assert text == f"released: round {first} pays 1,001 micro-units, by its weights\n"
    weights = [one["weight"] for one in held[0]["contributors"]]
    (line,) = (copy / "decisions.jsonl").read_text().splitlines()
    expected = payouts(weights, 1001).tolist()
    assert list(json.loads(line)["payouts"].values()) == [one for one in expected if one]
    found = audit_run(copy)
    assert found.ok
    assert found.decided.account.waiting == 1001 * (len(held) - 1)
    code, text = anml("verify", copy)
    assert f"{1001 * (len(held) - 1):,} held, 0 void; decisions: 1, head" in text
    code, text = anml("ledger", "show", copy, "--json")
    shown = json.loads(text)
    assert sum(one["payout"] for one in shown["contributors"]) == found.decided.account.paid
    assert {one["round"]: one["state"] for one in shown["held"]}[first] == "released"
    assert "rows looked at" in anml("ledger", "show", copy)[1]
    assert f"round {first}: released: " in anml("explain", copy)[1]
    report = (copy / "report.html").read_text()
    assert "were released: rows looked at. It was held since" in report
    code, text = anml("ledger", "void", copy, first, "--reason", "no")
    assert code == 2
    assert f"round {first} was decided before, for good: released, 'rows looked at'" in text


def test_statement_page_and_explanation_say_held_and_why(copy):
    round_ = next(one for one in entries(copy) if "held" in one)
    who, honest = round_["held"]["harmful"][0]["contributor"], None
    for one in round_["contributors"]:
        if one["contributor"] not in {h["contributor"] for h in round_["held"]["harmful"]}:
            honest = one["contributor"]
    for name in (who, honest):
        assert anml("statement", copy, name)[0] == 0
    told = {}
    for name in (who, honest):
        path = copy / "statements" / f"statement-{name}.json"
        stated = json.loads(path.read_text())["rounds"][round_["round"] - 1]
        told[name] = stated["held"]
        assert (stated["pool"], stated["payout"]) == (0, 0)
    share = f"{100 * round_['held']['share']:.1f} % of the pool would go to harm"
    assert told[honest] == share
    assert told[who].startswith(f"{share}; of it to this contributor ")
    text = anml("explain", copy, "--round", round_["round"])[1]
    assert f"round {round_['round']}: held: {100 * round_['held']['share']:.1f} %" in text
    run = Following(copy)
    run.catch_up()
    assert round_["round"] in run.ledger.held
    assert "held and not paid when" in run.ledger.told()["words"]
    assert "not paid yet" in (copy / "report.html").read_text().replace("\n", " ")


def test_tables_have_what_a_released_round_paid_and_the_state_of_each(copy):
    held = [one for one in entries(copy) if "held" in one]
    first = held[0]["round"]
    before = load_run(copy).ledger().to_pylist()
    assert {row["state"] for row in before if row["round"] == first} == {"held"}
    assert anml("ledger", "release", copy, first, "--reason", "fine")[0] == 0
    run = load_run(copy)
    rows = [row for row in run.ledger().to_pylist() if row["round"] == first]
    weights = [one["weight"] for one in held[0]["contributors"]]
    assert [row["payout"] for row in rows] == payouts(weights, 1001).tolist()
    assert {(row["state"], row["pool"]) for row in rows} == {("released", 1001)}
    paid = sum(row["payout"] or 0 for row in run.contributors().to_pylist())
    assert paid == audit_run(copy).decided.account.paid
    (copy / "decisions.jsonl").write_bytes(b"{}\n")
    assert {row["state"] for row in load_run(copy).ledger().to_pylist()} == {None}


def test_attribution_stands_after_a_release(copy):
    value(copy, Console(quiet=True))
    assert audit_run(copy).ok
    first = next(one["round"] for one in entries(copy) if "held" in one)
    assert anml("ledger", "release", copy, first, "--reason", "fine")[0] == 0
    assert audit_run(copy).ok


def test_what_was_altered_afterwards_is_found(copy):
    first = next(one["round"] for one in entries(copy) if "held" in one)
    (copy / "holding.toml").write_text(holding_text(Holding(0.5)))
    assert "holding.toml is not the one by which" in audit_run(copy).difference
    (copy / "holding.toml").write_text(holding_text(Holding(0.05)))
    assert audit_run(copy).ok
    anml("ledger", "release", copy, first, "--reason", "fine")
    path = copy / "decisions.jsonl"
    whole = path.read_bytes()
    for edit, message in (
        (whole.replace(b"fine", b"FINE"), "line 1 was altered, or signed by another key"),
        (whole + whole, "line 2 does not follow"),
        (whole[:-1], "line 1 has no newline"),
        (b"", "line 1 has no newline"),
    ):
        path.write_bytes(edit)
        found = audit_run(copy)
        assert found.difference.startswith("decisions.jsonl: ")
        assert message in found.difference
        release = ("ledger", "release", copy, first, "--reason", "fine")
        for words, status in (
            (("ledger", "verify", copy), 1),
            (("ledger", "show", copy), 1),
            (release, 2),
            (("explain", copy), 2),
        ):
            code, text = anml(*words)
            assert (code, f"decisions.jsonl: {message}" in text) == (status, True), text
    assert path.read_bytes() == b""


def test_another_key_decides_nothing(copy, tmp_path, monkeypatch):
    first = next(one["round"] for one in entries(copy) if "held" in one)
    other = tmp_path / "other.key"
    make_key(other)
    monkeypatch.setenv(KEY_FILE, str(other))
    code, text = anml("ledger", "release", copy, first, "--reason", "mine")
    assert code == 2
    assert "is not to be decided on: bad: entry 0" in text
    assert not (copy / "decisions.jsonl").exists()


def test_only_what_is_held_in_a_finished_run_is_decided(copy, tmp_path):
    code, text = anml("ledger", "void", copy, 99, "--reason", "no")
    assert (code, "round 99 of" in text, "is not held; held are" in text) == (2, True, True)
    lines = (copy / "ledger.jsonl").read_bytes().split(b"\n")
    (copy / "ledger.jsonl").write_bytes(b"\n".join([*lines[:-2], b""]))
    first = next(one["round"] for one in entries(copy) if "held" in one)
    code, text = anml("ledger", "release", copy, first, "--reason", "no")
    assert code == 2
    assert "has not come to its end" in text


def test_decisions_that_lead_out_of_the_folder_are_neither_read_nor_written(copy, tmp_path):
    elsewhere = tmp_path / "elsewhere.jsonl"
    (copy / "decisions.jsonl").symlink_to(elsewhere)
    first = next(one["round"] for one in entries(copy) if "held" in one)
    for words, status in (
        (("ledger", "void", copy, first, "--reason", "no"), 2),
        (("ledger", "verify", copy), 1),
    ):
        code, text = anml(*words)
        assert (code, "decisions.jsonl: is a link" in text) == (status, True), text
    assert not elsewhere.exists()


def test_a_run_made_anew_sets_its_decisions_aside(copy, whole):
    first = next(one["round"] for one in entries(copy) if "held" in one)
    anml("ledger", "void", copy, first, "--reason", "no")
    carry_out(copy)
    assert not (copy / "decisions.jsonl").exists()
    assert (copy / "decisions.previous.jsonl").exists()
    assert (copy / "ledger.jsonl").read_bytes() == (whole / "ledger.jsonl").read_bytes()


def test_a_run_stays_as_it_began(copy, tmp_path):
    with pytest.raises(ConfigError, match=r"began as a run that holds beyond 0\.05"):
        hold_payouts(copy, CONFIG, 0.1)
    hold_payouts(copy, CONFIG, 0.05)
    plain = tmp_path / "plain"
    carry_out(plain)
    with pytest.raises(ConfigError, match="began as a run that pays at once"):
        hold_payouts(plain, CONFIG, 0.05)
    with pytest.raises(ConfigError, match=r"other settings \(seed \d there, 3 now\)"):
        hold_payouts(plain, from_flat({**FLAT, "seed": 3}), 0.05)


@pytest.mark.parametrize(
    ("flat", "bound", "message"),
    [
        ({}, 0, "--hold-payouts: bound must lie between 0 and 1, got 0"),
        ({}, 1.5, "bound must lie in"),
        ({"record-updates": False}, 0.05, "settlement.record_updates is off"),
    ],
)
def test_what_cannot_be_checked_is_not_begun(tmp_path, flat, bound, message):
    out = tmp_path / "none"
    with pytest.raises(ConfigError, match=message):
        hold_payouts(out, from_flat({**FLAT, **flat}), bound)
    assert not out.exists()


def test_the_command_line_asks_for_it(tmp_path):
    options = [
        part
        for name, one in FLAT.items()
        for part in (
            ("--behaviour", one)
            if name == "behaviours"
            else ("--strategy" if name == "strategies" else f"--{name}", one)
        )
    ]
    code, text = anml("run", *options, "--out", tmp_path / "x", "--hold-payouts", "0.9")
    assert code == 0, text
    assert entries(tmp_path / "x")[0]["holding"]["bound"] == 0.9
