"""Changing a store's settings: what follows from them is exact, and holds for everybody at the same moment."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from segmentation import customers, leases, limits, segments, stores
from segmentation.audience.scope import Scope
from segmentation.auth import operator_scope
from segmentation.counting import count, store_counts, subject_of
from segmentation.database import writing
from segmentation.errors import Conflict, DomainError, Invalid, Stale
from segmentation.extensions import db
from segmentation.facts.order_objects import read_orders
from segmentation.facts.statistics import TOO_MUCH
from segmentation.jobs import running
from segmentation.models import AuditEvent, Customer, Job, Order, Segment, Store
from segmentation.models.accounts import DEFAULT_COUNTED_STATUSES
from segmentation.references import StoredSegments
from segmentation.refreshing import due_segments
from segmentation.scoring import score_store
from segmentation.segments import Draft, create_segment, get_segment, rules_of
from tests.conftest import make_store
from tests.people.conftest import at_once
from tests.test_scoring import NOW, Bought, ago, fill, five, marks, plainly, random_people, statistics, versions

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference
OTHERS = ["cancelled"]
FIGURES = ("orders_count", "orders_amount", "first_order_at", "last_order_at")


@pytest.fixture
def store(app: Flask) -> Store:
    """A store whose id is known whatever becomes of the session it was made in."""
    return Store(id=make_store().id)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores are as of then."""
    monkeypatch.setattr(stores, "utc_now", lambda: NOW)


def change(store_id: uuid.UUID, expected: set[int] | None = None, **settings: Any) -> Job | None:
    """Change settings as the operator."""
    db.session.rollback()
    return stores.change_store(operator_scope(store_id), settings, expected)


def turned(people: list[list[Bought]]) -> list[list[Bought]]:
    """The same orders, of which those count that did not."""
    return [[order._replace(counted=not order.counted) for order in orders] for orders in people]


def stored(store_id: uuid.UUID) -> list[dict[str, Any]]:
    """The order statistics of each customer."""
    db.session.rollback()
    rows = db.session.scalars(select(Customer).where(Customer.store_id == store_id).order_by(Customer.number))
    return [{name: getattr(row, name) for name in FIGURES} for row in rows]


def store_at(store_id: uuid.UUID) -> Store:
    """The store as it is now."""
    db.session.rollback()
    return db.session.get_one(Store, store_id, populate_existing=True)


def events(action: str = "store_change") -> list[dict[str, Any]]:
    """What was told of changes, the first first."""
    return list(db.session.scalars(
        select(AuditEvent.details).where(AuditEvent.action == action).order_by(AuditEvent.number)))


@pytest.mark.parametrize("seed", range(4))
def test_statistics_and_scores_follow_the_statuses_and_the_zone(store: Store, seed: int) -> None:
    people = random_people(random.Random(seed))
    fill(store, people)
    score_store(store.id, NOW)
    assert change(store.id, counted_statuses=OTHERS) is None
    assert stored(store.id) == [statistics(orders) for orders in turned(people)]
    assert marks(store) == plainly(turned(people), NOW)
    assert change(store.id, timezone="Asia/Dubai") is None
    assert marks(store) == plainly(turned(people), NOW, ahead=4)
    assert change(store.id, counted_statuses=list(DEFAULT_COUNTED_STATUSES), timezone="Asia/Riyadh") is None
    assert stored(store.id) == [statistics(orders) for orders in people]
    assert marks(store) == plainly(people, NOW)


def test_the_zone_moves_the_days_by_which_people_are_scored(store: Store) -> None:
    """The test above would say little if no seed had orders between the two midnights."""
    start = NOW.replace(hour=20, minute=30)  # half past midnight in Dubai, half an hour before it in Riyadh
    fill(store, [[Bought(start - timedelta(hours=hours), 100)] for hours in (0, 1, 2, 3, 4)])
    score_store(store.id, NOW)
    before = [row[1] for row in marks(store)]
    change(store.id, timezone="Asia/Dubai")
    assert before == [3] * 5
    assert [row[1] for row in marks(store)] == [5, 1, 1, 1, 1]


def test_whoever_has_a_changed_order_or_score_gets_the_one_new_version(store: Store) -> None:
    fill(store, [*five(), [ago(3, counted=False)], []])
    score_store(store.id, NOW)
    change(store.id, counted_statuses=[*DEFAULT_COUNTED_STATUSES, *OTHERS])
    assert store_at(store.id).data_version == 2
    six, rest = versions(store)[5], versions(store)[:5]
    assert (six, versions(store)[6]) == (2, 0)
    assert 2 in rest, "its orders are as they were, but the sixth buyer moved somebody's score"
    assert events()[0] | {"scores_changed": 0} == {
        "keys": ["counted_statuses"], "orders_changed": 1, "customers_changed": 1, "scores_changed": 0}


def test_what_no_answer_depends_on_makes_no_new_version(store: Store) -> None:
    fill(store, five())
    score_store(store.id, NOW)
    change(store.id, name="  Bazaar ", language="ar", country=None)
    row = store_at(store.id)
    assert (row.name, row.language, row.country) == ("Bazaar", "ar", None)
    assert (row.data_version, row.settings_version) == (1, 2)
    assert change(store.id, name="Bazaar") is None
    assert (store_at(store.id).settings_version, len(events())) == (2, 1), "it was called that already"


def test_a_store_that_was_never_scored_is_not_scored_by_the_way(store: Store) -> None:
    fill(store, five())
    change(store.id, counted_statuses=OTHERS)
    assert {row.segment for row in db.session.scalars(select(Customer))} == {None}
    assert store_at(store.id).rfm is None


def saved(scope: Scope, conditions: Any) -> uuid.UUID:
    """A new segment, counted."""
    rules = StoredSegments(scope, db.session()).check({"logic": "AND", "conditions": conditions}, None)
    return create_segment(scope, Draft("x", "", rules)).id


@pytest.mark.parametrize("settings", [
    {"timezone": "Pacific/Auckland"}, {"week_start": 0}, {"counted_statuses": OTHERS}])
def test_stored_counts_are_out_of_date_and_counted_again(store: Store, settings: dict[str, Any]) -> None:
    fill(store, five())
    segment_id = saved(operator_scope(store.id), [{"field": "orders_count", "operator": "greater_than", "value": 2}])
    assert [due_segments(operator_scope(store.id), NOW), get_segment(operator_scope(store.id), segment_id).cached_count
            ] == [[], 3]
    change(store.id, **settings)
    row = get_segment(operator_scope(store.id), segment_id)
    assert row.counted_version != store_at(store.id).data_version
    [job] = db.session.scalars(select(Job).where(Job.kind == "refresh"))
    running.run(job.id)
    row = get_segment(operator_scope(store.id), segment_id)
    assert row.cached_count == (0 if "counted_statuses" in settings else 3)
    assert row.counted_version == store_at(store.id).data_version


def test_a_count_that_was_taken_by_other_settings_is_not_stored(store: Store) -> None:
    fill(store, five())
    scope = operator_scope(store.id)
    segment_id = saved(scope, [{"field": "orders_count", "operator": "greater_than", "value": 2}])
    row = get_segment(scope, segment_id)
    subject = subject_of(scope, row, rules_of(scope, row))
    change(store.id, timezone="Pacific/Auckland")
    late = count(scope, subject.rules, 10)
    assert late.data_version == store_at(store.id).data_version, "it would be taken for fresh"
    with writing() as session:
        assert store_counts(session, scope, [(subject, late)]) == 0
    now = operator_scope(store.id)
    with writing() as session:
        assert store_counts(session, now, [(subject, count(now, subject.rules, 10))]) == 1


def test_a_segment_saved_while_the_zone_changes_is_counted_later(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, five())
    scope = operator_scope(store.id)

    def meanwhile(*arguments: Any) -> Any:
        change(store.id, timezone="Pacific/Auckland")
        return count(*arguments)

    monkeypatch.setattr(segments, "count", meanwhile)
    segment_id = saved(scope, [{"field": "orders_count", "operator": "greater_than", "value": 2}])
    assert (row := db.session.get_one(Segment, (store.id, segment_id))).counted_version is None
    jobs = db.session.scalars(select(Job).where(Job.kind == "refresh"))
    assert str(row.id) in {job.params.get("segment_id") for job in jobs}


def test_nobody_sees_a_moment_between(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the change is made, other connections see all of what was before."""
    people = [*five(), [ago(3, counted=False)]]
    fill(store, people)
    score_store(store.id, NOW)
    seen, score = [], stores.score_within

    def looking(*arguments: Any) -> Any:
        scored = score(*arguments)
        with db.engine.connect() as other:
            counted = other.execute(select(Store.counted_statuses)).scalar_one()
            figures = other.execute(select(*(getattr(Customer, name) for name in FIGURES)).order_by(Customer.number))
            seen.append((counted, [dict(row._mapping) for row in figures]))
        return scored

    monkeypatch.setattr(stores, "score_within", looking)
    change(store.id, counted_statuses=OTHERS)
    assert seen == [(list(DEFAULT_COUNTED_STATUSES), [statistics(orders) for orders in people])]
    assert stored(store.id) == [statistics(orders) for orders in turned(people)]


def test_what_takes_long_is_done_by_a_job_and_until_then_nothing_is_changed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [*five(), [ago(3, counted=False)]]
    fill(store, people)
    score_store(store.id, NOW)
    with writing() as session:
        session.execute(update(Store).values(last_order_number=16, last_customer_number=6))
    monkeypatch.setattr(limits, "CHANGED_AT_ONCE", 15)
    assert change(store.id, name="Bazaar") is None, "nothing follows from a name"
    job = change(store.id, counted_statuses=OTHERS, timezone="Asia/Dubai", name="Souq")
    assert job is not None
    job_id = job.id
    assert stored(store.id) == [statistics(orders) for orders in people]
    assert (store_at(store.id).name, store_at(store.id).timezone) == ("Bazaar", "Asia/Riyadh")
    with pytest.raises(Conflict, match="already"):
        change(store.id, name="Market")
    running.run(job_id)
    row = db.session.scalars(select(Job).where(Job.id == job_id)).one()
    assert (row.state, row.result) == ("done", {"orders_changed": 16, "customers_changed": 6, "scores_changed": 6})
    assert stored(store.id) == [statistics(orders) for orders in turned(people)]
    assert marks(store) == plainly(turned(people), NOW, ahead=4)
    assert (store_at(store.id).name, store_at(store.id).timezone) == ("Souq", "Asia/Dubai")
    assert change(store.id, name="Market") is None


@ON_SQLITE
def test_a_job_that_is_stopped_leaves_everything_as_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [*five(), [ago(3, counted=False)]]
    fill(store, people)
    monkeypatch.setattr(limits, "CHANGED_AT_ONCE", -1)
    job = change(store.id, counted_statuses=OTHERS)
    assert job is not None
    monkeypatch.setattr(leases, "finish", lambda *_: (_ for _ in ()).throw(RuntimeError()))
    running.run(job.id)
    assert stored(store.id) == [statistics(orders) for orders in people]
    assert store_at(store.id).counted_statuses == list(DEFAULT_COUNTED_STATUSES)
    assert store_at(store.id).settings_version == 1


@ON_SQLITE
def test_a_file_is_read_by_one_state_of_the_settings(store: Store) -> None:
    lease = leases.claim(store.id, "import_orders", "digest", ())
    job = change(store.id, timezone="Asia/Dubai")
    assert job is not None
    assert leases.take(job.id) is None, "an import is at work"
    leases.release(lease)
    running.run(job.id)
    assert store_at(store.id).timezone == "Asia/Dubai"
    leases.claim(store.id, "import_orders", "digest", ())
    assert change(store.id, counted_statuses=OTHERS) is None, "of these each batch makes sure itself"


@ON_SQLITE
def test_a_command_does_not_import_while_the_settings_are_changed(store: Store) -> None:
    with writing() as session:
        job = leases.add(session, store.id, "settings", {"changes": {}})
    assert leases.take(job.id)
    with pytest.raises(Conflict, match="change of the settings"):
        leases.claim(store.id, "import_orders", "digest", ("import_orders", "settings"))


@ON_SQLITE
def test_the_currency_stays_once_there_are_orders(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert change(store.id, currency="EUR") is None
    lease = leases.claim(store.id, "import_orders", "digest", ())
    job = change(store.id, currency="USD")
    assert job is not None, "the file may bring the first orders"
    job_id = job.id
    fill(store, five())
    leases.release(lease)
    running.run(job_id)
    assert db.session.scalars(select(Job.state).where(Job.id == job_id)).one() == leases.FAILED
    assert store_at(store.id).currency == "EUR"
    with pytest.raises(Conflict) as refused:
        change(store.id, currency="USD", name="Bazaar")
    assert (refused.value.code, store_at(store.id).name) == ("currency_in_use", "Souq")


def test_amounts_that_would_not_fit_change_nothing(store: Store) -> None:
    people = [[ago(1), *(ago(day, counted=False) for day in (2, 3))]]
    fill(store, people)
    with writing() as session:
        session.execute(update(Order).where(~Order.is_counted).values(amount=2**62))
    with pytest.raises(Invalid, match=TOO_MUCH[:20]):
        change(store.id, counted_statuses=OTHERS, name="Bazaar")
    assert stored(store.id) == [statistics(people[0][:1])]
    assert (store_at(store.id).name, store_at(store.id).settings_version) == ("Souq", 1)


@ON_SQLITE
def test_only_the_version_that_was_read_is_overwritten(store: Store) -> None:
    assert change(store.id, {1}, name="Bazaar") is None
    for expected in ({1}, set(), {3}):
        with pytest.raises(Stale) as refused:
            change(store.id, expected, name="Market")
        assert refused.value.extra["store"].name == "Bazaar"
    assert change(store.id, {1, 2}, name="Market") is None


@ON_SQLITE
@pytest.mark.parametrize(("settings", "path"), [
    ({"name": " "}, "/name"), ({"name": "x" * 121}, "/name"), ({"name": "a\nb"}, "/name"),
    ({"timezone": "Mars/Olympus"}, "/timezone"), ({"timezone": "../../etc/passwd"}, "/timezone"),
    ({"currency": "ZZZ"}, "/currency"), ({"country": "ZZ"}, "/country"), ({"week_start": 7}, "/week_start"),
    ({"week_start": -1}, "/week_start"), ({"language": "fr"}, "/language"),
    ({"counted_statuses": []}, "/counted_statuses"), ({"counted_statuses": [" ", "\t"]}, "/counted_statuses"),
    ({"counted_statuses": ["x" * 41]}, "/counted_statuses"),
    ({"counted_statuses": ["a\0"]}, "/counted_statuses"),
    ({"counted_statuses": [str(number) for number in range(51)]}, "/counted_statuses"),
])
def test_settings_that_make_no_sense_are_refused(store: Store, settings: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        change(store.id, **{"name": "Bazaar", **settings})
    assert [problem.path for problem in refused.value.problems] == [path]
    assert store_at(store.id).name == "Souq"


@ON_SQLITE
def test_statuses_are_spelled_as_orders_have_them(store: Store) -> None:
    fill(store, [[ago(1, counted=False)]])
    change(store.id, counted_statuses=[" Cancelled ", "CANCELLED", "تم  التسليم"])
    assert len(store_at(store.id).counted_statuses) == 2
    assert stored(store.id)[0]["orders_count"] == 1


def test_orders_written_meanwhile_count_as_the_store_says(app: Flask, store: Store) -> None:
    """Batches of orders and changes of the statuses in a race; in the end every figure follows from the orders."""
    store_id = store.id
    with writing() as session:
        session.execute(insert(Customer).values([
            {"store_id": store_id, "number": number, "id": uuid.uuid4(), "version": 0, "external_id": f"c{number}",
             "external_id_folded": f"c{number}"} for number in range(1, 4)]))
        session.execute(update(Store).values(last_customer_number=3))

    def write(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(6):
            items = [{"external_id": f"o{rng.randrange(30)}", "customer_id": f"c{rng.randrange(1, 4)}",
                      "ordered_at": "2025-05-01", "status": rng.choice(["paid", "cancelled", "open"]),
                      "total": rng.randrange(100)} for _ in range(3)]
            scope = operator_scope(store_id)
            unique = list({item["external_id"]: item for item in items}.values())
            customers.write_orders(scope, read_orders(unique, "/orders", scope.settings.zone, "SAR"))

    def turn(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(5):
            change(store_id, counted_statuses=rng.sample(["paid", "cancelled", "open"], rng.randrange(1, 3)))

    ended = at_once(app, [*(lambda seed=seed: write(seed) for seed in range(3)),
                          *(lambda seed=seed: turn(seed) for seed in range(2))])
    assert not [each for each in ended if isinstance(each, Exception) and not isinstance(each, DomainError)], ended
    assert dict(expected(store_id)) == {
        row.number: (row.orders_count, row.orders_amount) for row in db.session.scalars(select(Customer))}


def expected(store_id: uuid.UUID) -> Iterator[tuple[int, tuple[int, int]]]:
    """By customer: how many orders count by their statuses, and how much these are."""
    counted = store_at(store_id).counted_statuses
    orders = db.session.scalars(select(Order).where(Order.store_id == store_id)).all()
    assert orders
    assert all(order.is_counted == (order.status in counted) for order in orders)
    for number in db.session.scalars(select(Customer.number)):
        own = [order.amount for order in orders if order.customer_number == number and order.status in counted]
        yield number, (len(own), sum(own))
