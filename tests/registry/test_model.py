"""Signals against a model in plain Python that goes through all facts; and again, later."""

from __future__ import annotations

import uuid

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anml_fl.database.engine import open_database
from anml_fl.method.provenance import DECAY_RATES, Verification
from anml_fl.method.records import ContributorRecord, RoundRecord
from anml_fl.method.reputation import Evidence, ReputationRule, conduct
from anml_fl.registry.clock import MICROSECONDS_A_YEAR, microseconds, years
from anml_fl.registry.domain import Revocation, Withdrawn

NAMES = ["a", "b", "c", "nobody"]
LEVELS = [v for v in Verification if v.middle > 0.5]

few = st.integers(0, 2)
who = st.sampled_from(NAMES[:3])
fact = st.one_of(
    st.tuples(st.just("join"), who, st.sampled_from(list(DECAY_RATES))),
    st.tuples(st.just("bring"), who, few, st.integers(-900, 10)),
    st.tuples(st.just("show"), who, few, st.sampled_from(LEVELS), st.integers(1, 40), few),
    st.tuples(st.just("revoke key"), st.integers(0, 40)),
    st.tuples(st.just("revoke token"), st.integers(0, 30), st.integers(0, 40)),
    st.tuples(st.just("flag"), who, few, st.integers(0, 40)),
    st.tuples(st.just("observe"), st.lists(st.floats(0, 1), min_size=4, max_size=4), few),
)
# Days between facts: several at one instant are common.
facts = st.lists(st.tuples(st.sampled_from([0, 0, 1, 3]), fact), min_size=4, max_size=30)


class Model:
    """All facts, and what they mean."""

    def __init__(self, world):
        self.world, self.people, self.data, self.words = world, {}, [], []
        self.keys, self.tokens, self.flags, self.rows = [], [], [], []

    def add(self, day, kind, *given):
        """Add a fact to the registry and here; a registry that refuses it adds nothing."""
        try:
            getattr(self, f"_{kind.replace(' ', '_')}")(day, *given)
        except ValueError:
            return

    def _join(self, day, name, domain):
        self.world.join(name, at=day, domain=domain)
        self.people[name] = (day, domain)

    def _bring(self, day, name, number, collected):
        self.world.bring(name, number, at=day, collected=collected)
        self.data.append((name, number, collected, day))

    def _show(self, day, name, number, level, lasts, ago):
        id, issued = str(len(self.words)), max(0, day - ago)
        token = self.world.token(
            name, number, level=level, id=id, issued=issued, expires=day + lasts
        )
        refused = self.world.show(name, token, at=day)
        self.words.append(
            None if refused else (name, number, level, issued, day + lasts, day, id)
        )

    def _revoke_key(self, day, moment):
        self._revoke(Withdrawn.ISSUER_KEY, self.world.key_id, moment, day)
        self.keys.append((moment, day))

    def _revoke_token(self, day, number, moment):
        self._revoke(Withdrawn.ATTESTATION, f"{self.world.key_id}/{number}", moment, day)
        self.tokens.append((str(number), moment, day))

    def _flag(self, day, name, number, moment):
        self._revoke(Withdrawn.CONTRIBUTION, f"{name}/{self.world.data(number)}", moment, day)
        self.flags.append((name, number, moment, day))

    def _revoke(self, kind, target, moment, day):
        revocation = Revocation(kind, target, self.world.day(moment), "why")
        self.world.registry.revoke(revocation, self.world.day(day))

    def _observe(self, day, qs, out):
        people = tuple(
            ContributorRecord(
                n, q, 0.5, 0.5, 1.0, 0.2, 0.2, q > 0.4, "late" if i == out else None
            )
            for i, (n, q) in enumerate(zip(NAMES, qs, strict=True))
        )
        at = years(self.world.day(day))
        record = RoundRecord(len(self.rows) + 1, "anml", "krum", 0.1, 0.1, people, at=at)
        self.world.registry.observe("run", record)
        self.rows.append((day, people, conduct(record)[0], set(self.people)))

    def signals(self, name, day):
        if self.people.get(name, (np.inf,))[0] > day:
            return Verification.SELF_ATTESTED.middle, 0.4, 1.0
        r, evidence, rule = 0.4, Evidence.none(1), ReputationRule()
        for when, people, outcomes, known in self.rows:
            if when < day and name in known:
                i = NAMES.index(name)
                evidence = rule.after(evidence, outcomes[[i]], [people[i].reason is None])
                r = float(rule.reputation(evidence)[0])
        mine = [(d[3], i, d) for i, d in enumerate(self.data) if d[0] == name and d[3] <= day]
        if not mine:
            return Verification.SELF_ATTESTED.middle, r, 1.0
        _, number, collected, _ = max(mine)[2]
        at, start = (microseconds(self.world.day(x)) for x in (day, collected))
        rate = DECAY_RATES[self.people[name][1]]
        T = float(np.exp(-rate * (max(0, at - start) / MICROSECONDS_A_YEAR)))
        if any(f[:2] == (name, number) and max(f[2:]) <= day for f in self.flags):
            return Verification.FLAGGED_OR_RETRACTED.middle, r, T
        levels = [
            level.middle
            for owner, data, level, issued, expires, received, id in filter(None, self.words)
            if (owner, data) == (name, number) and received <= day < expires
            if not any(
                known <= day < np.inf and max(received, issued) > moment
                for moment, known in self.keys
            )
            if not any(
                token == id and max(moment, known) <= day
                for token, moment, known in self.tokens
            )
        ]
        return max(levels, default=Verification.SELF_ATTESTED.middle), r, T


@pytest.fixture
def fresh(request, tmp_path, worlds):
    """Make empty registries, many in one test."""
    opened = []

    def make():
        engine = open_database(tmp_path / f"{uuid.uuid4().hex}.db")
        opened.append(engine)
        world = worlds(engine)
        world.trust()
        return world

    yield make
    for engine in opened:
        engine.dispose()


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(facts)
def test_signals_are_the_models_and_stay_so(fresh, worlds, drawn):
    world = fresh()
    check(world, worlds, drawn)


@settings(
    deadline=None, max_examples=1, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(st.lists(st.tuples(st.sampled_from([0, 1, 3]), fact), min_size=30, max_size=40))
def test_signals_are_the_models_on_every_database(world, worlds, drawn):
    world.trust()
    check(world, worlds, drawn)


def check(world, worlds, drawn):
    model, day, answers = Model(world), 0, []
    for name in NAMES[:2]:
        model.add(0, "join", name, "news")
        model.add(0, "bring", name, 0, -100)
    for pause, given_fact in drawn:
        if pause:
            # All that is known by `day` is there: the answer must hold for ever.
            answers.append((day, world.registry.signals(NAMES, at=world.day(day))))
        day += pause
        model.add(day, *given_fact)
    again = worlds(world.engine)
    for when, before in answers:
        for registry in (world.registry, again.registry):
            now = registry.signals(NAMES, at=world.day(when))
            for one, other in ((now.v, before.v), (now.r, before.r), (now.T, before.T)):
                assert one.tolist() == other.tolist()
        expected = [model.signals(name, when) for name in NAMES]
        assert list(zip(before.v, before.r, before.T, strict=True)) == expected
