"""No fact is recorded before the last one, whoever's clock says so; nor asked about."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.registry import tables
from anml_fl.registry.clock import MICROSECONDS_A_YEAR, microseconds, years
from anml_fl.registry.domain import Revocation, Withdrawn
from anml_fl.registry.instants import Reading, SteadyClock, later, uptime
from anml_fl.registry.sql import SqlRegistry

DAY = 86_400.0
instants = st.floats(-1000, 1000)


def people(*names):
    return tuple(ContributorRecord(name, 1.0, 0.8, 0.4, 1.0, 0.3, 0.5, True) for name in names)


def stamps(engine):
    """When each fact was recorded, table by table, in the order in which they came."""
    with engine.connect() as connection:
        return {
            name: list(
                connection.exec_driver_sql(
                    f"SELECT recorded FROM {name} ORDER BY id"  # noqa: S608 - our tables
                ).scalars()
            )
            for name in tables.metadata.tables
        }


def test_writers_with_clocks_apart_write_one_history(world, engine):
    # In hours: the second writer is behind, and the third is set back in between.
    clocks = [iter([10.0, 20.0]), iter([7.0, 8.0, 9.0]), iter([11.0, -500.0, 12.0])]

    def writer(number):
        return SqlRegistry(
            engine, clock=lambda: world.day(0) + timedelta(hours=next(clocks[number]))
        )

    one, two, three = map(writer, range(3))
    at = world.day(0)
    world.registry = one
    world.join("a")  # 10
    world.registry = two
    world.join("b")  # 7
    world.registry = three
    world.trust()  # 11
    world.bring("a", 1)  # -500
    world.registry = two
    flag = Revocation(Withdrawn.CONTRIBUTION, f"a/{world.data(1)}", at, "wrong")
    two.revoke(flag, at)  # 8
    names = ("a", "b", "x", "y")
    two.observe("run", RoundRecord(1, "anml", "krum", 0, 0, people(*names), at=years(at)))
    assert stamps(engine) == {
        "contributors": [microseconds(at + timedelta(hours=h)) for h in (10, 10)],
        "issuers": [microseconds(at + timedelta(hours=11))],
        "contributions": [microseconds(at + timedelta(hours=11))],
        "revocations": [microseconds(at + timedelta(hours=11))],
        "attestations": [],
        # The round asked before anybody was known.
        "reputation": [],
    }
    # Whoever asks now knows all of it, whatever the clock says: 12 and 20, then nothing.
    assert three.now() == at + timedelta(hours=12)
    assert one.now() == at + timedelta(hours=20)
    late = SqlRegistry(engine, clock=lambda: at)
    assert late.now() == at + timedelta(hours=11, microseconds=1)
    assert late.signals(["a"], at=late.now()).v.tolist() == [0.075]


def test_evidence_counts_in_the_next_round_of_a_clock_that_stands_still(world, engine):
    registry = SqlRegistry(engine, clock=lambda: world.day(5))
    world.registry = registry
    for name in "abcd":
        world.join(name)
    good, before = 0.0, None
    for number in range(1, 6):
        at = registry.now()
        assert before is None or at > before
        found = registry.signals(["a"], at=at).r
        assert found == pytest.approx(max(0.4, (0.8 + good) / (2 + good)))
        record = RoundRecord(number, "anml", "krum", 0, 0, people(*"abcd"), at=years(at))
        registry.observe("run", record)
        good, before = 0.8 * good + 1, at


def test_a_registry_without_a_clock_takes_instants_as_they_are_given(world):
    world.join("a", at=5)
    world.join("b", at=2)
    assert [one.identity for one in world.registry.contributors(world.day(3))] == ["b"]


@given(st.lists(instants, min_size=1), st.data())
def test_later_is_the_running_maximum_and_never_stands_still_for_a_clock_that_falls(
    read, data
):
    last, found = None, []
    for at in read:
        reading = later(at, last)
        found.append(reading.at)
        assert reading.at == (at if last is None or at >= last else last + 1 / 31_557_600e6)
        fell = last is not None and (last - at) * 31_557_600 > 5
        assert (reading.note is not None) == fell
        last = reading.at
    assert found == sorted(found)


def test_a_note_that_is_there_already_stays():
    both = later(Reading(1.0, "the clock is wrong"), 1.5).note
    assert both.startswith("the clock is wrong; the clock is 182.6 days behind")


@given(st.lists(st.tuples(st.floats(0, DAY), st.floats(-1e9, 1e9)), min_size=1))
def test_a_steady_clock_says_what_has_passed_whatever_is_set(steps):
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    wall, passed = [begin], [0.0]
    clock = SteadyClock(lambda: wall[0], lambda: passed[0])
    for elapsed, off in steps:
        passed[0] += elapsed
        wall[0] = begin + timedelta(seconds=passed[0] + off)
        assert (clock() - begin).total_seconds() == pytest.approx(passed[0], abs=1e-5)


def test_it_counts_as_the_machine_does():
    clock = SteadyClock()
    for _ in range(3):
        apart = (datetime.now(UTC) - clock()) / timedelta(microseconds=1)
        assert abs(apart) < 2e5  # of a busy machine
    assert MICROSECONDS_A_YEAR == 365.25 * DAY * 1e6


BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def test_uptime_is_what_the_kernel_counts_since_it_was_booted():
    before = time.clock_gettime(BOOT)
    between = uptime()
    assert before <= between <= time.clock_gettime(BOOT)


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="Linux has it")
def test_uptime_is_what_proc_says():
    told = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    assert uptime() == pytest.approx(told, abs=1)


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_wall_clock_that_is_set_moves_neither_uptime_nor_a_steady_clock(monkeypatch, hours):
    real, real_ns = time.time, time.time_ns
    off = [0]
    monkeypatch.setattr(time, "time", lambda: real() + off[0] * 3600)
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + off[0] * 3_600_000_000_000)
    clock = SteadyClock(lambda: datetime.fromtimestamp(time.time(), UTC))
    read, first, began = uptime(), clock(), time.perf_counter()
    off[0] = hours
    time.sleep(0.05)
    counted, steady = uptime() - read, clock() - first
    passed = time.perf_counter() - began
    assert 0.05 <= counted <= passed + 0.01
    assert 0.05 <= steady.total_seconds() <= passed + 0.01
