"""Backups that are made while an import runs: each is a state that was committed, and the service goes on from it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update

from segmentation import imports
from segmentation.extensions import db
from segmentation.imports import import_file
from segmentation.models import Customer, Job, Store
from segmentation.models.types import utc_now
from segmentation.rejected import NoFile
from tests.conftest import _administer, _postgres_url, make_app, make_store
from tests.pages.conftest import SQLITE
from tests.walls.role import bound_role, url_of

ROWS, BATCH, BACKUPS = 6_000, 250, 3
POSTGRES = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Customers to import."""
    path = tmp_path / "customers.csv"
    path.write_text("external_id,city\n" + "".join(f"c{n},Riyadh\n" for n in range(ROWS)))
    return path


@pytest.fixture
def importing(application: Flask, file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[uuid.UUID]:
    """The store into which the file is being imported, from its second batch on until the test ends."""
    monkeypatch.setattr(imports, "BATCH_ROWS", BATCH)
    begun = threading.Event()
    with application.app_context():
        store = make_store().id
        db.session.remove()

    def work() -> None:
        with application.app_context():
            import_file(store, "customers", file, lambda progress: begun.set(), NoFile())

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(60)
    yield store
    thread.join()


def check(app: Flask, store: uuid.UUID) -> int:
    """That a restored database is a state that was committed; how many customers it has."""
    with app.app_context():
        there = db.session.scalar(select(func.count()).select_from(Customer)) or 0
        job = db.session.scalars(select(Job).where(Job.store_id == store, Job.kind == "import_customers")).one()
        assert there == job.checkpoint["written"] > 0
        assert there % BATCH == 0
        row = db.session.get_one(Store, store)
        assert row.last_customer_number == there
        assert db.session.scalar(select(func.max(Customer.version))) == row.data_version
        db.session.remove()
    return int(there)


def go_on(app: Flask, store: uuid.UUID, file: Path) -> None:
    """Import the file again, into the restored database: nothing may be missing then, nothing be doubled."""
    with app.app_context():
        db.session.execute(update(Job).values(holder="elsewhere/1/1", lease_until=utc_now() - timedelta(days=1)))
        db.session.commit()
        db.session.remove()
        import_file(store, "customers", file, lambda _progress: None, NoFile())
        assert db.session.scalar(select(func.count()).select_from(Customer)) == ROWS
        db.session.remove()
        db.engine.dispose()


@SQLITE
def test_of_sqlite(application: Flask, importing: uuid.UUID, file: Path, tmp_path: Path) -> None:
    seen = []
    for number in range(BACKUPS):
        copy = tmp_path / f"backup-{number}.db"
        result = application.test_cli_runner().invoke(args=["backup", str(copy)])
        assert result.exit_code == 0, result.output
        assert os.stat(copy).st_mode & 0o777 == 0o600
        with sqlite3.connect(copy) as opened:
            assert opened.execute("PRAGMA foreign_key_check").fetchall() == []
        opened.close()
        restored = tmp_path / f"restored-{number}.db"
        shutil.copy(copy, restored)
        app = make_app(f"sqlite:///{restored}", tmp_path / str(number))
        seen.append(check(app, importing))
        assert app.test_client().get("/health/ready").status_code == 200
    assert seen == sorted(seen)
    assert seen[0] < ROWS, "the import had ended before the first backup"
    go_on(app, importing, file)


@POSTGRES
def test_of_postgresql(application: Flask, importing: uuid.UUID, file: Path, tmp_path: Path) -> None:
    if shutil.which("pg_dump") is None:
        pytest.skip("no pg_dump")
    dump, name = tmp_path / "backup.dump", f"segmentation_restored_{uuid.uuid4().hex[:12]}"
    subprocess.run(["pg_dump", "--format=custom", f"--file={dump}", application.config["DATABASE_URL"]], check=True)
    _administer("CREATE DATABASE {}", name)
    try:
        subprocess.run(["pg_restore", "--exit-on-error", "--single-transaction", "--no-owner",
                        f"--dbname={_postgres_url(name)}", str(dump)], check=True)
        app = make_app(_postgres_url(name), tmp_path / "restored")
        assert check(app, importing) < ROWS, "the import had ended before the backup"
        assert app.test_client().get("/health/ready").status_code == 200
        go_on(app, importing, file)
    finally:
        _administer("DROP DATABASE {} WITH (FORCE)", name)


@SQLITE
def test_a_backup_replaces_nothing_and_leaves_no_part(application: Flask, tmp_path: Path) -> None:
    runner, there = application.test_cli_runner(), tmp_path / "there.db"
    there.write_text("something else")
    refused = runner.invoke(args=["backup", str(there)])
    assert refused.exit_code == 2
    assert there.read_text() == "something else"
    nowhere = runner.invoke(args=["backup", str(tmp_path / "no" / "folder.db")])
    assert nowhere.exit_code == 1
    assert "No backup was made" in nowhere.output
    assert not list(tmp_path.glob("*.part"))


@POSTGRES
def test_the_command_is_not_for_postgresql(application: Flask, tmp_path: Path) -> None:
    refused = application.test_cli_runner().invoke(args=["backup", str(tmp_path / "a.db")])
    assert refused.exit_code == 2
    assert "pg_dump" in refused.output


@POSTGRES
def test_a_role_that_owns_nothing_is_enough_to_serve(application: Flask, tmp_path: Path) -> None:
    url = application.config["DATABASE_URL"]
    with bound_role(url) as role:
        serving = make_app(url_of(url, role), tmp_path)
        with serving.app_context():
            store = make_store().id
            db.session.remove()
            (tmp_path / "a.csv").write_text("external_id\n1\n")
            import_file(store, "customers", tmp_path / "a.csv", lambda _progress: None, NoFile())
            with pytest.raises(Exception, match="must be owner"):
                db.session.execute(text("DROP TABLE customers"))
            db.session.remove()
            db.engine.dispose()
        assert serving.test_client().get("/health/ready").status_code == 200
        with serving.app_context():
            db.engine.dispose()
