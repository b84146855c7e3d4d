"""Transactions and deadlines: the only place that commits.

`writing` is one transaction that takes the write lock at its start (SQLite) and commits at its end. `reading` is one
consistent snapshot with a deadline, after which the engine itself stops the statement; it stops too once nobody waits
for the answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Executable, text
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.orm import Session

from segmentation.departures import HasLeft, departure, watching
from segmentation.errors import Abandoned, Invalid, query_timeout
from segmentation.extensions import BUSY_SECONDS, WRITES, db

STEPS_BETWEEN_CHECKS = 200_000  # SQLite instructions; some ten milliseconds, for each check waits for other threads
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


def let_go() -> None:
    """End what the session is in the middle of, though its connection be gone: then the server has ended it itself."""
    if not db.session.registry.has():
        return
    try:
        db.session.rollback()
    except DBAPIError:
        db.session().invalidate()


def noting(statement: Executable) -> None:
    """A small write of its own that may be left out: it waits for nobody, and when the database is busy it is dropped.
    """
    with db.engine.connect() as plain:
        driver: Any = plain.connection.driver_connection
        connection = plain.execution_options(**{WRITES: True})
        try:
            if plain.dialect.name == "sqlite":
                driver.execute("PRAGMA busy_timeout=0")
            with connection.begin():
                if plain.dialect.name == "postgresql":
                    connection.execute(text("SET LOCAL lock_timeout = '20ms'"))
                connection.execute(statement)
        except OperationalError:
            pass
        finally:
            if plain.dialect.name == "sqlite":
                driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")


@contextmanager
def reading(seconds: float) -> Iterator[Connection]:
    """One consistent read snapshot. Raises errors.Unavailable when a statement passes the deadline, errors.Abandoned
    when the client of the request has left.
    """
    with db.engine.connect() as plain:
        connection = plain
        if plain.dialect.name == "postgresql":
            connection = plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin(), deadline(connection, seconds, departure()):
            yield connection


@contextmanager
def deadline(connection: Connection, seconds: float, has_left: HasLeft | None = None) -> Iterator[None]:
    """Have the engine stop what runs on `connection` inside the block once `seconds` have passed, or `has_left`."""
    stopping = _stopping_postgresql if connection.dialect.name == "postgresql" else _stopping_sqlite
    try:
        with stopping(connection, seconds, has_left):
            yield
    except (DataError, OperationalError) as error:
        if is_timeout(error):
            raise (Abandoned() if has_left and has_left() else query_timeout()) from error
        if is_overflow(error):
            raise Invalid("Some amounts add up to more than can be counted.", code="sum_too_large") from error
        raise


@contextmanager
def _stopping_sqlite(connection: Connection, seconds: float, has_left: HasLeft | None) -> Iterator[None]:
    driver: Any = connection.connection.driver_connection
    end = monotonic() + seconds
    driver.set_progress_handler(lambda: monotonic() > end or (has_left is not None and has_left()),
                                STEPS_BETWEEN_CHECKS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


@contextmanager
def _stopping_postgresql(connection: Connection, seconds: float, has_left: HasLeft | None) -> Iterator[None]:
    connection.execute(text("SELECT set_config('statement_timeout', :limit, true)"),
                       {"limit": str(max(1, int(seconds * 1000)))})
    if has_left is None:
        yield
        return
    driver: Any = connection.connection.driver_connection
    try:
        with watching(has_left, driver.cancel_safe):
            yield
    finally:
        if has_left():
            connection.invalidate()  # a late cancellation must not hit whoever has the connection next
            raise Abandoned()


def is_overflow(error: DBAPIError) -> bool:
    """Whether a number got larger than 64 bits hold."""
    return ("integer overflow" in str(error.orig)
            or getattr(error.orig, "sqlstate", None) == NUMERIC_VALUE_OUT_OF_RANGE)


def is_timeout(error: DBAPIError) -> bool:
    """Whether the engine stopped a statement because its deadline had passed."""
    if isinstance(error.orig, sqlite3.OperationalError):
        return str(error.orig) == "interrupted"
    return getattr(error.orig, "sqlstate", None) == QUERY_CANCELLED
