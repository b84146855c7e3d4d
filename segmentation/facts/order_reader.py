"""Rows of an orders file -> orders. Adjacent rows with one `order_id` are a run: the lines of one order.

A run stands or falls as a whole, so that an order is never stored with a line missing. A run that is not adjacent to
an earlier one of the same order is an entry of its own; `orders.upsert_orders` puts them together.

Rows are read many at a time, column by column, and each different cell of a column once: that is twice as fast as row
by row. Why a row is rejected is looked for afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from segmentation.facts.csv_files import Row
from segmentation.facts.entries import Entry, RowFault, places
from segmentation.facts.order_rows import (
    COLUMNS,
    REQUIRED,
    Line,
    OrderHead,
    OrderRecord,
    agreed,
    head_columns,
    line_columns,
    made_line,
)
from segmentation.facts.readers import Reader
from segmentation.rules.kinds import Fault
from segmentation.translations import Filled

LONGEST_RUN = 1_000  # rows held at a time; what goes on after that is taken as a further run
ROWS_AT_A_TIME = 2_000
CHARACTERS_AT_A_TIME = 2_000_000  # about; rows may be long
FEW = 20  # rows between looks at how long they are
REPEATED_CELLS = 8_192  # remembered per column; a shop has thousands of products
REPEATED_LENGTH = 100

T = TypeVar("T")

# A row between the id of its order as it is written, and what it says; without a head it is to be rejected.
_Read = tuple[str, Row, OrderHead | None, Line | None]


class _Cells(dict[str, Any]):
    """The values of a column's cells, or the Fault of one that has none; reads a cell when it is first asked for."""

    def __init__(self, read: Reader) -> None:
        super().__init__()
        self._read = read
        self.has_faults = False

    def __missing__(self, cell: str) -> Any:
        try:
            value = self._read(cell)
        except Fault as fault:
            value = fault.with_traceback(None)  # which would hold the rows that are read now
            self.has_faults = True
        if len(self) >= REPEATED_CELLS:
            self.clear()
        if len(cell) <= REPEATED_LENGTH:
            self[cell] = value
        return value


class OrderReader:
    """Reads the rows of a file with such a header; `characters` tells how many of the file have been read, so that no
    more than some are held. Raises errors.Invalid when the header does not fit.
    """

    def __init__(
        self, names: Sequence[str], zone: ZoneInfo, currency: str, characters: Callable[[], int] = lambda: 0
    ) -> None:
        self._characters = characters
        self._places = places(names, COLUMNS, REQUIRED)
        known = head_columns(zone, currency) | line_columns()
        self._cells = {name: _Cells(known[name].cell) for name in self._places}

    def entries(self, rows: Iterable[Row]) -> Iterator[Entry[OrderRecord]]:
        """Orders and rejected rows, in the order of the file."""
        for _, run in groupby(self._read(iter(rows)), itemgetter(0)):
            for piece in self._held(run, LONGEST_RUN):
                yield self._entry(piece)

    def _read(self, rows: Iterator[Row]) -> Iterator[_Read]:
        for some in self._held(rows, ROWS_AT_A_TIME):
            whole = [row for row in some if row.fault is None]
            read = self._columns(whole)
            if len(whole) == len(some):
                yield from read
            else:
                yield from ((self._order_id(row), row, None, None) if row.fault else next(read) for row in some)

    def _held(self, rows: Iterator[T], most: int) -> Iterator[list[T]]:
        """At most so many of them at a time, fewer if they are long."""
        held: list[T] = []
        start = self._characters()
        while few := list(islice(rows, FEW)):
            held += few
            if len(held) >= most or self._characters() - start >= CHARACTERS_AT_A_TIME:
                yield held
                held, start = [], self._characters()
        if held:
            yield held

    def _columns(self, rows: Sequence[Row]) -> Iterator[_Read]:
        """What rows say that have all their cells."""
        columns = list(zip(*(row.cells for row in rows), strict=True)) or [()] * (max(self._places.values()) + 1)
        values = {name: list(map(self._cells[name].__getitem__, columns[place]))
                  for name, place in self._places.items()}
        nothing = [None] * len(rows)
        heads: list[OrderHead | None] = list(map(
            OrderHead._make, zip(*(values.get(name, nothing) for name in OrderHead._fields), strict=True)))
        lines: list[Any] = list(map(_line, *(values.get(name, nothing) for name in Line._fields)))
        for index in self._faulty(values, lines):
            heads[index] = None
        return zip([cell.strip() for cell in columns[self._places["order_id"]]], rows, heads, lines, strict=True)

    def _faulty(self, values: dict[str, list[Any]], lines: Sequence[Any]) -> Iterator[int]:
        suspects = [lines, *(values[name] for name, cells in self._cells.items() if cells.has_faults)]
        return (index for column in suspects for index, value in enumerate(column) if isinstance(value, Fault))

    def _order_id(self, row: Row) -> str:
        place = self._places["order_id"]
        return row.cells[place].strip() if place < len(row.cells) else ""

    def _entry(self, run: Sequence[_Read]) -> Entry[OrderRecord]:
        _, rows, heads, lines = zip(*run, strict=True)
        if None in heads:
            return Entry(rows, None, self._faults(rows))
        head = heads[0]
        try:
            for other in heads:
                head = agreed(head, other)
        except RowFault as fault:
            return Entry(rows, None, [fault] * len(rows))
        return Entry(rows, OrderRecord(head, [line for line in lines if line]))

    def _faults(self, rows: Sequence[Row]) -> list[RowFault]:
        """Each row's own fault; rows without one say which row of the order has one."""
        own = [self._fault(row) for row in rows]
        first = next(row.line for row, fault in zip(rows, own, strict=True) if fault)
        shared = RowFault("order_id", "rejected", Filled(
            "Line {line}, a row of the same order, is rejected.", line=first))
        return [fault or shared for fault in own]

    def _fault(self, row: Row) -> RowFault | None:
        if row.fault:
            return RowFault("", "unreadable", row.fault)
        values = {name: self._cells[name][row.cells[place]] for name, place in self._places.items()}
        line = _line(*map(values.get, Line._fields))
        for name, value in (*values.items(), ("unit_price", line)):
            if isinstance(value, Fault):
                return RowFault(name, value.code, value.message)
        return None


def _line(
    sku: Any, product: Any, category: Any, brand: Any, quantity: Any, unit_price: Any
) -> Line | Fault | None:
    """As `made_line`, but a Fault is returned; nothing for numbers that are Faults themselves."""
    if isinstance(quantity, Fault) or isinstance(unit_price, Fault):
        return None
    try:
        return made_line(sku, product, category, brand, quantity, unit_price)
    except Fault as fault:
        return fault
