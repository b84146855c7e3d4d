"""Exports against the least that could be done: `csv.writer` over a raw cursor, and XlsxWriter with nothing around it.

Each runs in a process of its own, which tells its time and, of ours, by how much its own memory grew (what it maps of
the database's file is shared and not counted; Linux tells).
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import xlsxwriter
from sqlalchemy import Dialect, select

from segmentation import create_app
from segmentation.audience.columns import BY_KEY, reader
from segmentation.audience.engines import snapshot
from segmentation.audience.matching import stream
from segmentation.auth import operator_scope
from segmentation.exports.segment import Format, Wanted, write_segment
from segmentation.extensions import db
from segmentation.models import Segment
from segmentation.models.types import MONEY_UNITS, from_microseconds, utc_now
from segmentation.rules.reading import read_rules
from segmentation.segments import Draft, create_segment, rules_of

SECONDS = 3_600.0
KEYS = ("id", "external_id", "first_name", "last_name", "email", "mobile", "gender", "city", "country", "language",
        "accepts_marketing", "created_at", "orders_count", "orders_amount", "average_order_amount", "first_order_at",
        "last_order_at", "segment", "recency_score", "cltv")
WAYS = ("csv", "csv bare", "xlsx", "xlsx bare")


def compare_exports(environ: dict[str, str], folder: Path, store_id: Any) -> dict[str, dict[str, float]]:
    """Way -> seconds, and megabytes that it needed beyond what the application needs before. Everybody is exported."""
    scope = operator_scope(store_id)
    everyone = read_rules({"logic": "AND", "conditions": []}, scope.catalogue)
    segment = create_segment(scope, Draft("Everyone", "", everyone))
    told = json.dumps([environ, str(folder), str(segment.id)])
    return {way: json.loads(subprocess.run(
        [sys.executable, "-m", "benchmarks.exports", way, told], check=True, stdout=subprocess.PIPE).stdout)
        for way in WAYS}


def _ours(format: Format, path: Path, segment: Segment) -> int:
    """The most memory while it was written, in bytes."""
    scope = operator_scope(segment.store_id)
    seen: list[int] = []
    write_segment(scope, segment, Wanted(format, KEYS), path, lambda _rows: seen.append(_own_memory()))
    return max(*seen, _own_memory())


def _own_memory() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon:"))


def _bare_csv(path: Path, segment: Segment) -> None:
    columns = ", ".join(KEYS)
    with snapshot(SECONDS) as facts, path.open("w", newline="", encoding="utf-8") as file:
        driver: Any = facts.connection.connection.driver_connection
        writer = csv.writer(file)
        writer.writerow(KEYS)
        query = f"SELECT {columns} FROM customers WHERE store_id = {{}} ORDER BY number"
        if facts.connection.dialect.name == "sqlite":
            writer.writerows(driver.execute(query.format("?"), [segment.store_id.bytes]))
            return
        with driver.cursor("everyone") as cursor:
            cursor.itersize = 2_000
            writer.writerows(cursor.execute(query.format("%s"), [segment.store_id]))


def _bare_xlsx(path: Path, segment: Segment) -> None:
    """The same rows, with a format for dates and no other."""
    scope = operator_scope(segment.store_id)
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "remove_timezone": True,
                                      "default_date_format": "yyyy-mm-dd hh:mm:ss"})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, KEYS)
    with snapshot(SECONDS) as facts:
        read = [_readable(key, facts.connection.dialect) for key in KEYS]
        rows = chain.from_iterable(stream(scope, rules_of(scope, segment), utc_now(), facts, KEYS))
        for at, row in enumerate(rows, 1):
            sheet.write_row(at, 0, [None if value is None else make(value)
                                    for make, value in zip(read, row, strict=True)])
    book.close()


def _readable(key: str, dialect: Dialect) -> Callable[[Any], Any]:
    if BY_KEY[key].kind == "money":
        return lambda units: units / MONEY_UNITS
    if BY_KEY[key].kind == "instant" and dialect.name == "sqlite":
        return from_microseconds
    return reader(key, dialect) or (lambda value: value)


def _run(way: str, environ: dict[str, str], folder: str, segment_id: str) -> None:
    with create_app(environ).app_context():
        segment = db.session.scalars(select(Segment).where(Segment.id == uuid.UUID(segment_id))).one()
        format, _, bare = way.partition(" ")
        path = Path(folder) / f"export.{format}"
        most = before = _own_memory()
        started = time.perf_counter()
        if bare:
            (_bare_csv if format == "csv" else _bare_xlsx)(path, segment)
        else:
            most = _ours(format, path, segment)  # type: ignore[arg-type]
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "megabytes": (most - before) / 2**20, "size": path.stat().st_size}))


if __name__ == "__main__":
    _run(sys.argv[1], *json.loads(sys.argv[2]))
