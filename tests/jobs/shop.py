"""A shop with orders and segments, long work to be done in it, and workers that do it: what tests of kills share."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from segmentation.auth import operator_scope
from segmentation.database import writing
from segmentation.exports.segment import Wanted
from segmentation.extensions import db
from segmentation.imports import import_file
from segmentation.jobs import asking
from segmentation.leases import add
from segmentation.models import Job, Segment, Store
from segmentation.models.types import new_id
from segmentation.queue import enqueue
from segmentation.rejected import NoFile
from segmentation.rules.reading import read_rules
from segmentation.segments import Draft, create_segment
from tests.conftest import SECRET, make_store

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("import_orders", "import_customers", "export", "refresh", "score", "settings")
NOTHING_COUNTS = {"changes": {"counted_statuses": ["open"]}}  # no order of the shop's is open
SEGMENTS = 12
PATIENCE = 120.0  # seconds, on a machine that does other things too
COLUMNS = ("external_id", "orders_count", "orders_amount")
HEADER = "order_id,customer_id,ordered_at,status,total"


@contextmanager
def worker(app: Flask, pause: float = 0.0, step: int = 10) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process for the application's database, queue and spool."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SEGMENTATION_")}
    settings = {"SECRET_KEY": SECRET, "LOG_LEVEL": "ERROR", "TEST_PAUSE": pause, "TEST_STEP": step,
                **{name: app.config[name] for name in ("DATABASE_URL", "SPOOL_DIR", "QUEUE")}}
    environ |= {f"SEGMENTATION_{name}": str(value) for name, value in settings.items()}
    process = subprocess.Popen([sys.executable, "-m", "tests.jobs.slow_worker"], cwd=ROOT, env=environ)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def wait_until(truth: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What the function says once it is true."""
    end = time.monotonic() + seconds
    while not (found := truth()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)
    return found


def job_of(job_id: uuid.UUID) -> Job:
    """The job as it is now."""
    db.session.rollback()
    return db.session.scalars(select(Job).where(Job.id == job_id)).one()


def has_ended(job_id: uuid.UUID) -> bool:
    """Whether the job is finished, in whatever way."""
    return job_of(job_id).state not in ("queued", "running")


def order_rows(rows: int, seed: int = 1) -> list[str]:
    """Rows of orders, some of which cannot be taken."""
    rng = random.Random(seed)
    return [f"o{seed}-{n},c{rng.randrange(rows // 2)},2024-05-{n % 28 + 1:02},paid,{'x' if n % 23 == 5 else n}"
            for n in range(rows)]


def write(path: Path, header: str, rows: list[str]) -> Path:
    """A CSV file."""
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def make_shop(folder: Path, rows: int) -> uuid.UUID:
    """A store with orders of `rows` rows and some segments, whose counts are out of date."""
    store_id = make_store().id
    path = write(folder / f"{new_id()}.csv", HEADER, order_rows(rows))
    import_file(store_id, "orders", path, lambda _progress: None, NoFile())
    scope = operator_scope(store_id)
    for least in range(SEGMENTS):
        rules = {"logic": "AND", "conditions": [
            {"field": "orders_count", "operator": "greater_than_or_equals", "value": least}]}
        create_segment(scope, Draft(f"{least} or more", "", read_rules(rules, scope.catalogue)))
    make_stale(store_id)
    return store_id


def make_stale(store_id: uuid.UUID) -> None:
    """Have the segments forget their counts."""
    with writing() as session:
        session.execute(update(Segment).where(Segment.store_id == store_id)
                        .values(cached_count=0, counted_version=None))


def ask(store_id: uuid.UUID, kind: str, rows: int, seed: int = 2) -> uuid.UUID:
    """Ask for long work of that kind; imports bring so many rows."""
    scope = operator_scope(store_id)
    if kind == "export":
        segment = db.session.scalars(select(Segment).where(Segment.store_id == store_id).order_by(Segment.name)).first()
        assert segment is not None
        return asking.ask_export(scope, segment.id, Wanted("csv", COLUMNS)).id
    if kind == "import_orders":
        return asking.ask_import(scope, "orders", lambda path: _write(path, HEADER, order_rows(rows, seed)), {}, "o").id
    if kind == "import_customers":
        people = [f"c{n},{'Riyadh' if n % 2 else 'جدة'},{'x' if n % 29 == 3 else ''}" for n in range(rows)]
        header = "external_id,city,birthday"
        return asking.ask_import(scope, "customers", lambda path: _write(path, header, people), {}, "c").id
    with writing() as session:
        job_id = add(session, store_id, kind, NOTHING_COUNTS if kind == "settings" else {}).id
    enqueue(job_id)
    return job_id


def _write(path: Path, header: str, rows: list[str]) -> None:
    write(path, header, rows)


def version_of(store_id: uuid.UUID) -> int:
    """The store's data version."""
    db.session.rollback()
    return db.session.scalars(select(Store.data_version).where(Store.id == store_id)).one()
