"""Exports of segments: what is written, what is left behind, and what is on record."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select, update

from segmentation.audience.columns import CustomerField
from segmentation.audience.scope import Scope
from segmentation.database import writing
from segmentation.errors import Unavailable
from segmentation.exports.segment import export_segment
from segmentation.extensions import db
from segmentation.models import AuditEvent, Customer, Store
from segmentation.models.types import new_id
from segmentation.rules.reading import read_rules
from segmentation.segments import Draft, create_segment

KEYS = ("external_id", "first_name", "orders_amount", "last_order_at")
TEXTS = ("external_id", "first_name")


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
    segment = create_segment(scope, Draft(name, "", read_rules(rules, scope.catalogue)))
    return export_segment(scope, segment, **{"format": "csv", "keys": KEYS, **options})


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


def test_a_failed_export_leaves_nothing(scope: Scope, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    values = iter(range(20 * len(TEXTS)))

    def failing(_column: CustomerField, stored: Any) -> Any:
        if next(values, None) is None:
            raise Unavailable()
        return stored

    monkeypatch.setattr(CustomerField, "value", failing)
    for format in ("csv", "xlsx"):
        with pytest.raises(Unavailable):
            exported(scope, format=format, keys=TEXTS)
    assert list((app.config["SPOOL_DIR"] / "answers").iterdir()) == []
    assert db.session.scalars(select(AuditEvent).where(AuditEvent.action == "segment_export")).all() == []


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
