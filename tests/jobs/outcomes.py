"""What must be true of the outcome of long work, however often whoever did it was killed."""

from __future__ import annotations

import csv
import io
import uuid
from collections import Counter
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select

from segmentation.auth import operator_scope
from segmentation.extensions import db
from segmentation.jobs import files
from segmentation.models import AuditEvent, Customer, Order, Segment
from segmentation.segments import count, rules_of
from tests.jobs.shop import SEGMENTS, job_of, version_of


def check(job_id: uuid.UUID, rows: int, version: int) -> None:
    """Check that a job is done, and its work neither lost nor doubled; `version`: the data version it began with."""
    job = job_of(job_id)
    assert (job.state, job.error) == ("done", None)
    checks = {"export": _export, "refresh": _refresh, "score": _score, "settings": _settings}
    checks.get(job.kind, _import)(job, rows, version)


def _import(job: Any, rows: int, version: int) -> None:
    kind = job.kind.removeprefix("import_")
    bad = sum(1 for n in range(rows) if (n % 23 == 5 if kind == "orders" else n % 29 == 3))
    assert job.result == {"rows": rows, "written": rows - bad, "rejected": bad}
    rejected = files.rejected_of(job)
    assert rejected is not None
    lines = [row[0] for row in csv.reader(io.StringIO(rejected.read_text("utf-8-sig")))][1:]
    assert len(lines) == len(set(lines)) == bad
    if kind == "orders":
        written = db.session.scalars(select(Order.external_id).where(
            Order.store_id == job.store_id, Order.external_id.like("o2-%"))).all()
        assert len(written) == len(set(written)) == rows - bad
        _check_sums(job.store_id)
    else:
        cities = select(func.count()).where(Customer.store_id == job.store_id, Customer.city.is_not(None))
        assert db.session.execute(cities).scalar_one() == rows - bad
    assert _events(job.store_id, "import") == 2  # the shop's own, and this


def _check_sums(store_id: uuid.UUID) -> None:
    """The customers' figures are those of their orders."""
    orders = db.session.execute(select(Order.customer_number, Order.amount).where(
        Order.store_id == store_id, Order.is_counted)).all()
    sums: Counter[int] = Counter()
    for number, amount in orders:
        sums[number] += amount
    counts = Counter(number for number, _ in orders)
    for number, has, spent in db.session.execute(select(
            Customer.number, Customer.orders_count, Customer.orders_amount).where(Customer.store_id == store_id)):
        assert (has, spent) == (counts[number], sums[number])


def _export(job: Any, _rows: int, _version: int) -> None:
    path = files.file_of(job)
    assert path is not None
    content = path.read_bytes()
    assert sha256(content).hexdigest() == job.result["file"]["sha256"]
    ids = [row[0] for row in csv.reader(io.StringIO(content.decode("utf-8-sig")))][1:]
    everyone = db.session.scalars(select(Customer.external_id).where(Customer.store_id == job.store_id)).all()
    assert sorted(ids) == sorted(everyone)
    assert job.result["file"]["rows"] == len(ids)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert _events(job.store_id, "segment_export") == 1


def _refresh(job: Any, _rows: int, _version: int) -> None:
    scope, version = operator_scope(job.store_id), version_of(job.store_id)
    for segment in db.session.scalars(select(Segment).where(Segment.store_id == job.store_id)).all():
        stored = (segment.cached_count, segment.counted_version)
        assert stored == (count(scope, rules_of(scope, segment), 60).count, version)
    assert job.result["counted"] == SEGMENTS


def _score(job: Any, _rows: int, version: int) -> None:
    assert version_of(job.store_id) == version + 1
    buyers = select(func.count()).where(Customer.store_id == job.store_id, Customer.orders_count > 0)
    marked = buyers.where(Customer.version == version + 1, Customer.segment.is_not(None))
    assert db.session.execute(marked).scalar_one() == db.session.execute(buyers).scalar_one() == job.result["buyers"]


def _settings(job: Any, _rows: int, version: int) -> None:
    assert version_of(job.store_id) == version + 1
    orders = select(func.count()).where(Order.store_id == job.store_id)
    counted = orders.where(Order.is_counted)
    assert (db.session.execute(counted).scalar_one(), job.result["orders_changed"]) == (
        0, db.session.execute(orders).scalar_one())
    touched = select(func.count()).where(Customer.store_id == job.store_id, Customer.version == version + 1)
    assert db.session.execute(touched).scalar_one() == job.result["customers_changed"] > 0
    _check_sums(job.store_id)
    assert _events(job.store_id, "store_change") == 1


def _events(store_id: uuid.UUID, action: str) -> int:
    found = select(func.count()).select_from(AuditEvent).where(
        AuditEvent.store_id == store_id, AuditEvent.action == action)
    return db.session.execute(found).scalar_one()
