"""Commands with an option for every setting, made from the settings themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import click

from anml_fl.commands.help import Command

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from anml_fl.catalogue import Catalogue
    from anml_fl.chain import Chain
    from anml_fl.commands.help import Sections
    from anml_fl.settings.names import NameOf


# What a first run is told, in this order; then what it is about, a heading a section.
_FIRST = (
    "dataset", "data", "label", "by", "contributors", "behaviours", "strategies", "model",
    "rounds", "seed", "engine", "name", "out",
)  # fmt: skip
_HEADINGS = {
    "federation": "Who takes part",
    "table": "A table of your own",
    "attacks": "How attackers do",
    "training": "Training",
    "evaluation": "Evaluation",
    "aggregation": "Strategies' settings",
    "registry": "Registry and credentials",
    "settlement": "Settlement",
}


class SettingsCommand(Command):
    """A command with one option for every setting, made from the settings themselves."""

    def sections(self) -> Sections:
        """Group the options: basic settings, this command's own, then a section each."""
        from anml_fl.settings.run import settings

        given = [(section, key.replace("-", "_")) for key, section, _, _ in settings()]
        rest = {
            heading: [key for one, key in given if one == section and key not in _FIRST]
            for section, heading in _HEADINGS.items()
        }
        own = [one.name for one in self.params if one.name]
        return {"Basic settings": _FIRST, "This command": own, **rest}

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """List the parameters; the settings are imported only when asked."""
        from anml_fl.settings.run import settings

        own = super().get_params(ctx)
        made = [_option(name, field) for name, _, _, field in settings()]
        return [*own[:-1], *made, own[-1]]


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
        """Check a name; of one that is unknown it is said which part is, and what is near."""
        from anml_fl.catalogue import UnknownNameError
        from anml_fl.chain import Chain

        if isinstance(self._table, Chain) and value in self._table.before.names:
            self.fail(f"{value!r} stands before a strategy, as in {value}+krum", param, ctx)
        try:
            return self._table.check(str(value))
        except UnknownNameError as error:
            self.fail(str(error), param, ctx)


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
            metavar="NAME",
            type=TableChoice(table := get_args(annotation)[0].__metadata__[0].catalogue),
            help=f"{about} Repeat for several: {', '.join(table.names)}."
            f"  [default: {' '.join(default)}]",
        )
    for marked in field.metadata:
        if catalogue := getattr(marked, "catalogue", None):
            about += f" One of {', '.join(catalogue.names)}."
    if default not in (None, ""):
        about += f"  [default: {default}]"
    if annotation is bool:
        return click.Option([f"--{name}/--no-{name}"], default=None, help=about)
    if get_origin(annotation) is Literal:
        return click.Option([f"--{name}"], type=click.Choice(get_args(annotation)), help=about)
    for marked in field.metadata:
        if catalogue := getattr(marked, "catalogue", None):
            kind = TableChoice(catalogue)
            return click.Option([f"--{name}"], type=kind, metavar="NAME", help=about)
    return click.Option([f"--{name}"], type=annotation, help=about)
