"""The guards around what is asked of SQLite: that they see what they are there for."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError

from segmentation.database import reading, writing
from segmentation.extensions import db
from segmentation.models import Customer, Job, Order
from segmentation.models.types import new_id
from segmentation.walls import across
from tests import guards
from tests.pages.conftest import SQLITE

pytestmark = SQLITE
OWN, ALL = Customer.store_id == new_id(), Customer.store_id == Customer.store_id


@pytest.fixture
def asking(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test asks, the product asks."""
    monkeypatch.setattr(guards, "by_the_product", lambda: True)


@pytest.mark.parametrize("statement", [
    "DELETE FROM orders WHERE store_id = 'x'", "INSERT INTO users VALUES ('x', 'x', 'x', 1, 1)",
    "UPDATE customers SET city = 'x' WHERE store_id = 'x'", "CREATE TABLE t (x)", "CREATE TEMPORARY TABLE t (x)",
    "DROP TABLE orders", "ALTER TABLE orders ADD COLUMN x", "ATTACH ':memory:' AS other", "PRAGMA foreign_keys = OFF",
    "REINDEX", "ANALYZE",
])
def test_a_reading_connection_only_reads(asking: None, statement: str) -> None:
    with reading(5) as connection, pytest.raises(DatabaseError, match=r"not authorized|prohibited"):
        connection.execute(text(statement))
    with pytest.raises(DatabaseError, match=r"not authorized|prohibited"):
        db.session.execute(text(statement))


def test_who_writes_may_write_and_a_used_connection_reads_again(asking: None) -> None:
    for _ in range(2):
        with writing() as session:
            session.execute(delete(Order).where(Order.store_id == new_id()))
        with reading(5) as connection:
            assert connection.execute(text("SELECT value FROM json_each('[7]')")).scalar_one() == 7
            assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


@pytest.mark.parametrize("statement", [
    select(Customer.city), select(Customer).where(ALL), select(Customer).where(ALL, Customer.number == 1),
    select(Customer.city).where(Customer.city == "x"), update(Customer).where(ALL).values(city="x"), delete(Order),
    select(Order.number).join(Customer, Customer.number == Order.customer_number).where(OWN),
    select(Customer.number).where(OWN, Customer.number.in_(select(Order.customer_number))),
    select(Job.id).where(Job.state == "queued"),
])
def test_a_statement_that_forgot_its_store_is_seen(asking: None, statement: object) -> None:
    with pytest.raises(guards.Unscoped), writing() as session:
        session.execute(statement)  # type: ignore[call-overload]
    assert guards.found.pop()


@pytest.mark.parametrize("statement", [
    select(Customer).where(OWN), update(Customer).where(OWN).values(city="x"),
    select(Order.number).join(Customer, (Customer.store_id == Order.store_id)
                              & (Customer.number == Order.customer_number)).where(OWN),
    select(Job.id).where(Job.store_id == new_id(), Job.state == "queued"), select(Job).where(Job.id == new_id()),
])
def test_a_statement_that_names_its_store_is_not(asking: None, statement: object) -> None:
    with writing() as session:
        session.execute(statement)  # type: ignore[call-overload]


def test_who_says_for_what_may_look_across(asking: None) -> None:
    with across("jobs"):
        assert db.session.scalars(select(Job.id).where(Job.state == "queued")).all() == []


def test_a_test_may_ask_what_it_likes(app: Flask) -> None:
    assert db.session.scalars(select(Customer.city)).all() == []
    db.session.execute(update(Customer).values(city="x"))
