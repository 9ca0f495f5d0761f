"""What a keyboard and a screen reader need that the theme's pages lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_AFTER_THE_THEME = 900

_IN_BODY = {
    # Whatever scrolls by itself can be reached, and scrolled, without a mouse.
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
}
_IN_CONTENTS = {
    'class="caption" role="heading"': 'class="caption" role="heading" aria-level="2"'
}


def _mend(app: Sphinx, page: str, template: str, context: dict[str, Any], _: Any) -> None:
    for part, changes in (("body", _IN_BODY), ("furo_navigation_tree", _IN_CONTENTS)):
        for old, new in changes.items():
            context[part] = context.get(part, "").replace(old, new)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", _mend, priority=_AFTER_THE_THEME)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
