"""Sentence polarity, labelled by a crowd: Rodrigues, Pereira, Ribeiro 2013; Pang, Lee 2005."""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.delimited import Cells, cells
from anml_fl.datasets.folder import located
from anml_fl.datasets.refusal import listed, shown
from anml_fl.datasets.table import Table, TableError, checked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_ITEMS, _ANSWERS = "sentiment_crowd_items.csv.gz", "sentiment_crowd_answers.csv.gz"

LENGTH = 32
"""Tokens of a row: 88 % of the sentences are whole, and 97 % of all words are there."""

VOCABULARY = 2048
"""Tokens that there are: 81 % of all words. The rarest of them is there five times, and what
is rarer can hardly be learnt."""

PADDING, UNKNOWN = 0, 1
"""What fills a row up, and what stands for every word that is not in the vocabulary."""

_LARGEST = 999_999
_NUMBER = re.compile(r"\d{1,6}", re.ASCII)


def sentiment(folder: str) -> Table:
    """Read sentence polarity: 4,999 sentences about films, answered by 203 people.

    A row is an answer: 0 for a bad opinion, 1 for a good one. Features are tokens, not
    measurements: the words of the training sentences, by how often they are there.

    Parameters
    ----------
    folder : str
        Holds `sentiment_crowd_items.csv.gz` and `sentiment_crowd_answers.csv.gz`.

    Returns
    -------
    Table
        `items` numbers the sentences. 3,999 rows for testing come last, with true labels.

    Raises
    ------
    TableError
        If a file is not there, or not as described.
    """
    path = located(folder, _ITEMS)
    sentences = _read(path, ("split", "item", "label", "text"))
    split = np.array(_known(sentences, "split", ("train", "test")))
    label = _numbers(sentences, "label", 1)
    number = _numbers(sentences, "item", _LARGEST)
    train, test = np.flatnonzero(split == "train"), np.flatnonzero(split == "test")
    if not train.size or not test.size:
        raise TableError(f"{path}: it must have sentences of both splits, train and test")
    for rows in (train, test):
        _once(sentences, number[rows], rows)
    words = [text.split() for text in sentences.columns["text"]]
    tokens = tokenised(words, known_words([words[row] for row in train]))
    answers = _read(located(folder, _ANSWERS), ("item", "worker", "answer"))
    asked, answer = _asked(answers, number[train]), _numbers(answers, "answer", 1)
    people, holder = np.unique(_numbers(answers, "worker", _LARGEST), return_inverse=True)
    rows = np.concatenate([train[asked], test])
    nobody = np.full(test.size, -1)
    table = Table(
        features=tokens[rows].astype(np.float64),
        labels=np.concatenate([answer, label[test]]),
        classes=2,
        image=None,
        indicators=np.ones(LENGTH, dtype=bool),
        contributors=tuple(f"annotator-{one:03d}" for one in people),
        holder=np.concatenate([holder.ravel(), nobody]).astype(np.int64),
        truth=label[rows],
        items=np.concatenate([asked, train.size + np.arange(test.size)]).astype(np.int64),
        vocabulary=VOCABULARY,
    )
    return checked(str(path), table)


def known_words(sentences: Sequence[Sequence[str]]) -> dict[str, int]:
    """Number the words that sentences have most often.

    Parameters
    ----------
    sentences : sequence of sequence of str

    Returns
    -------
    dict
        Word to token, from 2: the most frequent first, of equals the first by alphabet.

    Examples
    --------
    >>> known_words([["a", "film"], ["a", "bore"]])
    {'a': 2, 'bore': 3, 'film': 4}
    """
    counts = Counter(word for sentence in sentences for word in sentence)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return {word: token for token, word in enumerate(ranked[: VOCABULARY - 2], 2)}


def tokenised(sentences: Sequence[Sequence[str]], known: dict[str, int]) -> NDArray[np.int64]:
    """Write sentences as rows of tokens: cut at `LENGTH`, filled up with padding.

    Examples
    --------
    >>> tokenised([["a", "riot"], []], {"a": 2})[:, :3].tolist()
    [[2, 1, 0], [0, 0, 0]]
    """
    rows = np.full((len(sentences), LENGTH), PADDING, dtype=np.int64)
    for row, sentence in zip(rows, sentences, strict=True):
        tokens = [known.get(word, UNKNOWN) for word in sentence[:LENGTH]]
        row[: len(tokens)] = tokens
    return rows


def _read(path: Path, names: Sequence[str]) -> Cells:
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error):
        # The error would quote the first bytes.
        raise TableError(f"{path} is no whole gzip file: fetch it again") from None
    return cells(content, str(path), names)


def _known(found: Cells, name: str, values: Sequence[str]) -> Sequence[str]:
    for line, text in zip(found.lines, found.columns[name], strict=True):
        if text not in values:
            raise _odd(found, int(line), name, listed(values), text)
    return found.columns[name]


def _numbers(found: Cells, name: str, high: int) -> NDArray[np.int64]:
    for line, text in zip(found.lines, found.columns[name], strict=True):
        if not _NUMBER.fullmatch(text) or int(text) > high:
            raise _odd(found, int(line), name, f"a whole number from 0 to {high}", text)
    return np.array([int(text) for text in found.columns[name]], dtype=np.int64)


def _odd(found: Cells, line: int, name: str, wanted: str, text: str) -> TableError:
    return TableError(
        f"{found.where}, line {line}, column {name}: must be {wanted}, got {shown(text)}"
    )


def _once(found: Cells, numbers: NDArray[np.int64], rows: NDArray[np.intp]) -> None:
    _, first, times = np.unique(numbers, return_index=True, return_counts=True)
    if (times > 1).any():
        at = np.setdiff1d(np.arange(numbers.size), first)[0]
        raise TableError(
            f"{found.where}, line {found.lines[rows[at]]}, column item: sentence"
            f" {numbers[at]} is there twice"
        )


def _asked(answers: Cells, known: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the place of each answer's sentence among those for training."""
    number = _numbers(answers, "item", _LARGEST)
    order = np.argsort(known)
    place = order[np.minimum(np.searchsorted(known, number, sorter=order), known.size - 1)]
    if (odd := known[place] != number).any():
        at = int(odd.argmax())
        raise TableError(
            f"{answers.where}, line {answers.lines[at]}, column item: {_ITEMS} has no training"
            f" sentence {number[at]}"
        )
    return place.astype(np.int64)
