"""How the site is built from these pages: `make docs` writes build/site."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import anml_fl

# The theme's highlighter sets all logs to INFO where nobody has set them up before.
logging.basicConfig(level=logging.WARNING)

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "ANML on Flower"
release = version = anml_fl.__version__
extensions = [
    "myst_nb",  # the pages, and notebooks, which run while the site is built
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    # Ours, in _ext.
    "generated",
    "reachable",
    "whole_files",
]
exclude_patterns = ["results"]

smartquotes = False  # two dashes are an option, and no dash

# Headings are as they are on any page of a repository: a link to one is checked.
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_block", "attrs_inline"]

# Notebooks call `anml` as it is called in an environment that is activated.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
# What notebooks print was kept before, by tests/docs/notebooks.py: each runs once.
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE.parent / "build" / "outputs")
nb_execution_raise_on_error = True
nb_merge_streams = True

napoleon_google_docstring = False
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"

# Pages that are written as they are: plots inside, one file, read offline.
whole_files = ["arena.html", "reproduction.html", "compose-run.log"]

html_theme = "furo"
html_title = "ANML on Flower"
html_static_path = ["_static"]
html_css_files = ["site.css", "notebooks.css"]
html_show_sphinx = html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
