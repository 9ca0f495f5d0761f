"""Sentences that a crowd judged: rows of tokens, and what is wrong in their files."""

from __future__ import annotations

import gzip
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from anml_fl.datasets.loading import load
from anml_fl.datasets.prepare import deal
from anml_fl.datasets.sources import sentiment as source
from anml_fl.datasets.table import TableError

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = {"items": "sentiment_crowd_items.csv.gz", "answers": "sentiment_crowd_answers.csv.gz"}
ITEMS = """split,item,label,text
train,7,1,"a good , good film"
train,3,0,"a bore"
test,3,1,"a film as good as unseen"
test,4,0,""
"""
ANSWERS = """item,worker,answer
3,20,0
7,20,1
7,4,0
"""
HERE = (Path(os.environ.get("ANML_DATA_DIR", "nowhere")) / FILES["items"]).is_file()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    monkeypatch.setenv("ANML_DATA_DIR", str(tmp_path))

    def write(items: str = ITEMS, answers: str = ANSWERS) -> Path:
        for name, text in (("items", items), ("answers", answers)):
            (tmp_path / FILES[name]).write_bytes(gzip.compress(text.encode(), mtime=0))
        return tmp_path

    return write


def test_a_row_is_an_answer_and_its_features_are_tokens(write: Callable[..., Path]) -> None:
    write()
    table = load("sentiment")
    assert table.contributors == ("annotator-004", "annotator-020")
    assert table.holder is not None
    assert table.truth is not None
    assert table.items is not None
    # The answers in their order, then what is kept for testing, with its true label.
    assert table.holder.tolist() == [1, 1, 0, -1, -1]
    assert table.labels.tolist() == [0, 1, 0, 1, 0]
    assert table.truth.tolist() == [0, 1, 1, 1, 0]
    assert table.items.tolist() == [1, 0, 0, 2, 3]
    # a and good are there twice in training, and bore, film and the comma once.
    known = {"a": 2, "good": 3, ",": 4, "bore": 5, "film": 6}
    unseen = [known.get(word, 1) for word in ["a", "film", "as", "good", "as", "unseen"]]
    rows = [[2, 5], [2, 3, 4, 3, 6], [2, 3, 4, 3, 6], unseen, []]
    assert table.vocabulary == source.VOCABULARY
    assert not (~table.indicators).any()
    for row, tokens in zip(table.features, rows, strict=True):
        assert row.tolist() == tokens + [0] * (source.LENGTH - len(tokens))


def test_a_long_sentence_is_cut_and_only_so_many_words_are_known(
    write: Callable[..., Path],
) -> None:
    words = [f"w{number:05d}" for number in range(source.VOCABULARY)]
    lines = [
        f'train,{place},0,"{" ".join(words[start : start + 64])}"'
        for place, start in enumerate(range(0, len(words), 64), 10)
    ]
    write(items="\n".join([ITEMS.strip(), *lines]))
    features = source.tokenised([words], source.known_words([words, words[:40]]))
    assert features.tolist() == [list(range(2, 2 + source.LENGTH))]
    known = source.known_words([words])
    # All are there once: the last of the alphabet have no token of their own.
    assert set(words) - known.keys() == set(words[-2:])
    assert max(known.values()) == source.VOCABULARY - 1
    assert load("sentiment").features.max() <= source.VOCABULARY - 1


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_there_is_named(write: Callable[..., Path], name: str) -> None:
    (write() / FILES[name]).unlink()
    with pytest.raises(TableError, match=rf"{FILES[name]} is not in the folder ANML_DATA_DIR"):
        load("sentiment")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [lambda b: b"no", lambda b: b[:30], lambda b: b""])
def test_a_file_that_is_cut_or_no_gzip_is_told(
    write: Callable[..., Path], name: str, damage: Callable[[bytes], bytes]
) -> None:
    path = write() / FILES[name]
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(TableError, match=r"is no whole gzip file|the header has no column"):
        load("sentiment")


@pytest.mark.parametrize(
    ("items", "answers", "told"),
    [
        (ITEMS.replace("split,", "part,"), ANSWERS, "line 1: the header has no column split"),
        (ITEMS.replace("train,3", "dev,3"), ANSWERS, "line 3, column split: must be train or"),
        (
            ITEMS.replace("3,0,", "3,2,"),
            ANSWERS,
            "column label: must be a whole number from",
        ),
        (ITEMS.replace("3,0,", "x,0,"), ANSWERS, r"line 3, column item: .*, got 'x'"),
        (
            ITEMS.replace("train,3", "train,7"),
            ANSWERS,
            "line 3, column item: sentence 7 is",
        ),
        (ITEMS.replace("train", "test"), ANSWERS, "must have sentences of both splits"),
        (ITEMS, ANSWERS.replace("4,0", "4,2"), "line 4, column answer: .* 0 to 1, got '2'"),
        (ITEMS, ANSWERS.replace("20,1", "-1,1"), "line 3, column worker: .*, got '-1'"),
        (ITEMS, ANSWERS.replace("3,20", "5,20"), "column item: .* has no training sentence 5"),
        (ITEMS, ANSWERS.replace("3,20", "4,20"), "column item: .* has no training sentence 4"),
        (ITEMS, "item,worker,answer\n", "a header and no rows"),
        (ITEMS, ANSWERS.replace("20,1", "20,0"), r"its rows \(3\) are all of class 0"),
        (ITEMS, ANSWERS.replace("7,4,0", "7,4"), "line 4: 2 values, but the header has 3"),
    ],
)
def test_what_does_not_fit_is_told(
    write: Callable[..., Path],
    everything_told: Callable[[BaseException], str],
    items: str,
    answers: str,
    told: str,
) -> None:
    write(items, answers)
    with pytest.raises(TableError, match=told) as error:
        load("sentiment")
    # No sentence of anybody's is shown, and no other cell.
    assert "film" not in everything_told(error.value)


@pytest.mark.skipif(not HERE, reason=f"ANML_DATA_DIR has no {FILES['items']}")
def test_the_real_file_is_as_its_readme_says() -> None:
    table = load("sentiment")
    assert table.holder is not None
    assert table.truth is not None
    asked = table.holder >= 0
    assert (asked.sum(), len(table.contributors)) == (27_746, 203)
    assert np.bincount(table.truth[~asked]).tolist() == [1911, 2088]
    right = table.labels == table.truth
    assert right[asked].mean() == pytest.approx(0.789, abs=5e-4)
    counts = np.bincount(table.holder[asked])
    accuracy = np.bincount(table.holder[asked], right[asked]) / counts
    many = accuracy[counts >= 20]
    assert (many.size, many.min(), many.max()) == (
        128,
        pytest.approx(0.40, abs=5e-3),
        pytest.approx(0.98, abs=6e-3),
    )
    # The shares that the vocabulary and the length were chosen by.
    with gzip.open(Path(os.environ["ANML_DATA_DIR"]) / FILES["items"], "rt") as file:
        texts = [line.split(",", 3)[3].strip().strip('"') for line in file if line[:2] == "tr"]
    words = [text.replace('""', '"').split() for text in texts]
    times = Counter(word for sentence in words for word in sentence)
    top = sorted(times.values())[-(source.VOCABULARY - 2) :]
    assert sum(top) / sum(times.values()) == pytest.approx(0.81, abs=0.01)
    whole = np.mean([len(sentence) <= source.LENGTH for sentence in words])
    assert whole == pytest.approx(0.88, abs=0.01)


@pytest.mark.skipif(not HERE, reason=f"ANML_DATA_DIR has no {FILES['items']}")
def test_everybody_holds_their_own_answers_as_tokens() -> None:
    dealt = deal("sentiment", 203, "natural", 0)
    assert sum(part.labels.size for part in dealt.parts) == 27_746
    assert dealt.test.labels.size == 3_999
    assert dealt.vocabulary == source.VOCABULARY
    assert dealt.truths is not None
    tokens = dealt.parts[5].features
    assert np.array_equal(tokens, tokens.round())
    assert tokens.max() < source.VOCABULARY
