"""Deterministic customers for the benchmarks, written straight into the table: spread like a real shop's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from benchmarks.orders import write_orders
from segmentation.database import writing
from segmentation.facts.writing import insert_columns
from segmentation.models import Customer, Order, Store
from segmentation.models.accounts import DEFAULT_COUNTED_STATUSES
from segmentation.models.types import new_id
from segmentation.values.codes import RFM_LABELS
from segmentation.values.text import fold

CITIES = ("Riyadh", "Jeddah", "Dammam", "Makkah", "Madinah", "Abha", "Tabuk", "Dubai", "Kuwait", "Cairo")
NAMES = ("أحمد", "محمد", "فاطمة", "نورة", "Ahmed", "Sara", "Omar", "Layla", "John", "Maria", "خالد", "ريم")
BATCH = 20_000  # rows to a transaction; of millions in one, SQLite takes ever longer to find a page


def make_store(customers: int, now: datetime, orders: float = 3.0) -> Any:
    """A committed store with that many customers and `orders` times as many orders; its id."""
    with writing() as session:
        store = Store(name="Benchmark", timezone="Asia/Riyadh", currency="SAR", week_start=6, country="SA",
                      language="en", counted_statuses=list(DEFAULT_COUNTED_STATUSES), data_version=1)
        session.add(store)
        session.flush()
        store_id = store.id
    with indexed_afterwards():
        rows = _customers(store_id, customers, now)
        while batch := list(islice(rows, BATCH)):
            with writing() as session:
                insert_columns(session.connection(), Customer, {key: [row[key] for row in batch] for key in batch[0]})
        last_order = write_orders(store_id, customers, now, orders)
    with writing() as session:
        store = session.get_one(Store, store_id)
        store.last_customer_number, store.last_order_number = customers, last_order
    return store_id


@contextmanager
def indexed_afterwards() -> Iterator[None]:
    """Do without the indexes on customers and orders while they are written: for ten million, to keep them in order
    takes longer than all the rest.
    """
    indexes = [index for model in (Customer, Order) for index in model.__table__.indexes]  # type: ignore[attr-defined]
    with writing() as session:
        for index in indexes:
            index.drop(session.connection())
    yield
    with writing() as session:
        for index in indexes:
            index.create(session.connection())


def _customers(store_id: Any, size: int, now: datetime) -> Iterator[dict[str, Any]]:
    rng = Random(200_000)
    for number in range(1, size + 1):
        orders = 0 if rng.random() < 0.15 else min(60, int(rng.expovariate(0.4)) + 1)
        yield {"store_id": store_id, "number": number, "id": new_id(), "version": 1,
               "external_id": f"C{number}", "external_id_folded": f"c{number}",
               **_profile(rng, number, now), **_statistics(rng, orders, now)}


def _profile(rng: Random, number: int, now: datetime) -> dict[str, Any]:
    first, last, city = rng.choice(NAMES), rng.choice(NAMES), rng.choice((*CITIES, None))
    email = f"customer{number}@{rng.choice(('example.com', 'example.org', 'mail.example.net'))}"
    return {"first_name": first, "first_name_folded": fold(first), "last_name": last, "last_name_folded": fold(last),
            "email": email, "email_folded": email, "email_domain": email.split("@")[1],
            "mobile": f"+9665{number % 10**8:08}" if rng.random() < 0.9 else None,
            "city": city, "city_folded": fold(city) if city else None, "country": "SA", "language": "ar",
            "gender": rng.choice(("male", "female", None)), "accepts_marketing": rng.random() < 0.4,
            "created_at": now - timedelta(days=rng.random() * 1500)}


def _statistics(rng: Random, orders: int, now: datetime) -> dict[str, Any]:
    amount = sum(int(rng.lognormvariate(5, 0.8) * 10_000) for _ in range(orders))
    last = now - timedelta(days=rng.expovariate(1 / 150)) if orders else None
    score = (lambda: rng.randint(1, 5)) if orders else (lambda: None)
    return {"orders_count": orders, "orders_amount": amount,
            "average_order_amount": amount // orders if orders else None,
            "last_order_at": last, "first_order_at": last - timedelta(days=rng.random() * 300) if last else None,
            "segment": rng.choice(RFM_LABELS) if orders else None, "recency_score": score(),
            "frequency_score": score(), "monetary_score": score(), "cltv": amount * 2 if orders else None}
