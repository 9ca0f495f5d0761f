"""Folders and data sets of one's own, from their settings to what each contributor holds."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from anml_fl.federation.adoption import adopted
from anml_fl.federation.own_table import own_data, own_table
from anml_fl.settings.reading import from_flat
from anml_fl.tables.schema_file import schema_text

DIGITS = load_digits()
PIXELS = (DIGITS.images[:90] * 15.9).astype(np.uint8)


@pytest.fixture
def pictures(tmp_path):
    """Save ninety digits: a folder a site, with one a class."""
    for i, (pixels, digit) in enumerate(zip(PIXELS, DIGITS.target, strict=False)):
        path = tmp_path / "pictures" / "abc"[i % 3] / str(digit) / f"{i:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return tmp_path / "pictures"


def test_pictures_are_found_again_by_the_settings_that_a_run_keeps(pictures):
    kept = adopted(from_flat({"data": str(pictures), "label": "label"}))
    again = from_flat(kept.to_flat())  # as a run that goes on reads them
    found = own_data(again)
    assert (found.names, found.image) == (("a", "b", "c"), (1, 8, 8))
    assert sum(part.labels.size for part in found.parts) + found.test.labels.size == 90
    rows = np.concatenate([found.test.features, *(part.features for part in found.parts)])
    wanted = PIXELS.reshape(90, 64) / 255
    order = np.lexsort(rows.T), np.lexsort(wanted.astype(np.float32).T)
    assert np.allclose(rows[order[0]], wanted[order[1]], atol=1e-6)


def test_folder_of_sites_is_found_again_though_a_schema_alone_names_its_label(tmp_path):
    (tmp_path / "sites").mkdir()
    for name in "ab":
        rows = "".join(f"{x},{'no' if x < 10 else 'yes'}\n" for x in range(20))
        (tmp_path / "sites" / f"{name}.csv").write_text(f"x,y\n{rows}")
    given = {"data": str(tmp_path / "sites")}
    first = adopted(from_flat({**given, "label": "y"}))
    (tmp_path / "schema.toml").write_text(schema_text(own_table(first.table).schema))
    kept = adopted(from_flat({**given, "schema": str(tmp_path / "schema.toml")}))
    for config in (first, from_flat(kept.to_flat())):
        assert own_data(config).names == ("a", "b")


def test_saved_data_set_of_hugging_face_is_dealt_out_by_flowers_partitioner(tmp_path):
    datasets = pytest.importorskip("datasets")
    pytest.importorskip("flwr_datasets")
    rows = {
        "image": [Image.fromarray(one) for one in PIXELS],
        "y": DIGITS.target[:90].tolist(),
    }
    made = datasets.Dataset.from_dict(rows)
    made = made.cast_column("y", datasets.ClassLabel(names=[f"digit {i}" for i in range(10)]))
    made.save_to_disk(tmp_path / "saved")
    settings = {
        "data": f"hf:{tmp_path}/saved",
        "label": "y",
        "contributors": 3,
        "behaviours": "honest=3",
        "partition": "LinearPartitioner",
    }
    found = own_data(adopted(from_flat(settings)))
    assert found.image == (1, 8, 8)
    # Of 15, 30 and 45 a fifth is kept for testing.
    assert [part.labels.size for part in found.parts] == pytest.approx([12, 24, 36], abs=3)
