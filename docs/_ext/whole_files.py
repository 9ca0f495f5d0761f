"""Files that the site holds as they are: a link to one opens it.

Without this a link to a page of our own making would be a download under another name.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.addnodes import download_reference
from sphinx.transforms import SphinxTransform
from sphinx.util.osutil import relative_uri

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class Opened(SphinxTransform):
    """Turns downloads of such files into links."""

    default_priority = 900

    def apply(self, **_: Any) -> None:
        """Go through the page's links."""
        here = self.app.builder.get_target_uri(self.env.docname)
        for link in [*self.document.findall(download_reference)]:
            file, _ = self.env.relfn2path(link["reftarget"])
            if file in self.config.whole_files:
                uri = relative_uri(here, file)
                link.replace_self(nodes.reference("", "", *link.children, refuri=uri))


def _copy(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        for name in app.config.whole_files:
            shutil.copyfile(Path(app.srcdir) / name, Path(app.outdir) / name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_config_value("whole_files", [], "env", types=[list])
    app.add_transform(Opened)
    app.connect("build-finished", _copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
