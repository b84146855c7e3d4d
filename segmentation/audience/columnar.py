"""What a replica holds: of one store's facts the columns that rules ask about, and how they are read from the primary.

Names are the models'. `store_id` is 0 in every row, instants are microseconds since 1970, identifiers 16 bytes. Of a
text that is compared folded, only that is there: what people see always comes from the primary.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Integer, SmallInteger, String, Table
from sqlalchemy.types import TypeEngine

from segmentation.models import Customer, CustomerAttribute, CustomerTag, Order, OrderLine
from segmentation.models.types import Identifier, Instant

FORMAT = 1  # raise it when a file of the same columns means something else
STORE = 0
CHANGED = "changed"
CUSTOMERS, RENEWED, NONE = (
    f"SELECT count(*) FROM {Customer.__tablename__}", f"SELECT count(*) FROM {CHANGED}", "SELECT 0")
Step = tuple[str | None, str]  # what is read from the primary, if anything, and what is done in the file
_NEVER_ASKED = {"store_id", "version", "birthday", "currency", "written_by", "line", "external_id"}
# The most special first: SmallInteger is an Integer to SQLAlchemy.
_TYPES: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (Instant, "BIGINT"), (Identifier, "BLOB"), (Boolean, "BOOLEAN"), (SmallInteger, "SMALLINT"),
    (BigInteger, "BIGINT"), (Integer, "INTEGER"), (String, "VARCHAR"))
_PLACEHOLDERS = {"BLOB": "x'00'", "VARCHAR": "'x'"}


@dataclass(frozen=True)
class Copied:
    """A table of the replica. `changed`: which of its rows belong to the customers of a set of numbers, the same on
    the primary and in the replica; without the store, which is asked for besides.
    """

    table: Table
    changed: str

    @property
    def columns(self) -> list[Column[object]]:
        """The columns that are copied; the first is a number."""
        table = self.table
        return [each for each in table.c if each.name not in _NEVER_ASKED and f"{each.name}_folded" not in table.c]

    def definition(self) -> str:
        """The statement that creates the table in a replica."""
        columns = ", ".join(f"{each.name} {_type(each)}" for each in self.columns)
        return f"CREATE TABLE {self.table.name} (store_id TINYINT, {columns})"

    def reading(self, engine: str, store_id: uuid.UUID, numbers: str | None) -> str:
        """What selects the rows on the primary; `numbers`: a select of the only customers whose rows are wanted."""
        names = ", ".join(_read(each, engine) for each in self.columns)
        rows = f"SELECT {names} FROM {self.table.name} WHERE store_id = {store(engine, store_id)}"
        if numbers is not None:
            rows += f" AND {self.changed.format(numbers=numbers, store=store(engine, store_id))}"
        if engine != "sqlite":
            return rows
        # Values in SQLite have types, columns have none: what reads them guesses by the first rows.
        first = ", ".join(_PLACEHOLDERS.get(_type(each), "-1") for each in self.columns)
        return f"SELECT {first} UNION ALL {rows}"

    def storing(self, engine: str, source: str) -> str:
        """The statement that puts what was read, which DuckDB knows by the name `source`, into the replica."""
        names = [f"c{place}" for place in range(len(self.columns))]
        values = ", ".join(_stored(each, name, engine) for each, name in zip(self.columns, names, strict=True))
        return (f"INSERT INTO {self.table.name} SELECT {STORE}, {values} FROM {source} AS read({', '.join(names)})"
                " WHERE c0 >= 0")


_OWNED = "customer_number IN ({numbers})"
COPIED: tuple[Copied, ...] = (
    Copied(Customer.__table__, "number IN ({numbers})"),  # type: ignore[arg-type]
    Copied(CustomerTag.__table__, _OWNED),  # type: ignore[arg-type]
    Copied(CustomerAttribute.__table__, _OWNED),  # type: ignore[arg-type]
    Copied(Order.__table__, _OWNED),  # type: ignore[arg-type]
    Copied(OrderLine.__table__,  # type: ignore[arg-type]
           f"order_number IN (SELECT number FROM orders WHERE store_id = {{store}} AND {_OWNED})"),
)


@cache
def layout() -> str:
    """A name for what a replica of this code holds; one of another layout is of no use to it."""
    told = "\n".join([str(FORMAT), *(each.definition() for each in COPIED)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def beginning(engine: str, store_id: uuid.UUID) -> tuple[str, ...]:
    """The statements with which one snapshot of the primary begins, in which the store's own rows are to be seen (see
    `walls`).
    """
    return () if engine == "sqlite" else ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
                                          f"SET LOCAL segmentation.store_id = '{store_id}'")


def version(engine: str, store_id: uuid.UUID) -> str:
    """What selects the store's data version."""
    return f"SELECT data_version FROM stores WHERE id = {store(engine, store_id)}"


def made_anew(engine: str, store_id: uuid.UUID) -> Iterator[Step]:
    """The steps that fill an empty file."""
    yield from ((None, each.definition()) for each in COPIED)
    yield from _copied(engine, store_id, None)


def made_from(engine: str, store_id: uuid.UUID, since: int) -> Iterator[Step]:
    """The steps that replace, in a file of the data version `since`, what belongs to the customers that changed."""
    gone = f"SELECT customer_number FROM tombstones WHERE {_changed(engine, store_id, since)}"
    yield None, f"CREATE TEMP TABLE {CHANGED} (number BIGINT)"
    yield (f"{_numbers(engine, store_id, since)} UNION ALL {gone}",
           f"INSERT INTO {CHANGED} SELECT * FROM source")
    for each in reversed(COPIED):
        theirs = each.changed.format(numbers=f"SELECT number FROM {CHANGED}", store=STORE)
        yield None, f"DELETE FROM {each.table.name} WHERE {theirs}"
    yield from _copied(engine, store_id, _numbers(engine, store_id, since))


def _copied(engine: str, store_id: uuid.UUID, numbers: str | None) -> Iterator[Step]:
    yield from ((each.reading(engine, store_id, numbers), each.storing(engine, "source")) for each in COPIED)


def _numbers(engine: str, store_id: uuid.UUID, since: int) -> str:
    return f"SELECT number FROM {Customer.__tablename__} WHERE {_changed(engine, store_id, since)}"


def _changed(engine: str, store_id: uuid.UUID, since: int) -> str:
    return f"store_id = {store(engine, store_id)} AND version > {since}"


def store(engine: str, store_id: uuid.UUID) -> str:
    """The store's id as a literal."""
    return f"X'{store_id.hex}'" if engine == "sqlite" else f"CAST('{store_id}' AS uuid)"


def _type(column: Column[object]) -> str:
    return next(name for type_, name in _TYPES if isinstance(column.type, type_))


def _read(column: Column[object], engine: str) -> str:
    is_uuid = engine != "sqlite" and isinstance(column.type, Identifier)
    return f"uuid_send({column.name})" if is_uuid else column.name


def _stored(column: Column[object], name: str, engine: str) -> str:
    if engine != "sqlite" and isinstance(column.type, Instant):
        return f"epoch_us({name})"
    return f"CAST({name} AS {_type(column)})"

