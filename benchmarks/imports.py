"""How fast an orders file is imported: rows per second of a made-up file, each row a line of one of 0.4 times as many
orders, with the columns of a plain order export.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from segmentation.accounts import StoreDraft, create_store
from segmentation.imports import ImportResult, import_file
from segmentation.rejected import NoFile

COLUMNS = ("order_id", "customer_id", "ordered_at", "status", "currency", "channel", "city", "sku", "product",
           "category", "quantity", "unit_price")
CITIES = ("جدة", "الرياض", "Riyadh", "")
CATEGORIES = ("Shoes", "Bags", "عطور")
PRODUCTS = 3_000


def import_orders(folder: Path, rows: int) -> ImportResult:
    """Import that many rows of orders, of an eighth as many customers, into a new store of the current application."""
    path = folder / "orders.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_rows(rows))
    store = create_store(StoreDraft("Imports", "Asia/Riyadh", "SAR", "SA", None, "en", ("completed",)))
    return import_file(store, "orders", path, lambda _progress: None, NoFile())


def _rows(rows: int) -> Iterator[tuple[object, ...]]:
    rng, left, order = Random(7), rows, 0
    while left:
        order += 1
        at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=31 * order)
        head = (f"{order:08}", f"{rng.randrange(rows // 8 + 1):07}", at.isoformat(), rng.choice(("completed", "open")),
                "SAR", rng.choice(("web", "app", "store", "")), rng.choice(CITIES))
        lines = min(rng.choice((1, 2, 2, 3, 3, 4)), left)
        left -= lines
        for _ in range(lines):
            product = rng.randrange(PRODUCTS)
            yield (*head, f"SKU-{product}", f"منتج {product}", CATEGORIES[product % 3], rng.randint(1, 4),
                   f"{rng.lognormvariate(4, 0.9):.2f}")
