"""The extensions, created here and configured by `create_app`; and how a database connection behaves.

SQLite: WAL, foreign keys on, transactions begun by us: deferred for reading, immediate for writing (so that a writer
waits for its turn at the start instead of failing in the middle). The file is mapped into memory, which all processes
share. A connection's own cache is small, for there are many connections; it is large while it writes, when it holds
what is yet to be written.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from flask_jwt_extended import JWTManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, MetaData, event
from sqlalchemy.orm import DeclarativeBase

from segmentation import json

BUSY_SECONDS = 30
WRITES = "segmentation_writes"
READING_KB, WRITING_KB = 2_048, 65_536


class Base(DeclarativeBase):
    """Base of all models; constraint names follow one convention, so that migrations can name them."""

    metadata = MetaData(naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    })


db = SQLAlchemy(model_class=Base, engine_options={
    "json_serializer": json.dumps_text, "json_deserializer": json.loads_stored})
migrate = Migrate(render_as_batch=True, compare_type=True)
jwt = JWTManager()


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # we emit BEGIN ourselves, below
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON",
                   f"busy_timeout={BUSY_SECONDS * 1000}", "mmap_size=1073741824",
                   "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        writes = connection.get_execution_options().get(WRITES, False)
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA cache_size=-{WRITING_KB if writes else READING_KB}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
