"""The dense numbers of a store's customers and orders: finding them by the shop's own ids, and taking unused ones."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Text, bindparam, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from segmentation.models import Customer, Order, Store
from segmentation.models.functions import ValueList


class _each(FunctionElement[str]):
    """The items of a list, as rows of one column."""

    name = "each"
    type = Text()
    inherit_cache = True


@compiles(_each, "sqlite")
def _each_sqlite(element: _each, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(_each, "postgresql")
def _each_postgresql(element: _each, compiler: SQLCompiler, **kw: Any) -> str:
    return f"unnest({compiler.process(element.clauses, **kw)})"


def find_numbers(
    connection: Connection, model: type[Customer] | type[Order], store_id: uuid.UUID, external_ids: Collection[str]
) -> dict[str, int]:
    """The numbers of those that the store has, by external id.

    One look-up for each id, spelled so that no planner can take it for cheaper to read the whole store: without
    statistics SQLite does so for `external_id IN (…)`.
    """
    # PostgreSQL gives the one column the name of the table, so both are called as SQLite calls the column.
    ids = _each(bindparam(None, list(external_ids), ValueList(Text))).table_valued("value", name="value")
    number = select(model.number).where(model.store_id == store_id, model.external_id == ids.c.value)
    rows = connection.execute(select(ids.c.value, number.scalar_subquery())).all()
    return {external_id: number for external_id, number in rows if number is not None}


def take_numbers(
    connection: Connection, counter: InstrumentedAttribute[int], store_id: uuid.UUID, count: int
) -> range:
    """So many unused numbers of a store, from its counter `Store.last_…_number`."""
    if not count:
        return range(0)
    statement = update(Store).where(Store.id == store_id).values({counter: counter + count}).returning(counter)
    last: int = connection.execute(statement).scalar_one()
    return range(last - count + 1, last + 1)
