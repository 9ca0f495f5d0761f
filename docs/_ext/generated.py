"""What pages show that the code says itself: a comment in a page stands for it.

`<!-- generated: settings -->` is every setting, `<!-- generated: public names -->` what
`anml_fl` offers, under the headings of api.md, `<!-- generated: picture gate -->` a picture.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pictures import PICTURES

import anml_fl
from anml_fl.settings.run import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo
    from sphinx.application import Sphinx

_NAMES = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)
_BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def public_names(pages: Path) -> Iterator[str]:
    """Give each name of `anml_fl` its docstring, in the order of api.md."""
    text = (pages / "api.md").read_text(encoding="utf-8")
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        rows = _NAMES.findall(section)
        if rows:
            yield f"## {section.partition(chr(10))[0]}\n"
        for name in re.findall(r"\w+", " ".join(rows)):
            yield f"```{{eval-rst}}\n{_directive(name)}\n```\n"


def _directive(name: str) -> str:
    found = getattr(anml_fl, name)
    if not isinstance(found, type):
        if not callable(found):
            return f".. py:data:: anml_fl.{name}\n\n   {found}"
        return f".. autofunction:: anml_fl.{name}"
    # Settings have a page of their own, which says more than a list of fields.
    members = "" if hasattr(found, "model_fields") else "\n   :members:"
    return f".. autoclass:: anml_fl.{name}{members}"


def settings_tables(_: Path) -> Iterator[str]:
    """Write a table for each section of a preset."""
    before: str | None = None
    for name, section, key, field in settings():
        if section != before:
            title = f"`[{section}]`" if section else "The run itself"
            yield f"\n## {title}\n\n| in a file | on the command line | default | meaning |"
            yield "|---|---|---|---|"
            before = section
        about = (field.description or "").replace("|", r"\|")
        if allowed := _allowed(field):
            about += f" {allowed}"
        cells = (f"`{field.alias or key}`", f"`{_option(name)}`", _default(field), about)
        yield f"| {' | '.join(cells)} |"


def _option(name: str) -> str:
    """Name the option: two settings that hold several values are given by repeating it."""
    return {"strategies": "--strategy", "behaviours": "--behaviour"}.get(name, f"--{name}")


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if isinstance(value, dict):
        return " ".join(f"`{kind}={count}`" for kind, count in value.items())
    if isinstance(value, tuple):
        return " ".join(f"`{one}`" for one in value)
    return "" if value in (None, "") else f"`{str(value).lower()}`"


def _allowed(field: FieldInfo) -> str:
    """Say which values may be given, where it is a choice or a range."""
    if get_origin(field.annotation) is Literal:
        return f"One of {', '.join(f'`{one}`' for one in get_args(field.annotation))}."
    ends = [
        f"{sign} {getattr(one, word):,}"
        for one in field.metadata
        for word, sign in _BOUNDS.items()
        if isinstance(getattr(one, word, None), int | float)
    ]
    return f"({' and '.join(ends)})" if ends else ""


def _anchors(text: str) -> str:
    """Let links find the anchors of pages that a program wrote."""
    return re.sub(r'^<a id="([^"]+)"></a>$', r"(\1)=", text, flags=re.MULTILINE)


def _titled(page: Path, text: str) -> str:
    """Let a link that is called as its file be called as the page, up to its title's colon."""

    def title(link: re.Match[str]) -> str:
        to = (page.parent / link[1]).read_text(encoding="utf-8")
        first = re.search(r"^# (.+)$", to, re.MULTILINE)
        return f"[{first[1].split(':')[0]}]({link[1]}{link[2] or ''})" if first else link[0]

    return re.sub(r"\[[\w/.-]+\.md\]\(([\w/.-]+\.md)(#[\w-]+)?\)", title, text)


def _bars(*event: Any) -> None:
    """Keep `|S|` of a docstring from being read as a substitution."""
    lines: list[str] = event[-1]
    lines[:] = [line.replace("|", r"\|") for line in lines]


_WRITERS = {
    "settings": settings_tables,
    "public names": public_names,
    **{f"picture {name}": lambda _, draw=draw: [draw()] for name, draw in PICTURES.items()},
}
_MARK = re.compile(r"<!-- generated: (.+?) -->")


def _fill(app: Sphinx, name: str, content: list[str]) -> None:
    """Put the text in the comment's place, before the page is read."""
    page = Path(app.env.doc2path(name))
    if page.suffix == ".md":
        shown = _titled(page, _anchors(content[0]))
        content[0] = _MARK.sub(lambda m: "\n".join(_WRITERS[m[1]](Path(app.srcdir))), shown)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("source-read", _fill)
    app.connect("autodoc-process-docstring", _bars)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
