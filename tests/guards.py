"""Guards around what the product asks of SQLite in any test. What a test asks itself is not looked at.

A transaction that was not begun for writing only reads: SQLite's authorizer refuses everything else at once, where in
life it would be a lock that comes too late. And every statement finds the rows of a store by their store: its query
plan may not walk over a table of stores in another way, unless `walls.across` says for what.
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from pathlib import Path
from typing import Any

from flask import g, has_app_context
from sqlalchemy import Connection, Engine, event

from segmentation.extensions import WRITES, db

ROOT = Path(__file__).resolve().parent.parent
PRODUCT, OTHERS = f"{ROOT / 'segmentation'}/", (f"{ROOT / 'tests'}/", f"{ROOT / 'migrations'}/")
READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE,
         sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT}
OF_STORES = {table.name for table in db.metadata.sorted_tables if "store_id" in table.c} | {"stores"}
# The table and how its rows are found, in a step of a query plan.
WALK = re.compile(r"(?:SEARCH|SCAN) (?:TABLE )?(\w+)(?: USING [A-Z ]*(?:INDEX|KEY)(?: \w+)?)?(?: \((.*)\))?")
# What is found by a key that nobody can guess; that nothing foreign is told of it is for the matrix to show.
BY_ITSELF = {("stores", "id=?"), ("jobs", "id=?"), ("jobs", "rowid=?"), ("audit_events", "id=?")}
WATCHES = not os.environ.get("SEGMENTATION_TEST_UNGUARDED")  # campaigns that ask what else finds a fault
seen: set[str] = set()
found: list[str] = []  # since somebody last looked: what is raised in a request may end in an answer


class Unscoped(AssertionError):
    """A statement looks at the rows of all stores."""


def by_the_product() -> bool:
    """Whether the package asks, and not a test or a migration."""
    frame = sys._getframe(2) if WATCHES else None
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(PRODUCT):
            return True
        if path.startswith(OTHERS):
            return False
        frame = frame.f_back
    return False


def only_reads(action: int, first: str | None, second: str | None, *_where: Any) -> int:
    """SQLite's authorizer for a reading connection."""
    asks = action == sqlite3.SQLITE_PRAGMA and (second is None or str(first).endswith(("_info", "_xinfo", "_list")))
    makes_json_each = (action, first) == (sqlite3.SQLITE_UPDATE, "sqlite_master")  # none but SQLite itself may
    return sqlite3.SQLITE_OK if action in READS or asks or makes_json_each else sqlite3.SQLITE_DENY


def unscoped(plan: list[str], statement: str) -> list[str]:
    """The steps of a statement's query plan that walk over a table of stores without naming one.

    Where another index is narrower, the statement has to say that the store is looked at as well.
    """
    wrong, names = [], aliases(statement)
    for step in plan:
        if found := WALK.match(step):
            name, how = found[1], found[2] or ""
            table = names.get(name, name)
            looked_at = how and re.search(rf"\b{name}\.store_id (= (?!{name}\.)|IS NULL)", statement)
            if table in OF_STORES and not (how.startswith("store_id=?") or looked_at or (table, how) in BY_ITSELF):
                wrong.append(step)
    return wrong


def aliases(statement: str) -> dict[str, str]:
    """The tables of stores that a statement calls by another name."""
    found = re.findall(r"\b(\w+) AS \"?(\w+)\"?", statement)
    return {alias: table for table, alias in found if table in OF_STORES}


@event.listens_for(Engine, "begin")
def _forbid_writing(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and not connection.get_execution_options().get(WRITES) and by_the_product():
        driver: Any = connection.connection.driver_connection
        driver.set_authorizer(only_reads)


def _allow_all(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and not connection.invalidated:
        driver: Any = connection.connection.driver_connection
        driver.set_authorizer(None)


event.listen(Engine, "commit", _allow_all)
event.listen(Engine, "rollback", _allow_all)


@event.listens_for(Engine, "before_cursor_execute")
def _look_at_the_plan(connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any,
                      many: bool) -> None:
    if connection.dialect.name != "sqlite" or statement in seen or not by_the_product():
        return
    if has_app_context() and "sight" in g and g.sight.across:
        return
    if statement.lstrip().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
        driver: Any = connection.connection.driver_connection
        rows = driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters[0] if many else parameters).fetchall()
        wrong = unscoped([row[3] for row in rows], statement)
        if wrong:
            found.append(f"{wrong} in {statement}")
            raise Unscoped(found[-1])
    seen.add(statement)
