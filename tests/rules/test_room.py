"""Sets of more customers than PostgreSQL's own `work_mem` holds are still looked up in, and not gone through."""

from __future__ import annotations

from time import monotonic

import pytest
from sqlalchemy import Connection, text

from segmentation.audience import matching
from segmentation.audience.engines import snapshot
from segmentation.auth import operator_scope
from segmentation.database import reading, writing
from segmentation.models import Store
from segmentation.models.types import utc_now
from segmentation.rules.reading import read_rules

POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
CUSTOMERS = 30_000
PEOPLE = """INSERT INTO customers (store_id, number, id, version, orders_count, orders_amount, external_id,
    external_id_folded) SELECT :store, n, gen_random_uuid(), 1, 1, 10000, 'C' || n, 'c' || n
    FROM generate_series(1, :customers) AS n"""
ORDERS = """INSERT INTO orders (store_id, number, external_id, customer_number, ordered_at, amount, status, is_counted,
    currency) SELECT :store, n, 'O' || n, n, timestamptz '2024-01-01', 10000, 'completed', true, 'SAR'
    FROM generate_series(1, :customers, 2) AS n"""


@pytest.fixture
def crowd(store: Store) -> Store:
    """A store of customers, every other of whom has an order; PostgreSQL has counted them."""
    with writing() as session:
        for statement in (PEOPLE, ORDERS):
            session.execute(text(statement), {"store": store.id, "customers": CUSTOMERS})
        session.execute(text("ANALYZE customers, orders"))
    return store


def _little_room(connection: Connection) -> None:
    connection.execute(text("SET LOCAL work_mem = '64kB'"))


@POSTGRESQL
@pytest.mark.parametrize(("operator", "count"), [("greater_than_or_equals", CUSTOMERS // 2),
                                                 ("less_than", CUSTOMERS // 2)])
def test_a_large_set_is_looked_up_in(crowd: Store, operator: str, count: int) -> None:
    scope = operator_scope(crowd.id)
    tree = read_rules({"logic": "AND", "conditions": [
        {"field": "orders.count", "operator": operator, "value": 1},
        {"field": "city", "operator": "is_empty"}]}, scope.catalogue)
    with snapshot(30) as facts:
        _little_room(facts.connection)
        started = monotonic()
        assert matching.count(scope, tree, utc_now(), facts) == count
        assert monotonic() - started < 2  # to go through the set for each customer takes five times as long and more


@POSTGRESQL
def test_the_room_is_that_of_one_transaction(store: Store) -> None:
    scope = operator_scope(store.id)
    tree = read_rules({"logic": "AND", "conditions": [{"field": "orders.count", "operator": "equals", "value": 1}]},
                      scope.catalogue)
    with snapshot(30) as facts:
        own = facts.connection.scalar(text("SHOW work_mem"))
        matching.count(scope, tree, utc_now(), facts)
        assert facts.connection.scalar(text("SHOW work_mem")) == "64MB" != own
    with reading(30) as connection:
        assert connection.scalar(text("SHOW work_mem")) == own
