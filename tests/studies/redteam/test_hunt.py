"""A hunt: finds, repeats, goes on after it was stopped, refuses what it cannot do."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from anml_fl.plugins import RULES
from studies.redteam.attack import Attack
from studies.redteam.evaluation import Evaluation, Target
from studies.redteam.house import folder_of, house, house_table
from studies.redteam.hunt import attacks_of, hunt
from studies.redteam.records import FILE, Records
from studies.redteam.report import write_report
from studies.redteam.search import search


class Quick(Target):
    """A target whose answer is known: harm grows with the claim, unless labels are random."""

    __slots__ = ()
    asked: list = []  # noqa: RUF012

    def evaluate(self, attack, seed):
        self.asked.append((attack, seed))
        harm = 0.0 if attack.labels == "none" else 0.01 * attack.claim * attack.blend
        return Evaluation(
            attack=attack,
            seed=seed,
            error=0.1 + harm,
            oracle=0.1,
            weight=0.5,
            honest_kept=1.0,
            bound_used=np.nan,
        )


def test_the_search_finds_more_than_random_label_flipping(tmp_path):
    found = hunt(Target("fedavg"), [0.3], 4, 0, tmp_path)
    flipped = Records.open(tmp_path, Target("fedavg"), _header(tmp_path)).evaluate(
        Attack(share=0.3, labels="random"), (0, 1)
    )
    assert found.worst_of(0.3).harm > flipped.harm + 10
    assert abs(found.nothing[0.3].harm) < 5


def test_a_found_attack_does_the_same_again():
    attack = Attack(
        labels="pairs", knowledge="root", hiding="half", credentials="bought", claim=3.0
    )
    target = Target("calibrated")
    first = target.evaluate(Attack.from_json(attack.to_json()), 0)
    assert target.evaluate(attack, 0).to_json() == first.to_json()


def test_stopped_and_gone_on_with_the_file_is_the_same(tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    hunt(Quick("fedavg"), [0.1, 0.3], 50, 7, whole)

    def stop(share, words):
        if share > 0.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hunt(Quick("fedavg"), [0.1, 0.3], 50, 7, stopped, progress=stop)
    with (stopped / FILE).open("a") as file:
        file.write('{"attack": {"align')  # it was killed while it wrote
    hunt(Quick("fedavg"), [0.1, 0.3], 50, 7, stopped)
    assert (stopped / FILE).read_bytes() == (whole / FILE).read_bytes()


def test_a_larger_budget_goes_on_where_a_smaller_one_ended():
    few = list(search([0.1, 0.3], 60, 3, lambda attack: attack.scale))
    many = list(search([0.1, 0.3], 90, 3, lambda attack: attack.scale))
    assert many[:60] == few


def test_cma_es_goes_beyond_what_is_known():
    def harm(attack):
        return -((attack.blend - 0.35) ** 2) - (attack.poisoned - 0.6) ** 2

    found = [value for _, value in search([0.3], 200, 0, harm)]
    assert max(found) > max(found[:21]) + 0.01


def test_the_report_says_the_worst_and_the_check(tmp_path):
    found = hunt(Quick("fedavg"), [0.1, 0.3], 20, 0, tmp_path)
    for path in write_report(found, tmp_path, "anml redteam fedavg --budget 20"):
        assert path.stat().st_size > 0
    text = (tmp_path / "report.md").read_text()
    assert "The worst of 20 attacks: +10.0 points above the oracle" in text
    assert "1 of 10" in text
    attacks = json.loads((tmp_path / "attacks.json").read_text())
    assert attacks["worst"][0]["harm"] == pytest.approx(10.0)
    assert [row["harm"] for row in attacks["nothing"]] == [0.0, 0.0]


def test_what_broke_one_rule_is_tried_on_another(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    write_report(hunt(Quick("fedavg"), [0.1, 0.3], 10, 0, one), one, "")
    given = list(attacks_of(tmp_path, Target("krum")))
    assert [rule for rule, _ in given] == ["fedavg", "fedavg"]
    found = hunt(Quick("krum"), [0.1], 2, 0, other, given)
    assert [rule for rule, _ in found.transferred] == ["fedavg", "fedavg"]
    assert found.transferred[0][1].harm == pytest.approx(10.0)
    assert list(attacks_of(one, Target("fedavg"))) == []
    with pytest.raises(FileNotFoundError, match=r"holds no attacks\.json"):
        list(attacks_of(other / "nothing", Target("krum")))


def test_a_folder_of_another_search_is_refused(tmp_path):
    hunt(Quick("fedavg"), [0.1], 2, 0, tmp_path)
    with pytest.raises(ValueError, match=r"another search \(rule 'fedavg', not 'krum'\)"):
        hunt(Quick("krum"), [0.1], 2, 0, tmp_path)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["nonsense", "--budget", "3"], "unknown strategy 'nonsense'; known: fedavg, krum"),
        (["fedavg", "--budget", "0"], "0 is not in the range"),
        (["fedavg"], "Missing option '--budget'"),
        (["fedavg", "--budget", "3", "--shares", "0.6"], "0 and 0.5, both excluded, got 0.6"),
        (["fedavg", "--budget", "3", "--shares", "some"], "must be numbers such as 0.1,0.3"),
    ],
)
def test_what_cannot_be_done_is_said(given, said):
    result = CliRunner().invoke(main, ["redteam", *given])
    assert result.exit_code != 0
    assert said in result.output


def test_the_command_writes_its_report(tmp_path):
    given = ["redteam", "median", "--budget", "2", "--shares", "0.1", "--out", str(tmp_path)]
    result = CliRunner().invoke(main, given)
    assert result.exit_code == 0, result.output
    for name in ("report.html", "report.md", "attacks.json"):
        assert (tmp_path / name).exists()
    assert "anml redteam median --budget 2" in (tmp_path / "report.md").read_text()


def test_the_houses_table_has_the_least_harmed_first(tmp_path):
    targets = [Quick("fedavg"), Quick("calibrated", False)]
    for budget, target in zip((10, 2), targets, strict=True):
        folder = tmp_path / folder_of(target)
        write_report(hunt(target, [0.3], budget, 0, folder), folder, "")
    grid = house_table(tmp_path, targets)
    assert [row[0] for row in grid.rows] == ["calibrated without root set", "fedavg"]
    assert [row[1] for row in grid.rows] == ["+1.0 (+1.0)", "+10.0 (+10.0)"]


def test_every_shipped_rule_but_the_ceiling_is_of_the_house():
    names = [target.rule for target in house("digits")]
    assert set(names) == set(RULES.names) - {"oracle"}
    assert names.count("calibrated") == 2


def _header(folder):
    return json.loads((folder / FILE).read_text().splitlines()[0])
