"""Each notebook runs from start to end, says the truth, and is kept without outputs."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from tests.docs.notebooks import NOTEBOOKS
from tests.docs.snippets import commands
from tests.docs.test_snippets import assert_parses

pytestmark = pytest.mark.checkout

_OF_A_MACHINE = re.compile(r"(?:^|[\s\"'(=])(?:/(?:home|root|tmp|work|Users)\b|[A-Z]:\\\\)")
_AN_OBJECT = re.compile(r"0x[0-9a-f]{6}")


@pytest.fixture(params=sorted(NOTEBOOKS))
def name(request) -> str:
    """Name a notebook."""
    return request.param


@pytest.fixture
def source(name):
    """Read it, as it is kept."""
    return nbformat.read(NOTEBOOKS[name], as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_four_and_the_index_names_each(request):
    text = (request.config.rootpath / "docs" / "notebooks" / "index.md").read_text()
    assert set(re.findall(r"\]\(([\w-]+)\.ipynb\)", text)) == set(NOTEBOOKS)
    assert len(NOTEBOOKS) == 4


def test_it_is_kept_without_outputs_and_by_stable_names(name, source):
    nbformat.validate(source)
    assert source.nbformat_minor == 5
    assert source.metadata.kernelspec.name == "python3"
    assert all(not cell.outputs and cell.execution_count is None for cell in code(source))
    named = [cell.id for cell in source.cells]
    assert len({*named}) == len(named)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", one) for one in named)
    # As Jupyter writes it, but for the text's own letters: saving it again changes nothing.
    text = NOTEBOOKS[name].read_text(encoding="utf-8")
    assert text == nbformat.writes(source, indent=1, ensure_ascii=False) + "\n"
    assert not _OF_A_MACHINE.search(text)


def test_commands_of_its_text_parse(name, source):
    for cell in source.cells:
        if cell.cell_type == "markdown":
            for script in re.findall(r"```sh\n(.*?)```", cell.source, re.S):
                for words in commands(script):
                    assert_parses(words, f"{name}, cell {cell.id}")


def test_every_figure_is_told_in_words(source):
    for cell in code(source):
        if re.search(r"plt\.subplots|\.plot\(\"|^(compare|curves)\(", cell.source, re.M):
            assert len(cell.metadata.mystnb.image.alt) > 20, cell.id


@pytest.mark.slow
def test_it_runs_from_start_to_end(name, notebooks):
    done = notebooks[name]
    if isinstance(done, CellExecutionError):
        pytest.fail(str(done))
    assert all(cell.execution_count for cell in code(done))


@pytest.mark.slow
def test_what_it_shows_is_of_no_machine_and_no_run(name, notebooks):
    """Nor is a secret among it: the key that signs is in a file alone."""
    for cell in code(notebooks[name]):
        for output in cell.outputs:
            shown = output.get("text", "") or str(output.get("data", {}).get("text/plain", ""))
            assert not _OF_A_MACHINE.search(shown), (cell.id, shown)
            assert not _AN_OBJECT.search(shown), (cell.id, shown)


@pytest.mark.slow
def test_the_site_shows_its_outputs_and_figures(name, notebooks, site):
    page = (site / "notebooks" / f"{name}.html").read_text(encoding="utf-8")
    figures = [
        cell
        for cell in code(notebooks[name])
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert figures
    for cell in figures:
        assert f'alt="{cell.metadata.mystnb.image.alt}"' in page, cell.id
