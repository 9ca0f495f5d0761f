"""Help that fits a terminal: in groups, each word whole; and what an unknown name meant."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from anml_fl.cli import main
from anml_fl.commands.setting_options import SettingsCommand
from anml_fl.settings.run import settings


def commands():
    """Find every command by its words."""

    def below(group, words):
        for name, command in group.commands.items():
            yield (*words, name), command
            if isinstance(command, click.Group):
                yield from below(command, (*words, name))

    return dict(below(main, ()))


def shown(words, width=80):
    done = CliRunner().invoke(main, [*words, "--help"], terminal_width=width)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("width", [60, 120, 200])
@pytest.mark.parametrize("words", [(), *commands()], ids=" ".join)
def test_help_fits_and_cuts_no_word(words, width):
    text = shown(words, width)
    # However wide the terminal, the same words: none is parted, none left out.
    assert text.split() == shown(words, 80).split()
    for line in text.splitlines():
        # A name may be wider than its place; it has a line of its own then.
        alone = len(line.split()) <= 2 or line.startswith("  --")
        assert len(line) <= width or alone, line


def test_every_command_stands_under_a_heading_with_its_whole_sentence():
    text = shown(())
    headings = [line for line in text.splitlines() if line.endswith(":") and line[0] != " "]
    assert headings == ["Options:", "Run:", "Look:", "Prove:", "Deploy:", "Study:"]
    for (name, *others), command in commands().items():
        if not others:
            sentence = command.help.split("\n\n")[0]
            assert " ".join(sentence.split()) in " ".join(text.split())
            assert f"\n  {name} " in text


@pytest.mark.parametrize("name", ["run", "up"])
def test_options_stand_in_groups_the_basic_ones_first(name):
    text = shown((name,))
    headings = [line[:-1] for line in text.splitlines() if line[-1:] == ":" and line[0] != " "]
    assert headings == [
        "Basic settings",
        *(["This command"] if name in ("run", "up") else []),
        "Who takes part",
        "A table of your own",
        "How attackers do",
        "Training",
        "Evaluation",
        "Strategies' settings",
        "Registry and credentials",
        "Settlement",
        "Options",
    ]
    basic = text[: text.index(f"\n{headings[1]}:")]
    for option in ("dataset", "data", "contributors", "rounds", "strategy", "seed", "out"):
        assert f"\n  --{option} " in basic


def test_every_section_of_the_settings_has_a_heading():
    command = main.commands["run"]
    assert isinstance(command, SettingsCommand)
    placed = {name for names in command.sections().values() for name in names}
    assert {key.replace("-", "_") for key, *_ in settings()} <= placed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rum"], "unknown command 'rum'; did you mean run or resume?"),
        (["registry", "ad"], "unknown command 'ad'; did you mean add?"),
        (["study", "lst"], "did you mean list? known: list, report, run, settings, stale"),
        (["zzz"], "unknown command 'zzz'; known: arena, attribution, bench, compare, data"),
        (["study", "run", "table-77"], "unknown study 'table-77'; did you mean table-7"),
        (["study", "run", "table-7", "--trails", "1"], "--trails; did you mean --trials?"),
        (["study", "run", "table-7", "--set", "betta=1"], "'betta'; did you mean beta?"),
        (["doctor", "--dta", "x"], "unknown option --dta; did you mean --data"),
        (["arena", "run", "quick", "--rule", "krun"], "'krun'; did you mean krum?"),
        (["redteam", "krun", "--budget", "1"], "'krun'; did you mean krum?"),
    ],
)
def test_what_an_unknown_name_meant_is_said(words, said):
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())


@pytest.mark.parametrize("command", ["explain", "report", "verify", "resume", "attribution"])
def test_a_run_that_is_not_there_is_told_by_those_beside_it(command, tmp_path):
    (tmp_path / "first").mkdir()
    (tmp_path / "other").mkdir()
    done = CliRunner().invoke(main, [command, str(tmp_path / "frist")])
    assert done.exit_code == 2
    assert f"Did you mean {tmp_path / 'first'}?" in " ".join(done.output.split())
    done = CliRunner().invoke(main, [command, str(tmp_path / "no" / "first")])
    assert "Did you mean" not in done.output
