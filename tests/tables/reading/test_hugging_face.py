"""Data sets of Hugging Face: what one becomes, and what is said where it is not there."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from anml_fl.datasets.table import TableError
from anml_fl.tables.reading.hugging_face import read_hugging_face

datasets = pytest.importorskip("datasets")


def saved(folder, columns, **features):
    made = datasets.Dataset.from_dict(columns)
    for name, feature in features.items():
        made = made.cast_column(name, feature)
    made.save_to_disk(folder)
    return made


@pytest.fixture(autouse=True)
def _silent(monkeypatch):
    """Keep what makes the data sets from drawing bars; what reads them decides for itself."""
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def test_columns_keep_their_types_and_classes_get_their_names(tmp_path):
    classes = datasets.ClassLabel(names=["well", "sick"])
    day = dt.datetime(2020, 2, 29)
    given = {
        "age": [63, None, 41],
        "dose": [0.5, 1.5, None],
        "smokes": [True, False, None],
        "town": ["Bern", None, "Ulm"],
        "seen": [day, None, day],
        "sick": [1, -1, 0],
    }
    saved(tmp_path / "d", given, sick=classes)
    found = read_hugging_face(str(tmp_path / "d"))
    assert found.table.to_pydict() == given | {"sick": ["sick", None, "well"]}
    assert [found.table.schema.field(name).type for name in ("age", "dose", "smokes")] == [
        pa.int64(),
        pa.float64(),
        pa.bool_(),
    ]
    assert (found.where, found.by, found.pixels) == (str(tmp_path / "d"), "", None)
    assert found.place(16) == "row 17"


def test_rows_are_those_that_were_selected_before_saving(tmp_path):
    made = datasets.Dataset.from_dict({"x": [10, 11, 12, 13], "y": [0, 1, 0, 1]})
    made = made.cast_column("y", datasets.ClassLabel(names=["a", "b"])).select([3, 0])
    made.save_to_disk(tmp_path / "d")
    assert read_hugging_face(str(tmp_path / "d")).table.to_pydict() == {
        "x": [13, 10],
        "y": ["b", "a"],
    }


def test_pictures_become_pixels(tmp_path):
    drawn = np.random.default_rng(3).integers(0, 256, (3, 5, 4), np.uint8)
    given = {"image": [Image.fromarray(one) for one in drawn], "label": [0, 1, 1]}
    saved(tmp_path / "d", given, label=datasets.ClassLabel(names=["0", "1"]))
    found = read_hugging_face(str(tmp_path / "d"))
    assert np.array_equal(found.pixels, drawn[:, None])
    assert found.table.to_pydict() == {"label": ["0", "1", "1"]}


def test_picture_that_cannot_be_used_is_told_by_its_row(tmp_path):
    pictures = [Image.new("L", (4, 4)), Image.new("L", (4, 5))]
    saved(tmp_path / "sizes", {"image": pictures})
    with pytest.raises(
        TableError, match=r"sizes, row 2: is 4 x 5 pixels, and .*row 1 is 4 x 4"
    ):
        read_hugging_face(str(tmp_path / "sizes"))
    saved(tmp_path / "gap", {"image": [pictures[0], None]})
    with pytest.raises(TableError, match="gap, row 2: there is no picture; take the row out"):
        read_hugging_face(str(tmp_path / "gap"))
    both = {"left": pictures[:1], "right": pictures[:1]}
    saved(tmp_path / "both", both)
    with pytest.raises(TableError, match=r"several columns of pictures \(left, right\)"):
        read_hugging_face(str(tmp_path / "both"))


def test_lists_and_bytes_are_left_out(tmp_path):
    saved(tmp_path / "d", {"x": [1.0], "words": [["a", "b"]], "raw": [b"1"]})
    assert read_hugging_face(str(tmp_path / "d")).table.column_names == ["x"]


def splits(folder, **rows):
    made = {name: datasets.Dataset.from_dict({"x": x}) for name, x in rows.items()}
    datasets.DatasetDict(made).save_to_disk(folder)


def test_split_is_train_or_the_only_one_or_the_one_that_is_named(tmp_path):
    splits(tmp_path / "two", test=[1], train=[2, 3])
    splits(tmp_path / "one", validation=[4])
    for name, wanted in (("two", [2, 3]), ("two#test", [1]), ("one", [4])):
        found = read_hugging_face(f"{tmp_path}/{name}")
        assert found.table.to_pydict() == {"x": wanted}


def test_split_that_is_not_there_is_told_with_those_that_are(tmp_path):
    splits(tmp_path / "d", test=[1], validation=[2])
    told = "has no split {!r}, but test, validation; name one behind a #, as in hf:NAME#test"
    for name, wanted in (("d", "train"), ("d#dev", "dev")):
        with pytest.raises(TableError) as caught:
            read_hugging_face(f"{tmp_path}/{name}")
        assert str(caught.value) == f"{tmp_path}/d: {told.format(wanted)}"
    saved(tmp_path / "plain", {"x": [1]})
    with pytest.raises(TableError, match="has no splits, got #test; leave it away"):
        read_hugging_face(f"{tmp_path}/plain#test")


def test_what_is_no_data_set_is_refused_and_nothing_of_it_is_quoted(tmp_path):
    with pytest.raises(TableError, match=r"is no data set of Hugging Face; .*save_to_disk"):
        read_hugging_face(str(tmp_path))
    with pytest.raises(TableError, match=r"neither a folder that is there nor .*OWNER/NAME"):
        read_hugging_face(str(tmp_path / "nowhere"))
    # Names without an owner may mean the library's own readers, of which one unpickles.
    with pytest.raises(TableError, match="OWNER/NAME"):
        read_hugging_face("pandas")
    saved(tmp_path / "d", {"x": ["SECRET"] * 9})
    (tmp_path / "d" / "state.json").write_text('{"SECRET": 1')
    with pytest.raises(TableError, match="d: cannot be read ") as caught:
        read_hugging_face(str(tmp_path / "d"))
    assert "SECRET" not in str(caught.value)


def test_progress_is_shown_in_a_terminal_alone_and_left_as_it_was(tmp_path, capfd):
    saved(tmp_path / "d", {"x": [1]})
    datasets.enable_progress_bars()
    read_hugging_face(str(tmp_path / "d"))
    assert not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    read_hugging_face(str(tmp_path / "d"))
    assert datasets.are_progress_bars_disabled()
    assert capfd.readouterr() == ("", "")


# ── The hub ─────────────────────────────────────────────────────────────────────────────────

READ = """
import sys, time
from anml_fl.tables.reading.hugging_face import read_hugging_face
assert not {"datasets", "flwr_datasets", "pandas"} & set(sys.modules)
try:
    found = read_hugging_face(sys.argv[1])
except OSError as error:
    sys.exit(f"{type(error).__name__}: {error}")
print(found.where, found.table.to_pydict())
"""


def read_apart(name, home, code=READ, **environment):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, name],
        env={**os.environ, "HF_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_hub_that_does_not_answer_is_told_within_seconds_and_nothing_is_written(tmp_path):
    begun = time.monotonic()
    done = read_apart("someone/mnist", tmp_path / "home", HF_ENDPOINT="http://127.0.0.1:9")
    assert time.monotonic() - begun < 20  # its own client alone would try for 23
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "TableError: hf:someone/mnist: is no folder here, and the hub (http://127.0.0.1:9)"
        " does not answer (ConnectError); if the data set was fetched before, set"
        " HF_HUB_OFFLINE=1; or save it by save_to_disk where there is a network, and name the"
        " folder: hf:FOLDER"
    )
    assert not (tmp_path / "home").exists()


# What fetching it from the hub leaves in the cache; in a process of its own, since the library
# leaves a file open.
FETCH = """
import sys
from pathlib import Path
import datasets
home = Path(sys.argv[1])
cache = home / "datasets"
(home / "a.csv").write_text("x,y\\n1,b\\n")
files = {"train": str(home / "a.csv")}
datasets.load_dataset("csv", data_files=files, cache_dir=str(cache))
(cache / "csv").rename(cache / "someone___mine")
for found in cache.glob("someone___mine/*/*/*/csv-train.arrow"):
    found.rename(found.with_name("mine-train.arrow"))
for found in cache.glob("someone___mine/default-*"):
    found.rename(found.with_name("default"))
"""


@pytest.mark.slow
def test_data_set_that_was_fetched_before_is_read_without_the_hub(tmp_path):
    subprocess.run([sys.executable, "-c", FETCH, str(tmp_path)], check=True, timeout=120)
    done = read_apart("someone/mine", tmp_path, HF_HUB_OFFLINE="1")
    assert done.stdout.strip() == "hf:someone/mine {'x': [1], 'y': ['b']}", done.stderr
    done = read_apart("someone/mine:monthly", tmp_path, HF_HUB_OFFLINE="1")
    assert "TableError: hf:someone/mine: has the subsets default, got monthly" in done.stderr
    done = read_apart("someone/other", tmp_path, HF_HUB_OFFLINE="1")
    assert "TableError: hf:someone/other: is not among what was fetched before" in done.stderr


def test_missing_extra_is_named(tmp_path):
    without = "import importlib.util as u; u.find_spec = lambda name: None" + READ
    done = read_apart("someone/mnist", tmp_path, code=without)
    assert (
        "TableError: hf:someone/mnist needs Hugging Face's datasets, not installed: pip"
        in (done.stderr)
    )
    assert "pip install 'anml-fl[huggingface]'" in done.stderr
