"""Exports of segments: what is written, what is left behind, and what is on record."""

from __future__ import annotations

import gc
import os
import random
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select, update

from segmentation.audience import matching
from segmentation.audience.scope import Scope
from segmentation.database import writing
from segmentation.errors import Unavailable
from segmentation.exports import segment
from segmentation.exports.segment import export_segment
from segmentation.extensions import db
from segmentation.models import AuditEvent, Customer, Store
from segmentation.models.types import new_id
from segmentation.rules.reading import read_rules
from segmentation.segments import Draft, create_segment

KEYS = ("external_id", "first_name", "orders_amount", "last_order_at")


@pytest.fixture
def scope(app: Flask, store: Store) -> Scope:
    """The scope of a store with 30 customers."""
    with writing() as session:
        session.execute(update(Store).values(language="ar"))
        for number in range(30):
            session.add(Customer(store_id=store.id, number=number, id=new_id(), version=1, external_id=f"{number:03}",
                                 external_id_folded=f"{number:03}", first_name="نورة", first_name_folded="نوره"))
    return Scope.of(db.session.get_one(Store, store.id), "owner", None)


def exported(scope: Scope, name: str = "كل العملاء", **options: Any) -> Any:
    """An export of everyone."""
    rules = {"logic": "AND", "conditions": [{"field": "first_name", "operator": "equals", "value": "نوره"}]}
    made = create_segment(scope, Draft(name, "", read_rules(rules, scope.catalogue)))
    return export_segment(scope, made, **{"format": "csv", "keys": KEYS, **options})


def test_a_workbook_says_what_it_is(scope: Scope) -> None:
    file = exported(scope, format="xlsx", header="labels")
    book = openpyxl.load_workbook(file.path)
    assert file.name == "كل العملاء.xlsx"
    assert [cell.value for cell in book.worksheets[0][1]] == [
        "رقم العميل", "الاسم الأول", "إجمالي المشتريات", "آخر طلب"]
    assert book.worksheets[0].sheet_view.rightToLeft
    about = {row[0].value: row[1].value for row in book.worksheets[-1].iter_rows()}
    assert about["Rules"] == "الاسم الأول يساوي نوره"
    assert (about["Customers"], about["Time zone"], about["Currency"]) == ("30", "Asia/Riyadh", "SAR")
    assert ZoneInfo(about["Time zone"])


def test_an_export_is_on_record(scope: Scope) -> None:
    file = exported(scope)
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "segment_export")).one()
    assert (event.details["rows"], event.details["columns"]) == (30, list(KEYS))
    assert event.details["sha256"] == file.written.sha256.hex()


def failing_at(row: int, error: Exception) -> Callable[..., Iterator[Any]]:
    """The stream of customers, which fails before that row."""
    stream = matching.stream

    def fails(*arguments: Any) -> Iterator[Any]:
        with closing(stream(*arguments)) as rows:
            yield list(islice(chain.from_iterable(rows), row))
            raise error

    return fails


def on_a_disk_of(size: int, write: Callable[..., Any]) -> Callable[..., Any]:
    """A writer of files, none of which can get larger than that."""
    def limited(*arguments: Any, **options: Any) -> Any:
        most, limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limit))
        try:
            return write(*arguments, **options)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, limit))

    return limited


@pytest.fixture
def collected() -> Iterator[None]:
    """What a test leaves is collected while it is known whose it is, and not in another one."""
    yield
    for _ in range(3):  # what a finalizer revives takes another look
        gc.collect()


@pytest.mark.usefixtures("collected")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of files the library did not close
@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_failed_export_leaves_nothing(
    scope: Scope, app: Flask, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    whole, rng, name = exported(scope, format=format), random.Random(7), f"write_{format}"
    smallest = whole.written.size
    for number in range(100):
        with monkeypatch.context() as patch:
            if number % 2:
                error = rng.choice((Unavailable(), OSError(28, "No space left"), MemoryError(), ValueError("x")))
                patch.setattr(matching, "stream", failing_at(rng.randrange(31), error))
            else:
                size = rng.randrange(smallest if format == "csv" else 2_000)
                patch.setattr(segment, name, on_a_disk_of(size, getattr(segment, name)))
            with pytest.raises((Unavailable, OSError, MemoryError, ValueError)):
                exported(scope, f"{number}", format=format)
    assert list((app.config["SPOOL_DIR"] / "answers").iterdir()) == [whole.path]
    events = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "segment_export")).all()
    assert [event.details["rows"] for event in events] == [30]


def test_what_killed_exports_left_is_swept_once_it_is_old(scope: Scope, app: Flask) -> None:
    spool: Path = app.config["SPOOL_DIR"] / "answers"
    spool.mkdir(parents=True)
    (spool / "old.csv.part").write_text("half a file")
    (spool / "old.xlsx.1.part").mkdir()
    (spool / "old.xlsx.1.part" / "sheet").write_text("half a sheet")
    (spool / "young.csv.part").write_text("somebody is writing this")
    long_ago = time.time() - 2 * app.config["EXPORT_SECONDS"] - 60
    for name in ("old.csv.part", "old.xlsx.1.part"):
        os.utime(spool / name, (long_ago, long_ago))
    file = exported(scope)
    assert {path.name for path in spool.iterdir()} == {"young.csv.part", file.path.name}


@pytest.mark.parametrize(("name", "saved"), [
    ("../../etc/passwd", "etc passwd.csv"), ('a"b\\c/d:e', "a b c d e.csv"), ("VIP\u202egpj.exe", "VIP gpj.exe.csv"),
    ("...", "segment.csv"), ("n" * 120, "n" * 100 + ".csv")])
def test_file_names_are_plain(scope: Scope, name: str, saved: str) -> None:
    assert exported(scope, name).name == saved
