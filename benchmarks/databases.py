"""The databases of the benchmark of replicas: the same customers in each, and the settings of the application there."""

from __future__ import annotations

import uuid
from pathlib import Path
from random import Random
from typing import Any

from flask_migrate import upgrade
from sqlalchemy import update

from benchmarks.copies import multiply
from benchmarks.facts import make_store
from segmentation import create_app
from segmentation.accounts import add_user
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.facts.versions import next_version
from segmentation.models import Customer
from segmentation.models.types import utc_now

SIGN_IN = {"email": "bench@example.com", "password": "a password for the benchmark"}
ORDERS, AT_ONCE = 2.5, 500
MOST_MADE = 1_000_000  # customers; more of them are these over and over
_MADE = "store"  # a file that names the store, once all of it is there


def databases(size: int, folder: Path, postgres: str | None) -> dict[str, uuid.UUID]:
    """The store in each database, by URL: that of PostgreSQL, if there is one, and SQLite's in the folder.

    A store that an earlier run left in the folder is taken as it is.
    """
    now, url, made = utc_now(), f"sqlite:///{folder / 'benchmark.db'}", folder / _MADE
    stores = {} if postgres is None else {postgres: _filled(postgres, folder, size, now)}
    if not made.exists():
        (folder / "benchmark.db").unlink(missing_ok=True)
        made.write_text(str(_filled(url, folder, size, now)))
    return {**stores, url: uuid.UUID(made.read_text())}


def environ(url: str, folder: Path) -> dict[str, str]:
    """The settings of the application on that database."""
    return {"SEGMENTATION_SECRET_KEY": "only for the benchmark, thrown away after it 0123456789",
            "SEGMENTATION_DATABASE_URL": url, "SEGMENTATION_SPOOL_DIR": str(folder), "SEGMENTATION_LOG_LEVEL": "ERROR",
            "SEGMENTATION_QUEUE": f"sqlite:///{folder}/queue.db", "SEGMENTATION_PREVIEW_SECONDS": "600",
            "SEGMENTATION_ACCESS_TOKEN_SECONDS": "86400", "SEGMENTATION_REPLICA_CUSTOMERS": "1"}


def touch(store: uuid.UUID, changed: int, size: int, most: int) -> None:
    """Have so many customers count as changed, spread over the store; what is true of them stays, and so the counts.

    They are among the same `most`, whatever their number.
    """
    numbers = Random(1).sample(range(1, size + 1), min(size, most))[:changed]
    with writing() as session:
        version = next_version(session, store)
        for start in range(0, changed, AT_ONCE):
            session.execute(update(Customer).where(
                Customer.store_id == store, Customer.number.in_(numbers[start:start + AT_ONCE])).values(
                    version=version))


def _filled(url: str, folder: Path, size: int, now: Any) -> uuid.UUID:
    with create_app(environ(url, folder)).app_context():
        upgrade()
        store: uuid.UUID = make_store(min(size, MOST_MADE), now, ORDERS)
        if size > MOST_MADE:
            multiply(store, size // MOST_MADE)
        add_user(SIGN_IN["email"], SIGN_IN["password"], store, "owner")
        if not url.startswith("sqlite"):
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
        db.session.remove()
        db.engine.dispose()
        return store
