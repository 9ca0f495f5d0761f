"""What is known of whether joining is worth it while it is found out: kept, or forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.orchestration.worth_log import WorthLog

if TYPE_CHECKING:
    from pathlib import Path


def test_what_other_settings_or_code_found_is_forgotten(tmp_path: Path) -> None:
    first = WorthLog(tmp_path, "run-a", "code")
    assert first.figures("0/joined", lambda: {"own": [0.5]}) == {"own": [0.5]}
    again = WorthLog(tmp_path, "run-a", "code")
    assert again.figures("0/joined", lambda: {"own": [0.9]}) == {"own": [0.5]}
    for run, code in (("run-b", "code"), ("run-b", "other")):
        other = WorthLog(tmp_path, run, code)
        assert other.figures("0/joined", lambda: {"own": [0.9]}) == {"own": [0.9]}
        WorthLog(tmp_path, "run-a", "code")


def test_a_line_that_is_none_ends_what_is_known_and_not_what_comes(tmp_path: Path) -> None:
    first = WorthLog(tmp_path, "run", "code")
    first.figures("a", lambda: {"own": [1.0]})
    with (tmp_path / "worth.partial.jsonl").open("ab") as file:
        file.write(b"{}}\n")
    WorthLog(tmp_path, "run", "code").figures("b", lambda: {"own": [2.0]})
    last = WorthLog(tmp_path, "run", "code")
    assert last.figures("a", dict) == {"own": [1.0]}
    assert last.figures("b", dict) == {"own": [2.0]}
