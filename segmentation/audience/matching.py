"""Customers that match a rule tree: the only select of them. Count, page, stream.

Every function takes a Scope (whose store, and its time zone), a typed tree, the instant that is "now", and a Snapshot
to read from; two answers from one Snapshot speak of the same facts.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, or_, select

from segmentation.audience.columns import sort_column
from segmentation.audience.engines import Snapshot
from segmentation.audience.scope import Scope
from segmentation.models.types import Identifier
from segmentation.rules.places import Facts
from segmentation.rules.sql import condition
from segmentation.rules.tree import Group
from segmentation.rules.windows import Clock

ROWS_AT_ONCE = 2_000


@dataclass(frozen=True)
class Position:
    """Where a page ended: the sort value and the id of its last customer."""

    value: Any
    id: Any


@dataclass(frozen=True)
class PageRequest:
    """Which page: `after` a position, or `offset` rows in. Sorted by a published column, ties by id."""

    limit: int
    sort: str = "id"
    descending: bool = False
    offset: int = 0
    after: Position | None = None


def matching(scope: Scope, tree: Group, now: datetime, facts: Facts, *columns: ColumnElement[Any]) -> Select[Any]:
    """The select of the scope's customers who match `tree` at `now`."""
    clock = Clock(now, scope.settings.zone, scope.settings.week_start)
    own = facts.customers.c.store_id == scope.store_id
    return select(*columns).select_from(facts.customers).where(own, condition(tree, clock, facts))


def count(scope: Scope, tree: Group, now: datetime, snapshot: Snapshot) -> int:
    """How many customers match, exactly."""
    counted = matching(scope, tree, now, snapshot.facts, func.count())
    return int(snapshot.connection.execute(counted).scalar_one())


def page(scope: Scope, tree: Group, now: datetime, snapshot: Snapshot, request: PageRequest) -> Sequence[Row[Any]]:
    """One page of matching customers, all columns; missing sort values come last."""
    columns = snapshot.facts.customers.c
    order = columns[sort_column(request.sort)]
    found = matching(scope, tree, now, snapshot.facts, *columns)
    if request.after is not None:
        found = found.where(_beyond(order, columns.id, request.descending, request.after))
    if request.sort != "id":
        found = found.order_by(order.is_(None), order.desc() if request.descending else order, columns.id)
    else:
        found = found.order_by(order.desc() if request.descending else order)
    return snapshot.connection.execute(found.limit(request.limit).offset(request.offset)).all()


def stream(
    scope: Scope, tree: Group, now: datetime, snapshot: Snapshot, keys: Sequence[str]
) -> Generator[Row[Any], None, None]:
    """Every matching customer's columns `keys`, in order of their number, without holding them all.

    Whoever may stop before the end closes it, because the database keeps a cursor open for it.
    """
    columns = snapshot.facts.customers.c
    found = matching(scope, tree, now, snapshot.facts, *(columns[key] for key in keys)).order_by(columns.number)
    with snapshot.connection.execute(found, execution_options={"yield_per": ROWS_AT_ONCE}) as rows:
        yield from rows


def position(row: Row[Any], sort: str) -> Position:
    """The position of a customer in an order."""
    values = row._mapping
    return Position(values[sort_column(sort)], values["id"])


def _beyond(order: ColumnElement[Any], key: ColumnElement[Any], descending: bool, at: Position) -> ColumnElement[bool]:
    identifier = literal(at.id, Identifier)
    if order is key:
        return key < identifier if descending else key > identifier
    if at.value is None:
        return and_(order.is_(None), key > identifier)
    value = literal(at.value, order.type)
    further = order < value if descending else order > value
    return or_(further, and_(order == value, key > identifier), order.is_(None))
