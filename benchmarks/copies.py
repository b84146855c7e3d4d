"""More customers than are quickly made: those of a store over and over, in SQL, with keys and addresses of their own.

For SQLite only.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, text

from benchmarks.facts import indexed_afterwards
from segmentation.database import writing
from segmentation.models import Customer, Order, OrderLine, Store

# What differs from one copy to the next, by table, its key first. `:customers` and `:orders` are how many there are
# before it.
_OWN: dict[Any, dict[str, str]] = {
    Customer: {"number": "number + :customers", "id": "randomblob(16)",
               "external_id": "'C' || (number + :customers)", "external_id_folded": "'c' || (number + :customers)",
               "email": "'customer' || (number + :customers) || '@' || email_domain",
               "email_folded": "'customer' || (number + :customers) || '@' || email_domain"},
    Order: {"number": "number + :orders", "external_id": "'O' || (number + :orders)",
            "customer_number": "customer_number + :customers"},
    OrderLine: {"order_number": "order_number + :orders"},
}


def multiply(store_id: uuid.UUID, times: int) -> None:
    """Have the store so many times the customers that it has, and their orders."""
    with writing() as session:
        store = session.get_one(Store, store_id)
        customers, orders = store.last_customer_number, store.last_order_number
    with indexed_afterwards():
        for copy in range(1, times):
            for model in _OWN:
                with writing() as session:
                    _copy(session.connection(), model, store_id.bytes, customers, orders, copy)
    with writing() as session:
        store = session.get_one(Store, store_id)
        store.last_customer_number, store.last_order_number = customers * times, orders * times


def _copy(connection: Connection, model: Any, store: bytes, customers: int, orders: int, copy: int) -> None:
    own, names = _OWN[model], [column.name for column in model.__table__.columns]
    key, most = next(iter(own)), customers if model is Customer else orders
    values = ", ".join(own.get(name, name) for name in names)
    connection.execute(
        text(f"INSERT INTO {model.__tablename__} ({', '.join(names)}) SELECT {values} FROM {model.__tablename__}"
             f" WHERE store_id = :store AND {key} <= {most}"),
        {"store": store, "customers": customers * copy, "orders": orders * copy})
