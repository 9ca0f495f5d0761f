"""Folders of pictures: what is read, in which order, and what is refused by its path."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from anml_fl.datasets.table import TableError
from anml_fl.tables.columns import SITE
from anml_fl.tables.reading.pictures import is_pictures, read_pictures
from anml_fl.tables.reading.pixels import pixels_of

RNG = np.random.default_rng(5)


def saved(path, pixels, mode=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.asarray(pixels, np.uint8))
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


def grey(value=7, size=(4, 6)):
    return np.full(size, value, np.uint8)


def test_classes_and_pixels_are_read_in_the_order_of_names(tmp_path):
    drawn = {name: RNG.integers(0, 256, (3, 5), np.uint8) for name in ("b/z", "a/2", "a/10")}
    for name, pixels in drawn.items():
        saved(tmp_path / f"{name}.png", pixels)
    found = read_pictures(tmp_path)
    assert found.table.to_pydict() == {"label": ["a", "a", "b"]}
    assert found.by == ""
    assert [found.place(row) for row in range(3)] == ["a/10.png", "a/2.png", "b/z.png"]
    wanted = np.stack([drawn["a/10"], drawn["a/2"], drawn["b/z"]])[:, None]
    assert found.pixels.shape == (3, 1, 3, 5)
    assert np.array_equal(found.pixels, wanted)


def test_folders_of_sites_say_whose_pictures_they_are(tmp_path):
    for name in ("north/sick/1.png", "north/well/1.png", "east/sick/1.png"):
        saved(tmp_path / name, grey())
    (tmp_path / "east" / "well").mkdir()  # a site that has none of a class
    found = read_pictures(tmp_path)
    assert found.by == SITE
    assert found.table.to_pydict() == {
        "label": ["sick", "sick", "well"],
        SITE: ["east", "north", "north"],
    }


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.GIF", "a.Webp"])
def test_colours_come_as_channels_first(tmp_path, name):
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[..., 0], pixels[0, :, 2] = 255, 255
    options = {"lossless": True} if name == "a.Webp" else {}
    saved(tmp_path / "c" / name, pixels, **options)
    found = read_pictures(tmp_path).pixels
    assert np.array_equal(found[0], pixels.transpose(2, 0, 1))


def test_jpeg_is_read_as_near_as_it_keeps_pixels(tmp_path):
    saved(tmp_path / "c" / "a.jpeg", grey(100, (16, 16)))
    found = read_pictures(tmp_path).pixels
    assert found.shape == (1, 1, 16, 16)
    assert abs(found.astype(int) - 100).max() <= 2


def test_one_picture_in_colour_makes_all_of_them_so(tmp_path):
    saved(tmp_path / "c" / "a.png", grey(9))
    saved(tmp_path / "c" / "b.png", np.full((4, 6, 3), (1, 2, 3)))
    found = read_pictures(tmp_path).pixels
    assert found[:, :, 0, 0].tolist() == [[9, 9, 9], [1, 2, 3]]


def test_palette_becomes_colours_and_transparency_lies_on_white(tmp_path):
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0] = (10, 20, 30, 255)  # the rest is black and cannot be seen
    saved(tmp_path / "c" / "a.png", pixels)
    Image.fromarray(pixels[..., :3]).quantize(2).save(tmp_path / "c" / "b.png")
    found = read_pictures(tmp_path).pixels
    assert found[0, :, :, 0].T.tolist() == [[10, 20, 30], [255, 255, 255]]
    assert found[1, :, :, 0].T.tolist() == [[10, 20, 30], [0, 0, 0]]
    half = Image.new("LA", (1, 1), (0, 51))
    file = io.BytesIO()
    half.save(file, "PNG")
    assert pixels_of([file.getvalue()], str).ravel().tolist() == [204]  # 255 * (1 - 51 / 255)


def test_black_and_white_is_grey(tmp_path):
    saved(tmp_path / "c" / "a.png", grey(255), mode="1")
    assert read_pictures(tmp_path).pixels.tolist() == np.full((1, 1, 4, 6), 255).tolist()


def test_another_size_is_refused_with_both_sizes_before_any_is_decoded(tmp_path):
    first = saved(tmp_path / "c" / "a.png", grey())
    first.write_bytes(first.read_bytes()[:-30])  # its header is whole, and no more
    saved(tmp_path / "d" / "b.png", grey(size=(8, 5)))
    with pytest.raises(TableError) as caught:
        read_pictures(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}/d/b.png: is 5 x 8 pixels, and {tmp_path}/c/a.png is 6 x 4; all must be of"
        " one size: resize them, in Python with Pillow:"
        " Image.open(FILE).resize((6, 4)).save(FILE)"
    )


def damaged(path):
    content = saved(path, RNG.integers(0, 256, (40, 40, 3))).read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (damaged, "cannot be read as a picture; it must be a whole file of PNG, JPEG"),
        (lambda path: path.write_bytes(b""), "cannot be read as a picture"),
        (lambda path: path.write_text("SECRET,1\n"), "cannot be read as a picture"),
        (lambda path: saved(path, grey(), format="TIFF"), "cannot be read as a picture"),
        (
            lambda path: saved(path, grey(size=(1, 1025))),
            "is 1025 x 1 pixels, and 1024 x 1024",
        ),
        (
            lambda path: Image.new("1", (12_000, 10_000)).save(path),
            "is 12000 x 10000 pixels, and 1024 x 1024 is the most",
        ),
        (
            lambda path: Image.new("1", (60_000, 6_000)).save(path),
            "is far larger than 1024 x 1024 pixels",
        ),
        (
            lambda path: Image.fromarray(np.full((4, 6), 700, np.uint16)).save(path),
            "has more than 8 bits a channel (I;16)",
        ),
        (
            lambda path: Image.new("L", (4, 6)).save(
                path, save_all=True, append_images=[Image.new("L", (4, 6), 9)]
            ),
            "holds several pictures",
        ),
    ],
)
def test_picture_that_cannot_be_used_is_refused_by_its_path(tmp_path, make, told):
    path = tmp_path / "c" / "a.png"
    path.parent.mkdir()
    make(path)
    with pytest.raises(TableError) as caught:
        read_pictures(tmp_path)
    assert str(caught.value).startswith(f"{path}: {told}")
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["a.png", "c/b.png"], "a.png: lies in no class's folder"),
        (["c/b.png", "d/e/f.png"], "c/b.png lies in one folder and"),
        (["c/d/b.png", "c/d/e/f.png"], "e: is a folder inside a class's folder"),
        (["c/a.png", "c/b.csv"], "b.csv: is no picture (.png,"),
        (["c/b.csv"], "holds no pictures"),
        ([" c/a.png"], "the folder ' c' must be named with printable characters"),
        (["c\u202e/a.png"], r"c\\u202e' must be named with printable characters"),
    ],
)
def test_pictures_that_are_laid_out_otherwise_are_refused(tmp_path, names, told):
    for name in names:
        saved(tmp_path / name, grey(), format="PNG")
    with pytest.raises(TableError) as caught:
        read_pictures(tmp_path)
    assert told in str(caught.value)


def test_what_file_managers_leave_behind_is_passed_over(tmp_path):
    saved(tmp_path / "c" / "a.png", grey())
    for name in (".DS_Store", "c/._a.png", "c/Thumbs.db", "README.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "__MACOSX" / "c").mkdir(parents=True)
    (tmp_path / "__MACOSX" / "c" / "a.png").write_text("x")
    assert read_pictures(tmp_path).pixels.shape == (1, 1, 4, 6)


def test_folder_is_told_from_one_of_tables(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "site.csv").write_text("a,b\n1,2\n")
    saved(tmp_path / "tables" / "logo.png", grey())
    assert not is_pictures(tmp_path / "tables")
    saved(tmp_path / "deep" / "site" / "class" / "a.JPG", grey())
    assert is_pictures(tmp_path / "deep")
    saved(tmp_path / "flat" / "a.png", grey())  # laid out wrongly, which is told
    assert is_pictures(tmp_path / "flat")
    assert not is_pictures(tmp_path / "nowhere")
