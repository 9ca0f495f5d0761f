"""Presets: settings in a TOML file, of one's own or shipped."""

from __future__ import annotations

from pathlib import Path

from anml_fl.system.files import read_text


def preset_text(name: str | None) -> str:
    """Read a preset: a file, or one of those that come with the project.

    Parameters
    ----------
    name : str, optional
        Of a preset that is shipped, or a path.

    Returns
    -------
    str
        TOML; empty where none is named.

    Raises
    ------
    ConfigError
        If there is no such preset.

    Examples
    --------
    >>> preset_text("no-attackers").splitlines()[0]
    '# Nobody attacks: what a defence costs when there is nothing to defend against.'
    """
    from importlib.resources import files

    from anml_fl.database.url import may_hold_secret
    from anml_fl.settings.section import ConfigError

    if name is None:
        return ""
    if (path := Path(name)).is_file():
        return read_text(path)
    shipped = {
        entry.name.removesuffix(".toml"): entry
        # In a wheel presets lie inside the package, in a checkout beside it.
        for place in (files("anml_fl") / "presets", Path(__file__).parents[2] / "presets")
        if place.is_dir()
        for entry in place.iterdir()
        if entry.name.endswith(".toml")
    }
    if name not in shipped:
        shown = "" if may_hold_secret(name) else f" {name!r}"
        raise ConfigError(
            f"preset{shown} is neither a file nor shipped;"
            f" shipped: {', '.join(sorted(shipped))}"
        )
    return shipped[name].read_text(encoding="utf-8")
