"""Commands with an option for every setting, made from the settings themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import click

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from anml_fl.catalogue import Catalogue
    from anml_fl.chain import Chain
    from anml_fl.settings.names import NameOf


class SettingsCommand(click.Command):
    """A command with one option for every setting, made from the settings themselves."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """List the parameters; the settings are imported only when asked."""
        from anml_fl.settings.run import settings

        own = super().get_params(ctx)
        made = [_option(name, field) for name, _, _, field in settings()]
        return [*own[:-1], *made, own[-1]]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; an unknown option is answered with the known ones."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            known = [name for p in self.get_params(ctx) for name in p.opts if name[:2] == "--"]
            raise click.UsageError(
                f"unknown option {error.option_name}; known: {', '.join(known)}", ctx
            ) from error


class TableChoice(click.Choice[str]):
    """A name of an open table, or `module:object` of the user's own, or a chain of them.

    Parameters
    ----------
    table : Catalogue or Chain
    """

    def __init__(self, table: Catalogue | Chain) -> None:
        super().__init__(table.names)
        self._table = table

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Let what is no shipped name go on to the settings, which say what it may be."""
        from anml_fl.catalogue import LONGEST, is_own
        from anml_fl.chain import JOINT, Chain

        if is_own(str(value)) or JOINT in str(value) or len(str(value)) > LONGEST:
            return str(value)
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            own = "One of your own is MODULE:OBJECT: `mine:Thing` is Thing in mine.py."
            if isinstance(self._table, Chain):
                own += (
                    f" Before a strategy go {', '.join(self._table.before.names)}: nnm+krum."
                )
            self.fail(f"{error.message} {own}", param, ctx)


def _names(annotation: Any) -> tuple[str, ...]:
    """List the names that a setting may have; of a table's, those that are there now."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    table: NameOf = annotation.__metadata__[0]
    return table.catalogue.names


def _option(name: str, field: FieldInfo) -> click.Option:
    """Make an option from a setting: its type, its range in the help, its default."""
    annotation: Any = field.annotation
    if get_origin(annotation) not in (Literal, dict, tuple) and get_args(annotation):
        annotation = get_args(annotation)[0]  # X | None
    about = field.description or ""
    default = field.default
    if get_origin(annotation) is dict:
        kinds = ", ".join(_names(get_args(annotation)[0]))
        shown = " ".join(f"{kind}={count}" for kind, count in default.items())
        about += f" Repeat for several kinds: {kinds}."
        return click.Option(
            ["--behaviour", "behaviours"],
            multiple=True,
            metavar="KIND=COUNT",
            help=f"{about}  [default: {shown}]",
        )
    if get_origin(annotation) is tuple:
        return click.Option(
            ["--strategy", "strategies"],
            multiple=True,
            type=TableChoice(get_args(annotation)[0].__metadata__[0].catalogue),
            help=f"{about} Repeat for several.  [default: {' '.join(default)}]",
        )
    if default is not None:
        about += f"  [default: {default}]"
    if annotation is bool:
        return click.Option([f"--{name}/--no-{name}"], default=None, help=about)
    if get_origin(annotation) is Literal:
        return click.Option([f"--{name}"], type=click.Choice(get_args(annotation)), help=about)
    for table in field.metadata:
        if catalogue := getattr(table, "catalogue", None):
            return click.Option([f"--{name}"], type=TableChoice(catalogue), help=about)
    return click.Option([f"--{name}"], type=annotation, help=about)
