"""Storing customers: what is created, what is changed, what stays, and what says so."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from segmentation.database import writing
from segmentation.errors import NotFound
from segmentation.extensions import db
from segmentation.facts.customer_rows import CustomerRecord
from segmentation.facts.customers import upsert_customers
from segmentation.facts.erase import erase_customer
from segmentation.facts.writing import Written
from segmentation.models import Attribute, Customer, CustomerAttribute, CustomerTag, Order, OrderLine, Store, Tombstone
from tests.conftest import make_store


def store_customers(store: Store, *records: CustomerRecord) -> Written:
    """Store them and commit."""
    with writing() as session:
        return upsert_customers(session, store.id, records)


def customer(store: Store, external_id: str) -> Customer:
    """That customer as stored."""
    return db.session.scalars(select(Customer).where(
        Customer.store_id == store.id, Customer.external_id == external_id)).one()


def tags(store: Store, external_id: str) -> dict[str, str]:
    """A customer's tags by their folded form."""
    number = customer(store, external_id).number
    rows = db.session.scalars(select(CustomerTag).where(
        CustomerTag.store_id == store.id, CustomerTag.customer_number == number))
    return {row.tag_folded: row.tag for row in rows}


def attributes(store: Store, external_id: str) -> dict[str, tuple[Any, ...]]:
    """A customer's attributes: key -> text, text_folded, number, boolean, instant."""
    rows = db.session.scalars(select(CustomerAttribute).where(
        CustomerAttribute.store_id == store.id,
        CustomerAttribute.customer_number == customer(store, external_id).number))
    return {row.key: (row.text, row.text_folded, row.number, row.boolean, row.instant) for row in rows}


def test_a_new_customer(store: Store) -> None:
    moment = datetime(2024, 5, 1, 9, tzinfo=UTC)
    store_customers(store, CustomerRecord("C ١", {
        "first_name": "أحمد", "email": "a@Bücher.example", "birthday": date(1990, 12, 3), "accepts_marketing": False,
        "created_at": moment, "mobile": "+966501234567", "gender": "male", "country": "SA"}))
    row = customer(store, "C ١")
    assert (row.number, row.version, row.external_id_folded) == (1, 1, "c 1")
    assert (row.first_name, row.first_name_folded, row.last_name, row.last_name_folded) == ("أحمد", "احمد", None, None)
    assert (row.email, row.email_folded, row.email_domain) == ("a@Bücher.example", "a@bucher.example", "bucher.example")
    assert (row.birthday, row.birthday_month_day, row.created_at) == (date(1990, 12, 3), 1203, moment)
    assert (row.accepts_marketing, row.gender, row.country, row.mobile) == (False, "male", "SA", "+966501234567")
    assert (row.orders_count, row.orders_amount, row.average_order_amount, row.first_order_at) == (0, 0, None, None)
    assert row.id.version == 7


def test_a_known_customer_keeps_what_is_not_said_and_loses_what_is_empty(store: Store) -> None:
    store_customers(store, CustomerRecord("1", {"first_name": "A", "city": "X", "email": "a@b.co"}, ["t"]),
                    CustomerRecord("2", {"first_name": "B", "city": "Y", "email": "b@b.co"}, ["u"]))
    first = customer(store, "1").id
    db.session.expire_all()
    store_customers(
        store, CustomerRecord("1", {"city": None, "email": None}), CustomerRecord("3", {"city": "Z", "email": None}))
    row = customer(store, "1")
    assert (row.id, row.number, row.version) == (first, 1, 2)
    assert (row.first_name, row.city, row.city_folded, row.email, row.email_folded, row.email_domain) == (
        "A", None, None, None, None, None)
    assert tags(store, "1") == {"t": "t"}
    assert (customer(store, "2").city, customer(store, "2").version) == ("Y", 1)
    assert (customer(store, "3").number, customer(store, "3").version) == (3, 2)
    assert db.session.get_one(Store, store.id).data_version == 2


def test_the_later_of_two_records_holds(store: Store) -> None:
    store_customers(store, CustomerRecord("1", {"city": "X"}), CustomerRecord("1", {"city": "Y"}))
    assert customer(store, "1").city == "Y"
    assert db.session.get_one(Store, store.id).last_customer_number == 1


def test_external_ids_are_told_apart_exactly(store: Store) -> None:
    store_customers(store, *(CustomerRecord(key) for key in ("a", "A", "1", "01", "١")))
    assert {customer(store, key).number for key in ("a", "A", "1", "01", "١")} == {1, 2, 3, 4, 5}


def test_tags_are_replaced_as_a_set(store: Store) -> None:
    store_customers(store, CustomerRecord("1", {}, ["VIP", "أحمد"]), CustomerRecord("2", {}, ["x"]))
    assert tags(store, "1") == {"vip": "VIP", "احمد": "أحمد"}
    store_customers(store, CustomerRecord("1", {}, ["vip", "new"]), CustomerRecord("3", {}, []))
    assert tags(store, "1") == {"vip": "vip", "new": "new"}
    assert tags(store, "2") == {"x": "x"}
    store_customers(store, CustomerRecord("1", {}, []))
    assert tags(store, "1") == {}


def test_attributes_are_stored_in_the_column_of_their_kind(store: Store) -> None:
    moment = datetime(2024, 5, 1, 9, tzinfo=UTC)
    with writing() as session:
        session.add_all(Attribute(store_id=store.id, key=kind, label=kind, kind=kind)
                        for kind in ("text", "number", "boolean", "instant"))
    store_customers(store, CustomerRecord("1", {}, None, {
        "text": "Ünï", "number": 15_000, "boolean": False, "instant": moment}))
    assert attributes(store, "1") == {
        "text": ("Ünï", "uni", None, None, None), "number": (None, None, 15_000, None, None),
        "boolean": (None, None, None, False, None), "instant": (None, None, None, None, moment)}
    store_customers(store, CustomerRecord("1", {}, None, {"text": None, "number": 0}))
    assert attributes(store, "1").keys() == {"number", "boolean", "instant"}
    assert attributes(store, "1")["number"][2] == 0


def test_stores_do_not_touch_each_other(store: Store) -> None:
    other = make_store("Other")
    for each, city in ((store, "X"), (other, "Y")):
        store_customers(each, CustomerRecord("1", {"city": city}, [city]))
    assert [(customer(each, "1").city, customer(each, "1").number, tags(each, "1")) for each in (store, other)] == [
        ("X", 1, {"x": "X"}), ("Y", 1, {"y": "Y"})]
    with pytest.raises(NotFound), writing() as session:
        upsert_customers(session, uuid.uuid4(), [CustomerRecord("1")])


def test_texts_that_databases_and_drivers_might_take_for_something_else(store: Store) -> None:
    names = ["\\N", "a\tb", "tab\\t", '"', "'; DROP TABLE customers; --", "\u200f", "😀" * 500, "%s", ":x", "NULL"]
    store_customers(store, *(CustomerRecord(str(place), {"city": name}) for place, name in enumerate(names)))
    assert [customer(store, str(place)).city for place in range(len(names))] == names


def test_an_erased_customer_leaves_only_a_tombstone(app: Flask, store: Store) -> None:
    with writing() as session:
        session.add(Attribute(store_id=store.id, key="k", label="k", kind="text"))
    store_customers(store, CustomerRecord("1", {}, ["t"], {"k": "v"}), CustomerRecord("2", {}, ["t"], {"k": "v"}))
    with writing() as session:
        for number in (1, 2):
            session.add(Order(store_id=store.id, number=number, external_id=str(number), customer_number=number,
                              ordered_at=datetime(2024, 5, 1, tzinfo=UTC), amount=1, status="paid", is_counted=True,
                              currency="SAR"))
            session.flush()
            session.add(OrderLine(store_id=store.id, order_number=number, line=1, quantity=1))
    with writing() as session:
        assert erase_customer(session, store.id, 1) == 2
    assert [db.session.scalars(select(column)).all() for column in (
        Customer.number, CustomerTag.customer_number, CustomerAttribute.customer_number, Order.number,
        OrderLine.order_number)] == [[2]] * 5
    stone = db.session.scalars(select(Tombstone)).one()
    assert (stone.customer_number, stone.version) == (1, 2)
    assert db.session.get_one(Store, store.id).data_version == 2
    with pytest.raises(NotFound), writing() as session:
        erase_customer(session, store.id, 1)
    assert db.session.get_one(Store, store.id).data_version == 2
    store_customers(store, CustomerRecord("1"))
    assert customer(store, "1").number == 3
