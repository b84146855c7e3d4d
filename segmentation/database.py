"""Transactions and deadlines: the only place that commits.

`writing` is one transaction that takes the write lock at its start (SQLite) and commits at its end. `reading` is one
consistent snapshot with a deadline, after which the engine itself stops the statement.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.orm import Session

from segmentation.errors import Invalid, query_timeout
from segmentation.extensions import WRITES, db

STEPS_BETWEEN_CHECKS = 20_000  # SQLite instructions; about a millisecond
QUERY_CANCELLED = "57014"
NUMERIC_VALUE_OUT_OF_RANGE = "22003"


@contextmanager
def writing() -> Iterator[Session]:
    """A write transaction on the request's session: commits when the block ends, rolls back when it raises."""
    session: Session = db.session()
    session.rollback()
    session.connection(execution_options={WRITES: True})
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


@contextmanager
def reading(seconds: float) -> Iterator[Connection]:
    """One consistent read snapshot. Raises errors.Unavailable when a statement passes the deadline."""
    with db.engine.connect() as plain:
        connection = plain
        if plain.dialect.name == "postgresql":
            connection = plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin(), deadline(connection, seconds):
            yield connection


@contextmanager
def deadline(connection: Connection, seconds: float) -> Iterator[None]:
    """Have the engine stop what runs on `connection` inside the block once `seconds` have passed."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT set_config('statement_timeout', :limit, true)"),
                           {"limit": str(max(1, int(seconds * 1000)))})
        stop: Any = None
    else:
        stop = connection.connection.driver_connection
        end = monotonic() + seconds
        stop.set_progress_handler(lambda: monotonic() > end, STEPS_BETWEEN_CHECKS)
    try:
        yield
    except (DataError, OperationalError) as error:
        if is_timeout(error):
            raise query_timeout() from error
        if is_overflow(error):
            raise Invalid("Some amounts add up to more than can be counted.", code="sum_too_large") from error
        raise
    finally:
        if stop is not None:
            stop.set_progress_handler(None, 0)


def is_overflow(error: DBAPIError) -> bool:
    """Whether a number got larger than 64 bits hold."""
    return ("integer overflow" in str(error.orig)
            or getattr(error.orig, "sqlstate", None) == NUMERIC_VALUE_OUT_OF_RANGE)


def is_timeout(error: DBAPIError) -> bool:
    """Whether the engine stopped a statement because its deadline had passed."""
    if isinstance(error.orig, sqlite3.OperationalError):
        return str(error.orig) == "interrupted"
    return getattr(error.orig, "sqlstate", None) == QUERY_CANCELLED
