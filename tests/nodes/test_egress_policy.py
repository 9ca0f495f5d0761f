"""A node's policy: what is wrong in it, from when it holds, and who records it."""

from __future__ import annotations

import os

import pytest

from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.settings.egress import EgressPolicy, read_policy
from anml_fl.settings.section import ConfigError
from strategies.participation import Participation
from strategies.rule import Rule
from strategies.rules.fedavg import fedavg
from strategies.screened_strategy import ScreenedStrategy


def test_a_policy_holds_from_the_moment_at_which_it_is_saved(sites, policy):
    """Also where the file keeps its time, as after `cp -p`."""
    node = policy("arrays = true \n")
    assert sites.asked("train", **node)[1] == {}
    before = node["egress"].stat()
    policy("arrays = false\n")
    os.utime(node["egress"], ns=(before.st_atime_ns, before.st_mtime_ns))
    sites.refuse(sites.asked("train", **node), "arrays may not leave")


def test_a_policy_that_cannot_be_read_lets_nothing_leave(sites, policy, caplog):
    node = policy("larges_norm = 1")
    credited, left_out = sites.asked("train", **node)
    assert credited == {}
    said = "error 2: EgressError: egress: egress.toml cannot be used; the node's log says more"
    assert left_out["north"] == said
    assert "egress.toml: unknown key 'larges_norm'; did you mean largest_norm?" in caplog.text
    (sites.folder / "egress.toml").unlink()
    assert sites.asked("train", **node)[1]["north"] == said
    assert str(sites.folder) in caplog.text


def test_a_record_that_cannot_be_written_holds_nothing_up(sites, policy, caplog):
    node = policy("arrays = false") | {"egress_log": sites.folder / "none" / "egress.log"}
    sites.refuse(sites.asked("train", **node), "arrays may not leave")
    assert "egress: it could not be noted" in caplog.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("least_count = 0", "least_count: Input should be greater than or equal to 1, got 0"),
        ("largest_norm = 0", "largest_norm: Input should be greater than 0, got 0"),
        ("arrays = ", "not valid TOML"),
    ],
)
def test_a_policy_says_what_is_wrong_in_it(tmp_path, text, said):
    (tmp_path / "egress.toml").write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_policy(tmp_path / "egress.toml")
    assert said in str(raised.value)


def test_a_policys_hash_is_that_of_its_rules(tmp_path):
    written = tmp_path / "egress.toml"
    written.write_text("# ours\nstatistics=true\n\narrays = true\n")
    assert read_policy(written).digest == EgressPolicy().digest
    written.write_text("statistics = false")
    assert read_policy(written).digest != EgressPolicy().digest
    written.write_text(read_policy(written).text)
    assert read_policy(written) == EgressPolicy(statistics=False)


def test_a_round_records_by_which_policy_each_reply_left(sites, policy):
    grid = sites.grid(**policy("largest_norm = 1000.0"))
    taking_part = Participation(roster=sites.roster, patience=1.0)
    strategy = ScreenedStrategy(Rule(fedavg, "fedavg"), participation=taking_part)
    (done,) = strategy.rounds(grid, sites.arrays(), 1, train_config=sites.agreed())
    wanted = EgressPolicy(largest_norm=1000.0).digest
    assert [one.egress for one in done.record.contributors] == [wanted] * 3
    line = done.record.to_json()
    assert RoundRecord.from_json(line).to_json() == line
    assert line.count(wanted) == 3


def test_a_round_without_policies_has_no_word_of_them():
    one = ContributorRecord("a", 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, True)
    line = RoundRecord(1, "anml", None, 0.0, 0.0, (one,)).to_json()
    assert "egress" not in line
    assert RoundRecord.from_json(line).contributors == (one,)
