"""How commands show their help, in groups, and answer to a name that is not known.

click's own formatter has sections; it breaks names at their hyphens, which this one does not.
"""

from __future__ import annotations

import re
from inspect import cleandoc
from textwrap import TextWrapper
from typing import TYPE_CHECKING, Any

import click

from anml_fl.commands.failure import Failure
from anml_fl.system.addresses import without_secrets
from anml_fl.system.near import known_ones
from anml_fl.system.untrusted_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    # A heading, and the options or commands that stand under it.
    Sections = Mapping[str, Sequence[str]]

# Columns of an option with its kind; what is longer has a line of its own.
_NAMES = 24
# Letters of a first sentence.
_SENTENCE = 200
# Letters of a line of a message.
_LONGEST = 10_000
_KEPT = "\N{NO-BREAK SPACE}"


class Formatter(click.HelpFormatter):
    """Breaks lines between words alone: what is named is there whole, to be copied."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how the command is called."""
        first = f"{prefix or 'Usage: '}{prog} "
        lines = _wrapped(args, self.width - len(first)) or [""]
        self.write(
            "".join(
                f"{' ' * len(first) if number else first}{line}".rstrip() + "\n"
                for number, line in enumerate(lines)
            )
        )

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        indent = " " * self.current_indent
        paragraphs = (
            "".join(f"{indent}{line}\n" for line in _wrapped(one, self.width - len(indent)))
            for one in re.split(r"\n\s*\n", cleandoc(text))
        )
        self.write("\n".join(paragraphs))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = _NAMES, col_spacing: int = 2
    ) -> None:
        """Write names with what is said of each beside it."""
        pairs = list(rows)
        first = min(max(len(name) for name, _ in pairs), col_max) + col_spacing
        left = " " * self.current_indent
        for name, about in pairs:
            lines = _wrapped(about, self.width - self.current_indent - first)
            if len(name) > first - col_spacing:
                lines = ["", *lines]
            for number, line in enumerate(lines or [""]):
                self.write(f"{left}{'' if number else name:{first}}{line}".rstrip() + "\n")


class Context(click.Context):
    """A context whose help that formatter writes."""

    formatter_class = Formatter


class Command(click.Command):
    """A command whose options stand under headings, and which says what comes near to one."""

    context_class = Context

    def sections(self) -> Sections:
        """Name the headings, and what stands under each; all else is under Options."""
        return {}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; of an unknown option it is said which come near."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _unknown_option(ctx, error.option_name) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, a section after the other."""
        rows = {
            param.name or "": row
            for param in self.get_params(ctx)
            if isinstance(param, click.Option) and (row := param.get_help_record(ctx))
        }
        _write(formatter, {**self.sections(), "Options": tuple(rows)}, rows)


class Group(click.Group):
    """A group whose commands stand under headings, each with its whole first sentence."""

    context_class = Context
    command_class = Command
    group_class = type

    def sections(self) -> Sections:
        """Name the headings, and what stands under each; all else is under Commands."""
        return {}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; of an unknown option it is said which come near."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _unknown_option(ctx, error.option_name) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Carry a command out; what it refuses is told safely, whatever it was given."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            said = error.format_message()
            told = _safe(said)
            if told == said:
                raise
            if isinstance(error, click.UsageError):
                raise click.UsageError(told, error.ctx) from None
            raise Failure(told) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; of an unknown one it is said which come near."""
        name, known = args[0], self.list_commands(ctx)
        if name in known or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        where = f"{ctx.command_path} --help"
        raise click.UsageError(
            f"unknown command {name!r}; {known_ones(name, known, where)}", ctx
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, a section after the other."""
        rows = {
            name: (name, command.get_short_help_str(limit=_SENTENCE))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None
        }
        _write(formatter, {**self.sections(), "Commands": tuple(rows)}, rows)


def _safe(said: str) -> str:
    """Take secrets of addresses out of a message, and what would steer a terminal."""
    lines = without_secrets(said).replace("\N{NO-BREAK SPACE}", " ").split("\n")
    return "\n".join(visible(line, _LONGEST) for line in lines)


def _write(
    formatter: click.HelpFormatter, sections: Sections, rows: dict[str, tuple[str, str]]
) -> None:
    for heading, names in sections.items():
        if shown := [rows.pop(name) for name in names if name in rows]:
            with formatter.section(heading):
                formatter.write_dl(shown)


def _unknown_option(ctx: click.Context, name: str) -> click.UsageError:
    known = [
        option
        for param in ctx.command.get_params(ctx)
        for option in (*param.opts, *param.secondary_opts)
        if option.startswith("--")
    ]
    where = f"{ctx.command_path} --help"
    return click.UsageError(f"unknown option {name}; {known_ones(name, known, where)}", ctx)


def _wrapped(text: str, width: int) -> list[str]:
    """Break at blanks alone, and not before the value in `[default: value]`."""
    wrapper = TextWrapper(max(width, 10), break_long_words=False, break_on_hyphens=False)
    lines = wrapper.wrap(text.replace("[default: ", f"[default:{_KEPT}"))
    return [line.replace(_KEPT, " ") for line in lines]
