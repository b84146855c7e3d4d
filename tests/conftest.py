"""Fixtures that every test shares: an application on each engine, with an empty, migrated database.

PostgreSQL is used when `SEGMENTATION_TEST_POSTGRES_URL` names a server, or one answers on 127.0.0.1:5432; else those
tests are skipped and say so. The schema is migrated once per engine and then copied, so a fresh database costs
milliseconds.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask_migrate import upgrade
from psycopg import sql

from segmentation import create_app, passwords
from segmentation.audience import remembering
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.models import Store
from segmentation.models.accounts import DEFAULT_COUNTED_STATUSES
from segmentation.models.types import new_id
from segmentation.walls import keep_to
from tests import guards

POSTGRES = os.environ.get("SEGMENTATION_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
SECRET = "a secret for the tests that nobody else knows, long enough for any algorithm 0123456789"


# Real passwords are hashed slowly on purpose; those of tests need not be.
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def make_app(url: str, folder: Path, **settings: str) -> Flask:
    """An application on the database at `url` with its spool in `folder`."""
    app = create_app({
        "SEGMENTATION_SECRET_KEY": SECRET, "SEGMENTATION_DATABASE_URL": url, "SEGMENTATION_LOG_LEVEL": "ERROR",
        "SEGMENTATION_SPOOL_DIR": str(folder / "spool"), "SEGMENTATION_QUEUE": f"sqlite:///{folder / 'queue.db'}",
        **{f"SEGMENTATION_{name}": value for name, value in settings.items()}})
    app.testing = True
    return app


def migrated(url: str, folder: Path) -> None:
    """Bring an empty database to the newest schema."""
    app = make_app(url, folder)
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(autouse=True)
def guarded() -> Iterator[None]:
    """No statement of the product looks at the rows of all stores, whatever became of it."""
    yield
    found, guards.found[:] = guards.found[:], []
    assert not found


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    folder = tmp_path_factory.mktemp("template")
    migrated(f"sqlite:///{folder / 'template.db'}", folder)
    return folder / "template.db"


@pytest.fixture(scope="session")
def postgres_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a migrated, empty PostgreSQL database."""
    name = f"segmentation_template_{uuid.uuid4().hex[:12]}"
    _administer("CREATE DATABASE {}", name)
    try:
        migrated(_postgres_url(name), tmp_path_factory.mktemp("postgres"))
        yield name
    finally:
        _administer("DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database on each engine."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "test.db")
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    if not postgres_answers():
        pytest.skip("no PostgreSQL: set SEGMENTATION_TEST_POSTGRES_URL")
    name = f"segmentation_test_{uuid.uuid4().hex[:12]}"
    _administer("CREATE DATABASE {} TEMPLATE {}", name, request.getfixturevalue("postgres_template"))
    yield _postgres_url(name)
    _administer("DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are not remembered: many tests write facts past the use cases, without a new data version."""
    monkeypatch.setattr(remembering, "MOST", 0)


@pytest.fixture
def application(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """An application on a fresh database. No context is pushed, so requests to it are as separate as in life."""
    application = make_app(database_url, tmp_path)
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def app(application: Flask) -> Iterator[Flask]:
    """The application with its context pushed, for tests that call the inside."""
    with application.app_context():
        yield application
        db.session.remove()


@pytest.fixture
def store(app: Flask) -> Store:
    """A store in Riyadh that sells in riyals."""
    return make_store()


def make_store(name: str = "Souq", timezone: str = "Asia/Riyadh", country: str = "SA") -> Store:
    """A committed store row."""
    store_id = new_id()
    keep_to(store_id)
    with writing() as session:
        row = Store(id=store_id, name=name, timezone=timezone, currency="SAR", week_start=6, country=country,
                    language="en", counted_statuses=list(DEFAULT_COUNTED_STATUSES))
        session.add(row)
    db.session.refresh(row)
    return row


@cache
def postgres_answers() -> bool:
    """Whether there is a PostgreSQL server to test on."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Where everything optional is installed (`SEGMENTATION_TEST_NOTHING_SKIPPED`), a skipped test is a failure."""
    report = yield
    if report.skipped and os.environ.get("SEGMENTATION_TEST_NOTHING_SKIPPED"):
        report.outcome = "failed"
    return report


def _postgres_url(name: str) -> str:
    return POSTGRES.rsplit("/", 1)[0] + "/" + name


def _administer(statement: str, *names: str) -> None:
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
