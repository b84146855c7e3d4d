"""Customers that match a rule tree: the only select of them. Count, page, stream.

Every function takes a Scope (whose store, and its time zone), a typed tree, the instant that is "now", and a Snapshot
to read from; two answers from one Snapshot speak of the same facts.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Result, Row

from segmentation.audience.columns import sort_column
from segmentation.audience.engines import Part, Rows, Snapshot
from segmentation.audience.remembering import remembered
from segmentation.audience.scope import Scope
from segmentation.models import Customer
from segmentation.rules.dialects import Numbers
from segmentation.rules.sql import Compiler
from segmentation.rules.tree import Group
from segmentation.rules.windows import Clock
from segmentation.rules.writing import Facts

ROWS_AT_ONCE = 500  # of twenty columns: what a processor's own cache holds; four times as many take a tenth longer
ROWS_AHEAD = 2_000  # that a database server sends at once
NUMBERS_AT_ONCE = 100_000
FIRST = 500  # the first so many in an order are found at once, because whoever asks for a page asks for the next one
CUSTOMERS = Customer.__table__
KEY = "customers.id"


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


class Question:
    """What is asked of the customers of a scope at one instant, in the making: its parts share one statement."""

    def __init__(self, scope: Scope, now: datetime, facts: Facts) -> None:
        clock = Clock(now, scope.settings.zone, scope.settings.week_start)
        self.compiler = Compiler(facts, scope.store_id, clock)

    def text(self, columns: str, where: str = "TRUE", rest: str = "") -> str:
        """The statement that selects from the store's customers for whom the written condition holds."""
        own = self._own("customers.number")
        return f"{self.compiler.with_sets()}SELECT {columns} FROM customers WHERE {own} AND {where}{rest}"

    def counting(self, tree: Group) -> str:
        """The statement that counts the customers who match."""
        condition = self.compiler.group(tree)
        lone = self.compiler.lone_set(condition)
        if lone is None:
            return self.text("count(*)", condition)
        # Whoever has orders is a customer, so it is enough to count the set itself.
        name, wanted = lone
        everyone = f"(SELECT count(*) FROM customers WHERE {self._own('customers.number')}) - "
        but = self.compiler.besides(f"{name}.number")
        where = f" WHERE TRUE{but}" if but else ""
        return f"{self.compiler.with_sets()}SELECT {'' if wanted else everyone}count(*) FROM {name}{where}"

    def _own(self, number: str) -> str:
        return f"customers.store_id = {self.compiler.store}{self.compiler.asked_about(number)}"

    def ask(self, snapshot: Snapshot, written: str, *columns: ColumnElement[Any], **options: Any) -> Result[Any]:
        """The rows of a statement, from the primary; `columns` give their types, where these matter."""
        return snapshot.ask_primary(written, self.compiler.values, columns, **options)


def asked(scope: Scope, now: datetime, snapshot: Snapshot, write: Callable[[Question], str]) -> list[Rows]:
    """The rows of a statement, as each part of the customers gives them (see `engines`)."""
    def ask(part: Part) -> Rows:
        question = Question(scope, now, part.facts)
        return part.run(write(question), question.compiler.values)

    question = Question(scope, now, snapshot.facts)
    return remembered(snapshot, scope.store_id, now, write(question), question.compiler, ask)


def count(scope: Scope, tree: Group, now: datetime, snapshot: Snapshot) -> int:
    """How many customers match, exactly."""
    return sum(int(rows[0][0]) for rows in asked(scope, now, snapshot, lambda question: question.counting(tree)))


def count_each(scope: Scope, trees: Sequence[Group], now: datetime, snapshot: Snapshot) -> Sequence[int]:
    """How many customers match each of the trees, from one look at every customer."""
    def write(question: Question) -> str:
        compiler = question.compiler
        counts = [compiler.dialect.count_where.format(test=compiler.group(tree)) for tree in trees]
        return question.text(", ".join(counts))

    return tuple(map(sum, zip(*(rows[0] for rows in asked(scope, now, snapshot, write)), strict=True)))


def page(scope: Scope, tree: Group, now: datetime, snapshot: Snapshot, request: PageRequest) -> Sequence[Row[Any]]:
    """One page of matching customers, all columns; missing sort values come last."""
    return _rows(scope, now, snapshot, request, _first(scope, tree, now, snapshot, request, counted=False))


def page_and_total(
    scope: Scope, tree: Group, now: datetime, snapshot: Snapshot, request: PageRequest
) -> tuple[Sequence[Row[Any]], int]:
    """One page of matching customers, and how many match in all."""
    compiler = Question(scope, now, snapshot.facts).compiler
    # To keep all who match takes less time than to find out twice who is in a set.
    compiler.group(tree)
    counted = request.after is None and bool(compiler.sets)
    first = _first(scope, tree, now, snapshot, request, counted)
    total = sum(part.total for part in first) if counted else count(scope, tree, now, snapshot)
    return _rows(scope, now, snapshot, request, first), total


def stream(
    scope: Scope, tree: Group, now: datetime, snapshot: Snapshot, keys: Sequence[str]
) -> Generator[Sequence[Row[Any]], None, None]:
    """Every matching customer's columns `keys`, in order of their number, ROWS_AT_ONCE at a time; the values are as
    the driver gives them (see `columns.reader`).

    Whoever may stop before the end closes it, because the database keeps a cursor open for it.
    """
    columns = _names([CUSTOMERS.c[key] for key in keys])
    if snapshot.is_divided(scope.store_id):
        for numbers in _numbers(scope, tree, now, snapshot):
            question = Question(scope, now, replace(snapshot.facts, only=numbers))
            yield question.ask(snapshot, question.text(columns, rest=" ORDER BY customers.number")).all()
        return
    question = Question(scope, now, snapshot.facts)
    written = question.text(columns, question.compiler.group(tree), " ORDER BY customers.number")
    with question.ask(snapshot, written, stream_results=True, max_row_buffer=ROWS_AHEAD) as rows:
        yield from rows.partitions(ROWS_AT_ONCE)


def _numbers(scope: Scope, tree: Group, now: datetime, snapshot: Snapshot) -> Generator[Numbers, None, None]:
    """The numbers of all who match, in order, some at a time."""
    last = -1
    while True:
        def ask(part: Part, last: int = last) -> Rows:
            question = Question(scope, now, part.facts)
            where = f"{question.compiler.group(tree)} AND customers.number > {question.compiler.bind(last)}"
            rest = f" ORDER BY customers.number LIMIT {NUMBERS_AT_ONCE}"
            return part.run(question.text("customers.number", where, rest), question.compiler.values)

        found = sorted(row[0] for rows in snapshot.gather(scope.store_id, ask) for row in rows)[:NUMBERS_AT_ONCE]
        for start in range(0, len(found), ROWS_AT_ONCE):
            yield Numbers(found[start:start + ROWS_AT_ONCE])
        if len(found) < NUMBERS_AT_ONCE:
            return
        last = found[-1]


def position(row: Row[Any], sort: str) -> Position:
    """The position of a customer in an order."""
    values = row._mapping
    return Position(values[sort_column(sort)], values["id"])


@dataclass(frozen=True)
class _First:
    """The numbers of the first in an order, and how many match in all (0 where nobody asked)."""

    numbers: Sequence[int]
    total: int


def _first(
    scope: Scope, tree: Group, now: datetime, snapshot: Snapshot, request: PageRequest, counted: bool
) -> list[_First]:
    """The first in the order, as far as the page, of each part; the rows themselves are too wide to be sorted."""
    most = request.limit if request.after else -(-(request.offset + request.limit) // FIRST) * FIRST

    def write(question: Question) -> str:
        where = question.compiler.group(tree)
        if request.after is not None:
            where += f" AND {_beyond(question.compiler, request, request.after)}"
        rest = f" ORDER BY {_order(request)} LIMIT {question.compiler.bind(most)}"
        return question.text(f"customers.number, {'count(*) OVER ()' if counted else '0'}", where, rest)

    def ask(part: Part) -> _First:
        question = Question(scope, now, part.facts)
        rows = part.run(write(question), question.compiler.values)
        return _First(array("q", (row[0] for row in rows)), rows[0][1] if rows else 0)

    question = Question(scope, now, snapshot.facts)
    return remembered(snapshot, scope.store_id, now, write(question), question.compiler, ask)


def _rows(
    scope: Scope, now: datetime, snapshot: Snapshot, request: PageRequest, first: Sequence[_First]
) -> Sequence[Row[Any]]:
    """The page, from the first in the order. Of a single part it is known which of them are on it; the order of two
    parts together the primary knows, which also knows what they look like.
    """
    numbers, offset = [number for part in first for number in part.numbers], request.offset
    if len(first) == 1:
        numbers, offset = numbers[offset:offset + request.limit], 0
    question = Question(scope, now, replace(snapshot.facts, only=Numbers(numbers)))
    columns, compiler = tuple(CUSTOMERS.c), question.compiler
    rest = f" ORDER BY {_order(request)} LIMIT {compiler.bind(request.limit)} OFFSET {compiler.bind(offset)}"
    return question.ask(snapshot, question.text(_names(columns), rest=rest), *columns).all()


def _order(request: PageRequest) -> str:
    column, direction = f"customers.{sort_column(request.sort)}", " DESC" if request.descending else ""
    if column == KEY:
        return f"{column}{direction}"
    last = f"{column} IS NULL, " if CUSTOMERS.c[sort_column(request.sort)].nullable else ""
    return f"{last}{column}{direction}, {KEY}"


def _beyond(compiler: Compiler, request: PageRequest, at: Position) -> str:
    order, identifier = f"customers.{sort_column(request.sort)}", compiler.bind(at.id)
    further = "<" if request.descending else ">"
    if order == KEY:
        return f"{KEY} {further} {identifier}"
    if at.value is None:
        return f"({order} IS NULL AND {KEY} > {identifier})"
    value = compiler.bind(at.value)
    return f"({order} {further} {value} OR ({order} = {value} AND {KEY} > {identifier}) OR {order} IS NULL)"


def _names(columns: Sequence[ColumnElement[Any]]) -> str:
    return ", ".join(str(column) for column in columns)
