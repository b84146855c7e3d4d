"""What is exported can be imported again and is the same: formulas, phones, Arabic and all."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from segmentation.extensions import db
from segmentation.imports import import_file
from segmentation.models import Customer
from segmentation.rejected import NoFile
from tests.api.conftest import World
from tests.conftest import make_store

KEYS = ("external_id", "first_name", "last_name", "email", "mobile", "city", "created_at")


def facts(store_id: object) -> list[tuple[object, ...]]:
    """The customers of a store, in the columns that were exported and as they are compared."""
    columns = [getattr(Customer, key) for key in (*KEYS, "first_name_folded", "email_domain")]
    rows = db.session.execute(select(*columns).where(Customer.store_id == store_id).order_by(Customer.external_id))
    return [tuple(row) for row in rows]


def test_an_export_comes_back_as_it_was(world: World, tmp_path: Path) -> None:
    segment = world.owner.create()["id"]
    path = tmp_path / "customers.csv"
    with world.owner.get(f"/{segment}/export?columns={','.join(KEYS)}") as export:
        path.write_bytes(export.data)
    with world.app.app_context():
        copy = make_store("copy").id
        result = import_file(copy, "customers", path, lambda _progress: None, NoFile())
        assert (result.written, result.rejected) == (60, 0)
        assert facts(copy) == facts(world.a)
        assert {"=1+1", "@SUM(A1)", "+966501234567", "أحمد"} <= {row[1] for row in facts(copy)}
