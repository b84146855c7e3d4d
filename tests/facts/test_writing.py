"""Writing many rows at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from segmentation.database import writing
from segmentation.facts.writing import FEW_ROWS, insert_columns, sending, update_columns
from segmentation.models import Customer
from segmentation.models.types import new_id
from tests.conftest import make_store


def write_customers(connection: Any, store_id: Any, size: int) -> None:
    """That many customers of a store."""
    names = [f"c{number}" for number in range(1, size + 1)]
    insert_columns(connection, Customer, {
        "store_id": [store_id] * size, "number": list(range(1, size + 1)), "id": [new_id() for _ in names],
        "version": [1] * size, "orders_count": [0] * size, "orders_amount": [0] * size,
        "external_id": names, "external_id_folded": names})


def test_the_planner_learns_of_a_store_that_is_new_to_a_large_table(app: Flask) -> None:
    first, second = make_store("First").id, make_store("Second").id
    with writing() as session:
        connection = session.connection()
        if connection.dialect.name != "postgresql":
            return  # SQLite plans without such statistics
        write_customers(connection, first, 8 * FEW_ROWS)
        connection.execute(text("ANALYZE customers"))
        write_customers(connection, second, FEW_ROWS)
        plan = connection.execute(
            text("EXPLAIN (FORMAT JSON) SELECT 1 FROM customers WHERE store_id = :store"), {"store": second})
        assert plan.scalar_one()[0]["Plan"]["Plan Rows"] > FEW_ROWS / 2


def test_updates_reach_the_rows_they_name_and_no_other_store(app: Flask) -> None:
    first, second = make_store("First").id, make_store("Second").id
    day = datetime(2024, 5, 1, 9, tzinfo=UTC)
    with writing() as session:
        connection = session.connection()
        for store in (first, second):
            write_customers(connection, store, 3)
        update_columns(connection, Customer, {
            "store_id": [first] * 2, "number": [3, 1], "city": ["جدّة", None], "orders_amount": [-5, 2**63 - 1],
            "last_order_at": [None, day], "birthday": [day.date(), None], "accepts_marketing": [True, None]})
        update_columns(connection, Customer, {"store_id": [], "number": [], "city": []})
        rows = connection.execute(
            select(Customer.number, Customer.city, Customer.orders_amount, Customer.last_order_at, Customer.birthday,
                   Customer.accepts_marketing)
            .where(Customer.store_id == first).order_by(Customer.number)).all()
        others = connection.scalars(select(Customer.orders_amount).where(Customer.store_id == second)).all()
    assert rows == [(1, None, 2**63 - 1, day, None, None), (2, None, 0, None, None, None),
                    (3, "جدّة", -5, None, day.date(), True)]
    assert others == [0, 0, 0]


def test_what_is_sent_is_done_in_turn_when_the_block_ends(app: Flask) -> None:
    store = make_store().id
    with writing() as session:
        connection = session.connection()
        with sending(connection) as send:
            send(write_customers, connection, store, 3)
            for amount in range(1, 20):
                send(update_columns, connection, Customer, {
                    "store_id": [store], "number": [2], "orders_amount": [amount]})
        assert connection.scalars(select(Customer.orders_amount).order_by(Customer.number)).all() == [0, 19, 0]


def test_the_first_fault_of_what_is_sent_is_raised_and_nothing_is_kept(app: Flask) -> None:
    store = make_store().id

    def fail(sentence: str) -> None:
        raise LookupError(sentence)

    def write_twice() -> None:
        with writing() as session, sending(session.connection()) as send:
            send(write_customers, session.connection(), store, 3)
            send(write_customers, session.connection(), store, 3)
            send(fail, "not the first")

    with pytest.raises((DBAPIError, psycopg.Error), match=r"(?i)unique"):
        write_twice()
    with writing() as session:
        assert session.connection().scalars(select(Customer.number)).all() == []
