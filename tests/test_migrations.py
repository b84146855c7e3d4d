"""Migrations: up and down on each engine, and no difference between what they make and what the models say."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from segmentation.extensions import db
from segmentation.models import Store
from tests.conftest import make_store

UNSCOPED = {"alembic_version", "stores", "users", "sessions", "sign_in_failures", "jobs", "audit_events"}


def test_the_models_and_the_migrations_agree(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


def test_down_and_up_again(app: Flask) -> None:
    make_store()
    db.session.remove()
    downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    upgrade()
    db.session.remove()
    assert db.session.query(Store).count() == 0
    assert make_store().data_version == 0


def test_a_second_upgrade_changes_nothing(app: Flask) -> None:
    store_id = make_store().id
    db.session.remove()
    upgrade()
    assert db.session.get(Store, store_id) is not None


def test_every_key_of_a_store_leads_with_the_store() -> None:
    for table in db.metadata.sorted_tables:
        if table.name in UNSCOPED:
            continue
        keys: list[Any] = [table.primary_key, *(c for c in table.constraints if type(c).__name__ == "UniqueConstraint")]
        for key in keys:
            assert next(iter(key.columns)).name == "store_id", (table.name, key)
        for constraint in table.foreign_key_constraints:
            assert next(iter(constraint.columns)).name in {"store_id", "user_id"}, (table.name, constraint)
