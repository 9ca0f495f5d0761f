"""Folders: a table a site, whose name its file or folder has."""

from __future__ import annotations

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from anml_fl.tables.reading.source import read_columns


def write(folder, **texts):
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return str(folder)


def test_each_file_is_a_site_in_the_order_of_their_names(tmp_path):
    write(tmp_path, bern_csv="age,sick\n\n63,1\n64,0\n", README_md="no table", _hidden_csv="x")
    (tmp_path / "aarau.tsv.gz").write_bytes(gzip.compress(b"sick\tage\n0\t65\n"))
    pq.write_table(pa.table({"age": ["66"], "sick": ["1"]}), tmp_path / "zug.parquet")
    found = read_columns(str(tmp_path))
    assert found.table.select(["age", "sick", "site"]).to_pydict() == {
        "age": ["65", "63", "64", "66"],
        "sick": ["0", "1", "0", "1"],
        "site": ["aarau", "bern", "bern", "zug"],
    }
    assert (found.by, found.where) == ("site", str(tmp_path))
    assert [found.place(row) for row in range(4)] == [
        "aarau.tsv.gz, line 2", "bern.csv, line 3", "bern.csv, line 4", "zug.parquet, row 1"
    ]  # fmt: skip


def test_a_folder_a_site_may_hold_several_files(tmp_path):
    source = write(tmp_path, b__2020_csv="x\n1\n", b__2021_csv="x\n2\n", a_csv="x\n3\n")
    found = read_columns(source)
    assert found.table.to_pydict() == {"x": ["3", "1", "2"], "site": ["a", "b", "b"]}
    assert found.place(2) == "b/2021.csv, line 2"


def test_columns_of_two_types_become_numbers_or_texts(tmp_path):
    pq.write_table(pa.table({"n": [1, 2], "x": ["?", "3"]}), tmp_path / "a.pq")
    pq.write_table(pa.table({"x": [4, 5], "n": [1.5, None]}), tmp_path / "b.pq")
    table = read_columns(str(tmp_path)).table
    assert [str(table.schema.field(name).type) for name in ("n", "x")] == ["string"] * 2
    assert table.column("x").to_pylist() == ["?", "3", "4", "5"]
    pq.write_table(pa.table({"n": [1, 2], "x": [4, 5]}), tmp_path / "a.pq")
    table = read_columns(str(tmp_path)).table
    assert table.column("n").to_pylist() == [1, 2, 1.5, None]


def test_a_column_may_say_whose_rows_they_are(tmp_path):
    source = write(tmp_path, a_csv="x,site\n1,p\n", b_csv="x,site\n2,q\n")
    found = read_columns(source, by="site")
    assert (found.table.column("site").to_pylist(), found.by) == (["p", "q"], "")
    found = read_columns(source, by="x")
    assert (found.table.column_names, found.by) == (["x", "site"], "")


def test_the_files_are_asked_for_by_the_name_of_their_column(tmp_path):
    source = write(tmp_path, a_csv="x\n1\n", b_csv="x\n2\n")
    assert read_columns(source, by="site").by == "site"


FIVE = "a,b,c,d\n1,2,3,SECRET\n"


@pytest.mark.parametrize(
    ("texts", "by", "told"),
    [
        ({"p_csv": FIVE, "q_csv": FIVE, "r_csv": "a,c,d,e\n1,2,3,SECRET\n"}, "",
         "r.csv lacks the column 'b', which p.csv has, and has the column 'e', which"),
        ({"p_csv": "a,b,c\n1,2,3\n", "q_csv": FIVE, "r_csv": FIVE}, "",
         "p.csv lacks the column 'd', which q.csv has; all must have the same columns"),
        ({"p_csv": FIVE, "q_csv": "SECRET,2020-01-01,x,y\nb,1,2,3\n"}, "",
         "q.csv has few of the columns of p.csv; the first line of each must name"),
        ({"p_csv": "x,site\n1,SECRET\n"}, "", "have a column 'site', and so files and column"),
        ({"p_csv": "x\n1\n"}, "hospital", "its tables have no column 'hospital'"),
        ({"p_csv": "x\n1\n", "p_tsv": "x\n2\n"}, "",
         "p.csv and p.tsv would both be of the site 'p'; keep one, or put all of them in"),
        ({"p_csv": "x\n1\n", "p__1_csv": "x\n2\n"}, "", "p.csv and p/ would both be of the"),
        ({"p_csv": "x\n1\n", "q_csv": "x,y\n1,SECRET,2\n"}, "", "q.csv, line 2: 3 values"),
        ({"p_doc": "SECRET"}, "", "no table in it, nor in a folder"),
    ],
)  # fmt: skip
def test_a_folder_that_makes_no_table_is_told(tmp_path, refusal, texts, by, told):
    write(tmp_path, **texts)
    message = refusal(read_columns, str(tmp_path), by)
    assert message.startswith(str(tmp_path))
    assert told in message


def test_a_folder_of_pictures_is_read_as_one_and_not_beside_tables(tmp_path, refusal):
    (tmp_path / "sick").mkdir()
    Image.new("L", (3, 2), 7).save(tmp_path / "sick" / "1.png")
    assert read_columns(str(tmp_path)).pixels.shape == (1, 1, 2, 3)
    (tmp_path / "labels.csv").write_text("file,label\n1.png,sick\n")
    assert "holds tables (labels.csv) and pictures" in refusal(read_columns, str(tmp_path))


def test_a_plot_beside_the_tables_is_passed_over(tmp_path):
    Image.new("L", (3, 2)).save(tmp_path / "plot.png")
    assert read_columns(write(tmp_path, a_csv="x\n1\n")).table.num_rows == 1
