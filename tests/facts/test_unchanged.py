"""What is stored again as it is changes nothing: no version, no row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from segmentation.database import writing
from segmentation.extensions import db
from segmentation.facts.customer_rows import CustomerRecord
from segmentation.facts.customers import upsert_customers
from segmentation.facts.order_rows import Line, OrderHead, OrderRecord
from segmentation.facts.orders import upsert_orders
from segmentation.facts.writing import Written
from segmentation.models import Attribute, Customer, Order, Store
from tests.facts.test_customers import attributes, tags

NOON = datetime(2024, 5, 1, 9, 0, 0, 123_456, tzinfo=UTC)
SALMA = CustomerRecord(
    "1", {"city": "جدّة", "email": "a@b.co", "birthday": date(1990, 2, 3), "accepts_marketing": False,
          "created_at": NOON, "first_name": None}, ("b", "أ", "A"), {"points": 15_000, "joined": NOON, "vip": None})


def customers(store: Store, *records: CustomerRecord) -> Written:
    """Store customers and commit."""
    with writing() as session:
        return upsert_customers(session, store.id, records)


def orders(store: Store, *records: OrderRecord, job: int | None = None) -> Written:
    """Store orders and commit."""
    with writing() as session:
        return upsert_orders(session, store.id, records, job)


def order(order_id: str, *lines: Line, **head: Any) -> OrderRecord:
    """An order of customer c."""
    return OrderRecord(OrderHead(order_id, "c", NOON, **head), list(lines))


def versions(store: Store) -> tuple[int, Sequence[int]]:
    """The store's data version, and its customers'."""
    db.session.rollback()
    return db.session.get_one(Store, store.id).data_version, db.session.scalars(
        db.select(Customer.version).order_by(Customer.number)).all()


@pytest.fixture
def declared(store: Store) -> Store:
    """A store with attributes."""
    with writing() as session:
        session.add_all(Attribute(store_id=store.id, key=key, label=key, kind=kind) for key, kind in (
            ("points", "number"), ("joined", "instant"), ("vip", "boolean")))
    return store


def test_a_customer_as_it_is(declared: Store) -> None:
    assert customers(declared, SALMA) == Written(1, created=1)
    assert customers(declared, SALMA) == Written(1, unchanged=1)
    assert customers(declared, CustomerRecord("1"), CustomerRecord("2")) == Written(2, created=1, unchanged=1)
    assert versions(declared) == (2, [1, 2])


@pytest.mark.parametrize("change", [
    {"values": {"city": None}}, {"values": {"accepts_marketing": None}}, {"values": {"first_name": "x"}},
    {"tags": ("b", "أ")}, {"tags": ("b", "أ", "a")}, {"tags": ()}, {"attributes": {"points": 15_001}},
    {"attributes": {"joined": None}}, {"attributes": {"vip": False}},
])
def test_a_customer_of_whom_one_thing_changes(declared: Store, change: dict[str, Any]) -> None:
    customers(declared, SALMA, CustomerRecord("2", {"city": "X"}))
    assert customers(declared, CustomerRecord("1", **change), CustomerRecord("2")) == Written(
        2, changed=1, unchanged=1)
    assert versions(declared) == (2, [2, 1])
    assert customers(declared, SALMA) == Written(3, changed=1)
    assert tags(declared, "1") == {"b": "b", "ا": "أ", "a": "A"}
    assert {key: (row[2], row[4]) for key, row in attributes(declared, "1").items()} == {
        "points": (15_000, None), "joined": (None, NOON)}


def test_records_of_one_batch_may_speak_of_different_things(declared: Store) -> None:
    customers(declared, SALMA, CustomerRecord("2", {"city": "X"}, ("t",), {"vip": True}))
    assert customers(
        declared, CustomerRecord("1", {"city": "Y"}), CustomerRecord("2", {}, None, {"points": 1}),
        CustomerRecord("3", {}, ("u",))) == Written(2, created=1, changed=2)
    assert [row.city for row in db.session.scalars(db.select(Customer).order_by(Customer.number))] == ["Y", "X", None]
    assert [list(tags(declared, key)) for key in "123"] == [["a", "b", "ا"], ["t"], ["u"]]
    assert [list(attributes(declared, key)) for key in "123"] == [["joined", "points"], ["points", "vip"], []]


def test_an_order_as_it_is(store: Store) -> None:
    shoe = Line("s", "Shoe", quantity=2, unit_price=5)
    for job in (None, 7, 8):
        written = orders(store, order("1", shoe, city="X"), order("2", total=3), job=job)
        assert written == (Written(1, created=2) if job is None else Written(1, unchanged=2))
    assert db.session.scalars(db.select(Order.written_by).order_by(Order.number)).all() == [-8, 8]
    assert orders(store, order("1", shoe, city="X"), order("2", total=4)) == Written(2, changed=1, unchanged=1)
    assert versions(store) == (2, [2])


@pytest.mark.parametrize("changed", [
    order("1", Line("s", unit_price=5)), order("1", Line("s", unit_price=5), Line("s"), city="X"),
    order("1", Line("t", unit_price=5), city="X"), order("1", Line("s", unit_price=5), city="X", status="open"),
    order("1", Line("s", unit_price=5), city="X", total=6), order("1", city="X", total=5),
])
def test_an_order_of_which_one_thing_changes(store: Store, changed: OrderRecord) -> None:
    orders(store, order("1", Line("s", unit_price=5), city="X"))
    assert orders(store, changed) == Written(2, changed=1)
    assert versions(store) == (2, [2])


def test_which_statuses_count_may_have_changed_meanwhile(store: Store) -> None:
    orders(store, order("1", total=1, status="open"))
    with writing() as session:
        session.get_one(Store, store.id).counted_statuses = ["open"]
    assert orders(store, order("1", total=1, status="open")) == Written(2, changed=1)
    assert db.session.scalars(db.select(Customer.orders_count)).all() == [1]


def test_a_further_piece_of_an_order_that_was_as_it_was_is_added(store: Store) -> None:
    first, second = order("1", Line("a", unit_price=1)), order("1", Line("b", unit_price=2))
    orders(store, first, job=7)
    assert orders(store, first, job=8) == Written(1, unchanged=1)
    assert orders(store, second, job=8) == Written(2, changed=1)
    assert db.session.scalars(db.select(Order.amount)).all() == [3]
    assert orders(store, first, job=9) == Written(3, changed=1)
    assert db.session.scalars(db.select(Order.amount)).all() == [1]
