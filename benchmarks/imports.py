"""How fast an orders file is imported: rows per second of a made-up file with the columns of a plain order export."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from segmentation.accounts import StoreDraft, create_store
from segmentation.imports import ImportResult, import_file
from segmentation.rejected import NoFile

COLUMNS = ("order_id", "customer_id", "ordered_at", "status", "currency", "total", "quantity")


def import_orders(folder: Path, rows: int) -> ImportResult:
    """Import that many orders, of a third as many customers, into a new store of the current application."""
    path = folder / "orders.csv"
    _write(path, rows)
    store = create_store(StoreDraft("Imports", "Asia/Riyadh", "SAR", "SA", None, "en", ("completed",)))
    return import_file(store, "orders", path, lambda _progress: None, NoFile())


def _write(path: Path, rows: int) -> None:
    rng, start = Random(7), datetime(2024, 1, 1, tzinfo=UTC)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(rows):
            day = (start + timedelta(minutes=number)).date().isoformat()
            writer.writerow((f"{number:08}", f"{rng.randrange(rows // 3 + 1):07}", day, "completed", "SAR",
                             f"{rng.lognormvariate(4, 0.9):.2f}", rng.randint(1, 9)))
