"""Dealing a table of one's own out: whose rows train, which test, and on which scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anml_fl.datasets.partition import deal_dirichlet, deal_iid
from anml_fl.datasets.prepare import NATURAL, Partitioned, Samples, contributor_id
from anml_fl.datasets.schema import number
from anml_fl.datasets.sorted_by_label import SORTED
from anml_fl.datasets.table import TableError
from anml_fl.seeding import stream
from anml_fl.settings.section import ConfigError
from anml_fl.tables.encoding import samples_of
from anml_fl.tables.holdout import kept_for_testing
from anml_fl.tables.label_leak import told_by_rows
from anml_fl.tables.left_out import left_out
from anml_fl.tables.partitioners import dealt
from anml_fl.tables.schema import ValueLabel
from anml_fl.tables.statistics import combined, statistics_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from anml_fl.tables.rows import Rows
    from anml_fl.tables.schema import TableSchema
    from anml_fl.tables.statistics import Scales

# Up to so many contributors are named; of more it is said how many they are.
_NAMED = 8


@dataclass(frozen=True, slots=True)
class OwnPartitioned(Partitioned):
    """A table of one's own, dealt out.

    Parameters
    ----------
    target : tuple of two float, optional
        Centre and spread by which labels that are values were standardised.
    scales : Scales, optional
        By which all columns were.
    """

    target: tuple[float, float] | None = None
    scales: Scales | None = None


def partitioned(
    rows: Rows,
    test: Rows | None,
    partition: str,
    contributors: int,
    leave_out: str,
    seed: int,
    members: tuple[str, ...] = (),
    repeat: int = 0,
) -> OwnPartitioned:
    """Deal rows out, keep a fifth of each contributor's for testing, standardise.

    The scale is what a federation whose rows stay at home would agree on: of each
    contributor's training rows counts and sums, combined by their median. Rows that would be
    kept for testing are not counted where a test table is given either, though they train:
    the two answers together would tell what those rows hold.

    Parameters
    ----------
    rows : Rows
    test : Rows, optional
        What is tested on; then all of `rows` are for training.
    partition : str
        "natural": by site; "iid", "dirichlet:ALPHA", "sorted" by label, or a partitioner of
        flwr-datasets.
    contributors : int
        Where there are more sites, as many of them are drawn by the seed.
    leave_out : str
        A site that takes no part, and is tested on instead.
    seed : int
    members : tuple of str
        Sites that take part in "natural", instead of drawing them by the seed.
    repeat : int
        As in `kept_for_testing`.

    Raises
    ------
    ConfigError
        If the settings ask for what the table does not have.
    TableError
        If too few rows are left, for training or for testing.
    """
    names, places = _shares(rows, partition, contributors, leave_out, seed, members)
    away = rows.sites.index(leave_out) if leave_out else -1
    splits = [_split(rows.take(place), place, repeat) for place in places]
    measured = [rows.take(train) for train, _ in splits]
    scales = combined([statistics_of(part) for part in measured], rows.schema)
    all_train = test is not None or bool(leave_out)
    parts = [rows.take(place) for place in places] if all_train else measured
    if test is not None:
        tested, owners = test, _owners(test, names)
    else:
        held = [kept for _, kept in splits]
        if leave_out:
            held = [np.flatnonzero(rows.holder == away)]
        where = np.concatenate(held)
        tested = rows.take(where)
        sizes = [kept.size for kept in held]
        owners = (
            np.full(where.size, -1) if leave_out else np.repeat(np.arange(len(sizes)), sizes)
        )
    samples = samples_of(tested, scales)
    _refuse_untestable(rows.where, samples)
    return OwnPartitioned(
        parts=tuple(samples_of(part, scales) for part in parts),
        test=samples,
        image=image_of(rows.schema),
        names=names,
        tested=owners,
        notes=_notes(rows, names, parts, partition),
        target=target_of(rows.schema, scales),
        scales=scales,
    )


def nobodys(
    schema: TableSchema, test: Samples | None, scales: Scales, names: tuple[str, ...]
) -> OwnPartitioned:
    """Describe a federation whose rows stay on their nodes: there may be a test table."""
    kind = np.float32 if schema.classes == 1 else np.int64
    nothing = Samples(
        np.empty((0, schema.width), np.float32), np.empty(0, kind), schema.classes
    )
    return OwnPartitioned(
        parts=(),
        test=nothing if test is None else test,
        image=image_of(schema),
        names=names,
        target=target_of(schema, scales),
        scales=scales,
    )


def _shares(
    rows: Rows,
    partition: str,
    contributors: int,
    leave_out: str,
    seed: int,
    members: tuple[str, ...],
) -> tuple[tuple[str, ...], list[NDArray[np.intp]]]:
    """Say who takes part, and which rows each holds."""
    if partition == NATURAL:
        return _sites(rows, contributors, leave_out, seed, members)
    if leave_out:
        raise ConfigError(
            f"leave_out: {leave_out!r} can be left out of partition {NATURAL!r} alone, got"
            f" partition {partition!r}"
        )
    names = tuple(map(contributor_id, range(contributors)))
    rng = stream(seed, "partition")
    kind, _, alpha = partition.partition(":")
    if kind == "iid":
        return names, deal_iid(np.zeros(rows.labels.size, np.int64), contributors, rng)
    if kind == SORTED:
        mixed = rng.permutation(rows.labels.size)
        by_label = mixed[np.argsort(rows.labels[mixed], kind="stable")]
        return names, [np.sort(share) for share in np.array_split(by_label, contributors)]
    if kind != "dirichlet":
        return names, dealt(partition, rows, contributors, seed)
    if isinstance(rows.schema.label, ValueLabel):
        raise ConfigError(
            f"partition: {partition!r} deals classes out, and the label is a number: use iid,"
            " or natural with --by"
        )
    return names, deal_dirichlet(
        rows.labels.astype(np.int64), contributors, number(alpha) or 0.5, rng
    )


def _sites(
    rows: Rows, contributors: int, leave_out: str, seed: int, members: tuple[str, ...]
) -> tuple[tuple[str, ...], list[NDArray[np.intp]]]:
    if not rows.sites:
        lacks = f", and it has no column {rows.schema.site!r}" if rows.schema.site else ""
        raise ConfigError(
            f"partition: {NATURAL!r} needs to know whose rows {rows.where} holds{lacks}: give"
            " --by COLUMN, or a folder with one file a site"
        )
    if leave_out and leave_out not in rows.sites:
        raise ConfigError(
            f"leave_out: {leave_out!r} is none of the {len(rows.sites)} sites:"
            f" {', '.join(rows.sites[:_NAMED])}{', ...' if len(rows.sites) > _NAMED else ''}"
        )
    others = [place for place, name in enumerate(rows.sites) if name != leave_out]
    if not 1 <= contributors <= len(others):
        raise ConfigError(
            f"contributors: {rows.where} has {len(others)} sites to take part, so it must lie"
            f" between 1 and {len(others)}, got {contributors}"
        )
    drawn = stream(seed, "contributors").permutation(len(others))[:contributors]
    chosen = [others[place] for place in sorted(drawn)]
    if members:
        chosen = sorted(rows.sites.index(name) for name in members)
    # One sort, not a search a site: there may be hundreds.
    order = np.argsort(rows.holder, kind="stable")
    ends = np.searchsorted(rows.holder[order], range(len(rows.sites) + 1))
    return (
        tuple(rows.sites[place] for place in chosen),
        [order[ends[place] : ends[place + 1]] for place in chosen],
    )


def _split(
    rows: Rows, place: NDArray[np.intp], repeat: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    train, test = kept_for_testing(rows, repeat)
    return place[train], place[test]


def _owners(test: Rows, names: Sequence[str]) -> NDArray[np.int64]:
    """Say whose each test row is, as a place in `names`; -1 for nobody's."""
    known = {name: place for place, name in enumerate(names)}
    places = np.array([*(known.get(site, -1) for site in test.sites), -1])
    return places[test.holder]


def _refuse_untestable(where: str, samples: Samples) -> None:
    labels = samples.labels
    if not labels.size:
        raise TableError(
            f"{where}: no row is left for testing: a contributor needs two rows at least, or"
            " give --test TABLE"
        )
    if (labels == labels[0]).all():
        what = "have one value" if samples.classes == 1 else "are of one class"
        raise TableError(
            f"{where}: the {labels.size} test rows all {what}, so that any model would do:"
            " give --test TABLE with others, or more rows"
        )


def image_of(schema: TableSchema) -> tuple[int, int, int] | None:
    """Say which shape a row has as a picture, (channels, height, width), if it is one."""
    picture = schema.picture
    # With further columns a row is no picture any more.
    if picture is None or schema.width != picture.size:
        return None
    return (picture.channels, picture.height, picture.width)


def target_of(schema: TableSchema, scales: Scales) -> tuple[float, float] | None:
    """Say by which centre and spread a label of numbers is standardised."""
    if not isinstance(schema.label, ValueLabel):
        return None
    return scales.centres[-1], scales.spreads[-1]


def _notes(
    rows: Rows, names: tuple[str, ...], parts: Sequence[Rows], partition: str
) -> tuple[str, ...]:
    """Say what is odd in the data or the deal, and no mistake."""
    said = filter(None, [left_out(rows.schema)])
    found = [*said, *rows.notes, *told_by_rows(rows)]
    if partition == NATURAL and len(names) < len(rows.sites) - 1:
        found.append(
            f"{rows.where}: {len(names)} of {len(rows.sites)} sites take part, drawn by the"
            " seed"
        )
    if rows.schema.classes > 1:
        single = [
            name
            for name, part in zip(names, parts, strict=True)
            if part.labels.size and (part.labels == part.labels[0]).all()
        ]
        if single:
            more = f" and {len(single) - _NAMED} more" if len(single) > _NAMED else ""
            found.append(
                f"{rows.where}: training rows of one class alone:"
                f" {', '.join(single[:_NAMED])}{more}"
            )
    return tuple(found)
