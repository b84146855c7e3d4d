"""What writing facts shares: many rows at once, folded text, and what was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import Column, Connection, Dialect, Table, Update, bindparam, column, func, insert, update
from sqlalchemy.exc import OperationalError

from segmentation.extensions import Base
from segmentation.facts.entries import RowFault
from segmentation.models.functions import ValueList
from segmentation.values.postgres_text import copy_lines
from segmentation.values.text import fold

# Numbers that count a store's rows, as good as.
KEY = ("store_id", "number")  # of customers and of orders
DENSE = {"customers": "number", "orders": "number", "order_lines": "order_number"}
ROWS_AT_ONCE = 2_000  # sent to PostgreSQL, which works on them while the next are made
FEW_ROWS = 2_000  # of which it does not matter how they are found
UNDERESTIMATED = 50  # times
OUTGROWN = 4  # times the size at which a table was last analysed


@dataclass(frozen=True)
class Written:
    """What an upsert did: how many of its records are new, changed and as they were, and which of them (by position)
    it refused, and why. `version`: the data version since; the one before when nothing was changed.
    """

    version: int
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: Mapping[int, RowFault] = field(default_factory=dict)


def idle() -> None:
    """What somebody does who has nothing else to do while the database is at work."""


@lru_cache(4_096)
def folded(text: str | None) -> str | None:
    """What a `_folded` column holds beside `text`."""
    return None if text is None else fold(text)


def with_folded(texts: Mapping[str, Sequence[str | None]]) -> dict[str, Sequence[str | None]]:
    """Columns of text, each with its `_folded` column."""
    return {**texts, **{f"{name}_folded": list(map(folded, values)) for name, values in texts.items()}}


@contextmanager
def sending(connection: Connection) -> Iterator[Callable[..., None]]:
    """A function to call others by that write through the connection, in turn; when the block ends all are done.

    With a database server they run in a thread, so that the next rows are made while the server is at work on those
    before, and inside the block nothing else may use the connection. The block raises what the first of them raised.
    """
    if connection.dialect.name == "sqlite":
        yield lambda function, *arguments: function(*arguments)
        return
    sent: list[Future[Any]] = []
    with ThreadPoolExecutor(1) as thread:
        yield lambda function, *arguments: sent.append(thread.submit(function, *arguments))
    for each in sent:
        each.result()


def insert_columns(connection: Connection, model: type[Base], columns: Mapping[str, Sequence[Any]]) -> None:
    """Insert rows, given column by column: name -> a value for each row. Defaults of the model are not applied.

    Past the ORM: with COPY on PostgreSQL, and elsewhere without the columns that are null in all rows. That is three
    times as fast as `insert(model)` with a list of rows.
    """
    table = cast("Table", model.__table__)
    given = {name: values for name, values in columns.items() if values.count(None) < len(values)}
    if not given:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, given)
        return
    statement = insert(table).compile(dialect=connection.dialect, column_keys=list(given))
    bound = [_bound(table.c[name], given[name], connection.dialect) for name in statement.positiontup or ()]
    connection.exec_driver_sql(str(statement), list(zip(*bound, strict=True)))


def update_columns(connection: Connection, model: type[Base], columns: Mapping[str, Sequence[Any]]) -> None:
    """Update rows of a table with dense numbers, given column by column like those of `insert_columns`; which rows they
    are is said by `store_id`, the same for all, and `number`.
    """
    table = cast("Table", model.__table__)
    if not columns["number"]:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(_update_from_arrays(table, columns))
        return
    statement = (
        update(table).where(*(table.c[name] == bindparam(f"given_{name}") for name in KEY))
        .values({name: bindparam(f"given_{name}") for name in columns if name not in KEY})
        .compile(dialect=connection.dialect))
    names = [name.removeprefix("given_") for name in statement.positiontup or ()]
    bound = [_bound(table.c[name], columns[name], connection.dialect) for name in names]
    connection.exec_driver_sql(str(statement), list(zip(*bound, strict=True)))


def _update_from_arrays(table: Table, columns: Mapping[str, Sequence[Any]]) -> Update:
    """One statement for all rows: a statement for each would take twice as long."""
    arrays = {name: values for name, values in columns.items() if name != "store_id"}
    given = func.unnest(*(bindparam(None, values, ValueList(table.c[name].type)) for name, values in arrays.items()))
    rows = given.table_valued(*(column(name, table.c[name].type) for name in arrays), name="given").render_derived()
    return (
        update(table).where(table.c.store_id == columns["store_id"][0], table.c.number == rows.c.number)
        .values({name: rows.c[name] for name in arrays if name != "number"}))


def _copy(connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    names, first = sql.SQL(", ").join(map(sql.Identifier, columns)), next(iter(columns))
    try:
        with _target(driver, table.name, names) as target, driver.cursor() as cursor, cursor.copy(
                sql.SQL("COPY {} ({}) FROM STDIN").format(target, names)) as copy:
            for start in range(0, len(columns[first]), ROWS_AT_ONCE):
                copy.write(copy_lines([values[start:start + ROWS_AT_ONCE] for values in columns.values()]))
        _keep_planner_informed(driver, table.name)
        _introduce_store(driver, table.name, columns)
    except psycopg.OperationalError as error:  # as SQLAlchemy does for what goes through it
        raise OperationalError("COPY", None, error) from error


@contextmanager
def _target(driver: psycopg.Connection[Any], table: str, names: sql.Composed) -> Iterator[sql.Identifier]:
    """The table to copy into. PostgreSQL copies into none whose rows it walls off from us: then it is a temporary one,
    whose rows are moved over when the block ends.
    """
    walled = driver.execute("SELECT row_security_active(%s::regclass)", [table]).fetchone()
    if not walled or not walled[0]:
        yield sql.Identifier(table)
        return
    aside, into = sql.Identifier("copied"), sql.Identifier(table)
    driver.execute(sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP").format(aside, into))
    yield aside
    driver.execute(sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(into, names, names, aside))
    driver.execute(sql.SQL("DROP TABLE {}").format(aside))


def _keep_planner_informed(driver: psycopg.Connection[Any], table: str) -> None:
    """Analyse a table that has outgrown what the planner knows of it.

    Autovacuum comes too late for an import into a young database: there the checks of foreign keys, planned for an
    empty table, would search through all customers of the store for every order.
    """
    grown = driver.execute(
        "SELECT pg_relation_size(oid) > current_setting('block_size')::bigint * %s * (relpages + 1)"
        " FROM pg_class WHERE oid = to_regclass(%s)", [OUTGROWN, table]).fetchone()
    if grown and grown[0]:
        driver.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))


def _introduce_store(driver: psycopg.Connection[Any], table: str, columns: Mapping[str, Sequence[Any]]) -> None:
    """Analyse a table whose statistics do not know the store that is written to.

    PostgreSQL takes such a store for empty, however many rows it has by now, and would look each order up by reading
    all of the store's. The dense numbers tell how many rows there are at least.
    """
    numbers = columns[DENSE[table]] if table in DENSE else (0,)
    if max(numbers) < FEW_ROWS:
        return
    explain = sql.SQL("EXPLAIN (FORMAT JSON) SELECT 1 FROM {} WHERE store_id = {}").format(
        sql.Identifier(table), sql.Literal(columns["store_id"][0]))
    row = driver.execute(explain).fetchone()
    if row and row[0][0]["Plan"]["Plan Rows"] * UNDERESTIMATED < max(numbers):
        driver.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))


def _bound(of: Column[Any], values: Sequence[Any], dialect: Dialect) -> Sequence[Any]:
    """The values as the driver takes them."""
    process = of.type.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return values
    if values.count(values[0]) == len(values):  # such as the store's id
        return [process(values[0])] * len(values)
    return [process(value) for value in values]
