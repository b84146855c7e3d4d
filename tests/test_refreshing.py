"""Which counts are out of date, counting them together, and never storing what no longer holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from segmentation import counting, leases, refreshing, segments
from segmentation.audience.scope import Scope
from segmentation.auth import operator_scope
from segmentation.counting import count_together, store_counts, subject_of
from segmentation.database import writing
from segmentation.errors import Unavailable
from segmentation.extensions import db
from segmentation.facts.versions import next_version
from segmentation.jobs import kinds, running, sweeping
from segmentation.models import Customer, Job, Segment, Store
from segmentation.models.types import new_id
from segmentation.references import StoredSegments
from segmentation.refreshing import batches, count_batch, due_segments, fingerprint
from segmentation.segments import Draft, change_segment, create_segment, refresh_segment, rules_of
from tests.conftest import make_store

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference
NOON = datetime(2026, 5, 15, 12, tzinfo=UTC)


@pytest.fixture
def scope(store: Store) -> Scope:
    """A store in Riyadh with 40 customers."""
    with writing() as session:
        for number in range(40):
            session.add(Customer(
                store_id=store.id, number=number, id=new_id(), version=1, external_id=f"{number}",
                external_id_folded=f"{number}", orders_count=number, created_at=NOON - timedelta(days=number)))
    return operator_scope(store.id)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The time, which a test may set."""
    now = [NOON]
    for module in (counting, segments, sweeping, kinds):
        monkeypatch.setattr(module, "utc_now", lambda: now[0])
    return now


def saved(scope: Scope, field: str = "orders_count", operator: str = "less_than", value: Any = 10, **more: Any) -> Any:
    """The id of a new segment of one condition, counted."""
    raw = {"logic": "AND", "conditions": [{"field": field, "operator": operator, "value": value, **more}]}
    return create_segment(scope, Draft("x", "", _rules(scope, raw))).id


def _rules(scope: Scope, raw: Any) -> Any:
    return StoredSegments(scope, db.session()).check(raw, None)


def due(scope: Scope, now: datetime = NOON) -> dict[Any, int | None]:
    """What is to be counted again, with the counts that still hold."""
    db.session.rollback()
    return {each.subject.id: each.still.count if each.still else None for each in due_segments(scope, now)}


def touch(scope: Scope) -> None:
    """Change the data: one customer more has fewer than ten orders."""
    with writing() as session:
        version = next_version(session, scope.store_id)
        session.execute(update(Customer).where(Customer.number == 30).values(orders_count=1, version=version))


def counts(scope: Scope) -> dict[Any, tuple[int, int | None]]:
    """The stored counts and the versions they belong to."""
    db.session.rollback()
    return {row.id: (row.cached_count, row.counted_version) for row in db.session.scalars(select(Segment))}


def test_what_changed_data_make_stale(scope: Scope) -> None:
    few, many = saved(scope), saved(scope, operator="greater_than_or_equals")
    assert due(scope) == {}
    touch(scope)
    assert due(scope) == {few: None, many: None}
    [batch] = batches(due_segments(scope, NOON))
    with writing() as session:
        assert store_counts(session, scope, count_batch(scope, batch)) == 2
    assert counts(scope) == {few: (11, 1), many: (29, 1)}
    assert due(scope) == {}


def test_counted_together_as_alone(scope: Scope) -> None:
    for value in range(0, 40, 3):
        saved(scope, value=value)
        saved(scope, operator="equals", value=value)
    subjects = [subject_of(scope, row, rules_of(scope, row))
                for row in db.session.scalars(select(Segment)).all()]
    together = {each.id: counted.count for each, counted in count_together(scope, subjects, 60)}
    assert together == {each.id: segments.count(scope, each.rules, 60).count for each in subjects}
    assert len(set(together.values())) > 5


@ON_SQLITE
def test_what_a_new_day_makes_stale(scope: Scope) -> None:
    plain, dated = saved(scope), saved(scope, "created_at", "in_last", 7, unit="days")
    hourly = saved(scope, "created_at", "in_last", 5, unit="hours")
    fixed = saved(scope, "created_at", "after", "2026-05-01")
    evening, morning = datetime(2026, 5, 15, 20, 59, tzinfo=UTC), datetime(2026, 5, 15, 21, 1, tzinfo=UTC)
    assert due(scope, evening) == {}
    found = due(scope, morning)
    assert found.keys() == {plain, dated, hourly, fixed}
    assert (found[plain], found[fixed]) == (10, 14)
    assert (found[dated], found[hourly]) == (None, None)


@ON_SQLITE
def test_inactive_and_invalid_segments_are_left_alone(scope: Scope) -> None:
    idle, broken = saved(scope), saved(scope)
    change_segment(scope, idle, {"is_active": False}, None)
    with writing() as session:
        session.execute(update(Segment).where(Segment.id == broken).values(rules={"logic": "AND", "conditions": [
            {"field": "attributes.gone", "operator": "is_empty"}]}))
    touch(scope)
    assert due(scope) == {}


def test_changed_rules_make_those_stale_that_lead_to_them(scope: Scope) -> None:
    first = saved(scope)
    second = saved(scope, "in_segment", "in", [str(first)])
    third = saved(scope, "in_segment", "not_in", [str(second)])
    change_segment(scope, first, {"rules": _rules(scope, {"logic": "AND"})}, None)
    assert due(scope) == {second: None, third: None}
    for segment in (second, third):
        refresh_segment(scope, segment)
    assert counts(scope) == {first: (40, 0), second: (40, 0), third: (0, 0)}


def test_a_count_is_not_stored_for_rules_that_changed_meanwhile(scope: Scope) -> None:
    first = saved(scope)
    second = saved(scope, "in_segment", "in", [str(first)])
    taken = [(subject_of(scope, row, rules_of(scope, row)), counting.Counted(99, NOON, 5))
             for row in db.session.scalars(select(Segment)).all()]
    change_segment(scope, first, {"rules": _rules(scope, {"logic": "AND"})}, None)
    with writing() as session:
        assert store_counts(session, scope, taken) == 0
    assert counts(scope) == {first: (40, 0), second: (10, None)}


def test_a_count_of_older_data_is_not_stored_over_a_newer_one(scope: Scope) -> None:
    segment = saved(scope)
    row = db.session.scalars(select(Segment)).one()
    subject = subject_of(scope, row, rules_of(scope, row))
    for number, version, stored in ((11, 5, 1), (12, 4, 0), (13, 5, 1), (14, 6, 1)):
        with writing() as session:
            assert store_counts(session, scope, [(subject, counting.Counted(number, NOON, version))]) == stored
    assert counts(scope) == {segment: (14, 6)}


@ON_SQLITE
def test_one_that_cannot_be_counted_does_not_stop_the_others(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [saved(scope, value=value) for value in (1, 2, 3)]
    touch(scope)
    count = counting.count

    def failing(scope: Scope, rules: Any, seconds: float) -> Any:
        if rules.conditions[0].value == 2:
            raise Unavailable()
        return count(scope, rules, seconds)

    monkeypatch.setattr(refreshing, "count", failing)
    monkeypatch.setattr(refreshing, "count_together", lambda scope, subjects, seconds: [
        (each, failing(scope, each.rules, seconds)) for each in subjects])
    [batch] = batches(due_segments(scope, NOON))
    assert [subject.id for subject, _ in count_batch(scope, batch)] == [ids[0], ids[2]]


@ON_SQLITE
def test_batches_are_bounded(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(7):
        saved(scope)
    touch(scope)
    found = due_segments(scope, NOON)
    for at_once, conditions, sizes in ((3, 400, [3, 3, 1]), (25, 2, [2, 2, 2, 1]), (25, 400, [7])):
        monkeypatch.setattr(refreshing, "AT_ONCE", at_once)
        monkeypatch.setattr(refreshing, "CONDITIONS_AT_ONCE", conditions)
        assert [len(batch) for batch in batches(found)] == sizes


@ON_SQLITE
def test_a_segment_too_slow_to_count_with_the_write_is_counted_by_a_job(
    app: Flask, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "_try_count", lambda *_: None)
    segment = saved(scope)
    assert counts(scope) == {segment: (0, None)}
    job = db.session.scalars(select(Job)).one()
    assert (job.kind, job.state, job.params) == ("refresh", "queued", {"segment_id": str(segment)})
    running.run(job.id)
    assert counts(scope) == {segment: (10, 0)}


def test_the_sweep_asks_for_a_refresh_once(scope: Scope, clock: list[datetime]) -> None:
    segment = saved(scope)
    assert list(sweeping.ask_refreshes()) == []
    touch(scope)
    [job_id] = sweeping.ask_refreshes()
    assert list(sweeping.ask_refreshes()) == []
    running.run(job_id)
    assert counts(scope) == {segment: (11, 1)}
    assert list(sweeping.ask_refreshes()) == []
    clock[0] += timedelta(days=1)
    [job_id] = sweeping.ask_refreshes()
    running.run(job_id)
    assert counts(scope) == {segment: (11, 1)}
    assert db.session.scalars(select(Segment.count_cached_at)).one() == clock[0]
    assert list(sweeping.ask_refreshes()) == []


@ON_SQLITE
def test_the_sweep_does_not_try_for_ever(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(scope)
    touch(scope)
    [job_id] = sweeping.ask_refreshes()
    monkeypatch.setattr(kinds, "count_batch", lambda *_: [])
    running.run(job_id)
    assert list(sweeping.ask_refreshes()) == []
    touch(scope)
    assert len(sweeping.ask_refreshes()) == 1


@ON_SQLITE
def test_the_sweep_waits_for_work_that_ends_in_a_refresh(scope: Scope) -> None:
    saved(scope)
    touch(scope)
    with writing() as session:
        job_id = leases.add(session, scope.store_id, "import_orders", {}).id
    assert list(sweeping.ask_refreshes()) == []
    with writing() as session:
        session.execute(update(Job).where(Job.id == job_id).values(state="done"))
    assert len(sweeping.ask_refreshes()) == 1


@ON_SQLITE
def test_the_sweep_looks_at_each_store_for_itself(scope: Scope) -> None:
    saved(scope)
    touch(scope)
    busy, without_segments = make_store("busy").id, operator_scope(make_store("without segments").id)
    touch(without_segments)
    with writing() as session:
        leases.add(session, busy, "import_orders", {})
    assert list(sweeping._stores_to_look_at(NOON)) == [scope.store_id]


@ON_SQLITE
def test_the_fingerprint_changes_with_what_is_due(scope: Scope) -> None:
    saved(scope)
    touch(scope)
    told = {fingerprint(scope, due_segments(scope, NOON), NOON)}
    told.add(fingerprint(scope, due_segments(scope, NOON), NOON + timedelta(hours=1)))
    assert len(told) == 1
    told.add(fingerprint(scope, due_segments(scope, NOON), NOON + timedelta(days=1)))
    touch(scope)
    told.add(fingerprint(scope, due_segments(scope, NOON), NOON))
    saved(scope)
    touch(scope)
    told.add(fingerprint(scope, due_segments(scope, NOON), NOON))
    assert len(told) == 4


@ON_SQLITE
def test_old_jobs_are_forgotten_but_never_the_newest(store: Store) -> None:
    with writing() as session:
        ids = [leases.add(session, store.id, "score", {}).id for _ in range(3)]
        session.execute(update(Job).where(Job.id != ids[1]).values(finished_at=datetime(2020, 1, 1, tzinfo=UTC)))
    sweeping.sweep()
    assert db.session.scalars(select(Job.id).order_by(Job.number)).all() == ids[1:]
