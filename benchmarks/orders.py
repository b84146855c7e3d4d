"""Deterministic orders and lines for the benchmarks: so many orders per customer on average, most with one line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from math import log1p
from random import Random
from typing import Any

from sqlalchemy import Connection

from segmentation.database import writing
from segmentation.facts.writing import insert_columns, with_folded
from segmentation.models import Order, OrderLine

BATCH = 20_000
STATUSES = ("completed",) * 8 + ("cancelled", "pending")
CHANNELS = ("Web", "App", "Store", None)
WITHOUT = 0.15  # of the customers have no order
CATEGORIES = ("Shoes", "Bags", "Dresses", "Oud", "Gold", "Toys")


def write_orders(store_id: Any, customers: int, now: datetime, each: float = 3.0) -> int:
    """Write the orders of that many customers, `each` on average; how many there are."""
    rng = Random(600_000)
    rows = _orders(rng, customers, now, each)
    number = 0
    while batch := list(islice(rows, BATCH)):
        numbers = range(number + 1, number + len(batch) + 1)
        with writing() as session:
            _insert(session.connection(), rng, store_id, numbers, batch)
        number += len(batch)
    return number


def _orders(rng: Random, customers: int, now: datetime, each: float) -> Iterator[tuple[int, datetime, int]]:
    """Customer, instant, amount."""
    rate = log1p(1 / (each / (1 - WITHOUT) - 1))  # so many as there are wholes below an exponential draw, and one
    for customer in range(1, customers + 1):
        for _ in range(0 if rng.random() < WITHOUT else min(60, int(rng.expovariate(rate)) + 1)):
            yield customer, now - timedelta(days=rng.expovariate(1 / 200)), int(rng.lognormvariate(5, 0.8) * 10_000)


def _insert(connection: Connection, rng: Random, store_id: Any, numbers: range, batch: list[Any]) -> None:
    size = len(batch)
    statuses = [rng.choice(STATUSES) for _ in batch]
    insert_columns(connection, Order, {
        "store_id": [store_id] * size, "number": list(numbers), "external_id": [f"O{number}" for number in numbers],
        "customer_number": [row[0] for row in batch], "ordered_at": [row[1] for row in batch],
        "amount": [row[2] for row in batch], "status": statuses,
        "is_counted": [status == "completed" for status in statuses], "currency": ["SAR"] * size,
        **with_folded({"channel": [rng.choice(CHANNELS) for _ in batch]})})
    lines = [(number, line) for number in numbers for line in range(1, rng.choice((2, 2, 2, 3, 4)))]
    size = len(lines)
    skus = [f"S{rng.randrange(500)}" for _ in lines]
    insert_columns(connection, OrderLine, {
        "store_id": [store_id] * size, "order_number": [number for number, _ in lines],
        "line": [line for _, line in lines], "quantity": [rng.randint(1, 4) for _ in lines],
        "unit_price": [250_000] * size, "amount": [500_000] * size,
        **with_folded({"sku": skus, "product": [f"Product {sku}" for sku in skus],
                       "category": [rng.choice(CATEGORIES) for _ in lines]})})
