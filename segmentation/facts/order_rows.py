"""Orders as they come in, and rows of an orders file -> orders. Adjacent rows with one `order_id` are a run: the lines
of one order.

A run stands or falls as a whole, so that an order is never stored with a line missing. A run that is not adjacent to
an earlier one of the same order is an entry of its own; `orders.upsert_orders` puts them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from segmentation.facts import columns, readers
from segmentation.facts.columns import Column
from segmentation.facts.csv_files import Row
from segmentation.facts.entries import Entry, RowFault, places
from segmentation.facts.readers import Reader
from segmentation.rules.kinds import Fault

REQUIRED = ("order_id", "customer_id", "ordered_at")
LONGEST_RUN = 1_000  # rows held at a time; what goes on after that is taken as a further run
REPEATED_CELLS = 8_192  # remembered per column; a shop has thousands of products
HEAD_TEXTS = ("channel", "payment_method", "coupon", "city")
LINE_TEXTS = ("sku", "product", "category", "brand")


class OrderHead(NamedTuple):
    """An order's own columns. `total` in units of 1/10000; None where nothing was given."""

    order_id: str
    customer_id: str
    ordered_at: datetime
    status: str | None = None
    total: int | None = None
    channel: str | None = None
    payment_method: str | None = None
    coupon: str | None = None
    city: str | None = None


class Line(NamedTuple):
    """One line of an order. `unit_price` in units of 1/10000."""

    sku: str | None = None
    product: str | None = None
    category: str | None = None
    brand: str | None = None
    quantity: int = 1
    unit_price: int | None = None

    @property
    def amount(self) -> int | None:
        """Quantity times unit price, in units of 1/10000; None without a price."""
        return None if self.unit_price is None else self.quantity * self.unit_price


class OrderRecord(NamedTuple):
    """An order to store."""

    head: OrderHead
    lines: Sequence[Line]

    @property
    def order_id(self) -> str:
        """The shop's own id of the order."""
        return self.head.order_id


COLUMNS = (*OrderHead._fields, "currency", *Line._fields)


def agreed(one: OrderHead, other: OrderHead) -> OrderHead:
    """What two rows say of one order; nothing agrees with anything. Raises RowFault naming a column in which they
    differ.
    """
    if one == other:
        return one
    values: list[Any] = []
    for column, first, second in zip(OrderHead._fields, one, other, strict=True):
        if first is not None and second is not None and first != second:
            raise RowFault(column, "contradiction", "Rows of the same order differ here.")
        values.append(second if first is None else first)
    return OrderHead(*values)


def head_columns(zone: ZoneInfo, currency: str) -> dict[str, Column]:
    """The columns of an order as a whole: those of OrderHead, and the currency, which must be the store's."""
    return {
        "order_id": columns.key().required(), "customer_id": columns.key().required(),
        "ordered_at": columns.instant(zone).required(),
        "status": columns.written(readers.status, maxLength=readers.STATUS_LENGTH),
        "total": columns.decimal(readers.LARGEST_MONEY), **dict.fromkeys(HEAD_TEXTS, columns.text()),
        "currency": columns.written(readers.currency(currency))}


def line_columns() -> dict[str, Column]:
    """The columns of a line, as in Line."""
    return {**dict.fromkeys(LINE_TEXTS, columns.text()), "quantity": columns.quantity(),
            "unit_price": columns.decimal(readers.LARGEST_MONEY)}


def made_line(
    sku: str | None, product: str | None, category: str | None, brand: str | None,
    quantity: int | None, unit_price: int | None,
) -> Line | None:
    """The line that such values are, if any of them is given. Raises Fault."""
    if not (sku or product or category or brand or unit_price is not None or quantity is not None):
        return None
    line = Line(sku, product, category, brand, 1 if quantity is None else quantity, unit_price)
    if abs(line.amount or 0) > readers.LARGEST_MONEY:
        raise Fault("out_of_range", "Quantity times unit price is too large.")
    return line


class OrderReader:
    """Reads the rows of a file with such a header. Raises errors.Invalid when the header does not fit.

    Rows of one order mostly say the same of it, so what was read of an order is kept for the next row.
    """

    def __init__(self, names: Sequence[str], zone: ZoneInfo, currency: str) -> None:
        found = places(names, COLUMNS, REQUIRED)
        head, line = head_columns(zone, currency), line_columns()
        known = {name: column if name == "order_id" else column.remembering(REPEATED_CELLS)
                 for name, column in (head | line).items()}
        self._columns = [(name, place, known[name].cell) for name, place in found.items()]
        self._order_id_place = found["order_id"]
        blank = len(names)  # where `_read` puts a blank cell for columns that are absent
        self._head_cells = itemgetter(*(found.get(name, blank) for name in head))
        self._line_cells = itemgetter(*(found.get(name, blank) for name in line))
        self._head_readers = [known[name].cell if name in found else _nothing for name in head]
        self._line_readers = [known[name].cell if name in found else _nothing for name in line]
        self._last: tuple[Sequence[str], OrderHead | None] = ((), None)

    def entries(self, rows: Iterable[Row]) -> Iterator[Entry[OrderRecord]]:
        """Orders and rejected rows, in the order of the file."""
        for _, run in groupby(rows, self._order_id):
            while piece := list(islice(run, LONGEST_RUN)):
                yield self._entry(piece)

    def _order_id(self, row: Row) -> str:
        place = self._order_id_place
        return row.cells[place].strip() if place < len(row.cells) else ""

    def _entry(self, rows: list[Row]) -> Entry[OrderRecord]:
        try:
            head, line = self._read(rows[0])
            lines = [line] if line else []
            for row in islice(rows, 1, None):
                other, line = self._read(row)
                head = head if other is head else agreed(head, other)
                if line:
                    lines.append(line)
        except RowFault as fault:
            return Entry(rows, None, self._faults(rows, fault))
        return Entry(rows, OrderRecord(head, lines))

    def _faults(self, rows: list[Row], raised: RowFault) -> list[RowFault]:
        """Each row's own fault; rows without one share what is wrong with the order."""
        own = [self._fault(row) for row in rows]
        first = next((row.line for row, fault in zip(rows, own, strict=True) if fault), None)
        shared = raised if first is None else RowFault(
            "order_id", "rejected", f"Line {first}, a row of the same order, is rejected.")
        return [fault or shared for fault in own]

    def _fault(self, row: Row) -> RowFault | None:
        try:
            self._read(row)
        except RowFault as fault:
            return fault
        return None

    def _read(self, row: Row) -> tuple[OrderHead, Line | None]:
        if row.fault:
            raise RowFault("", "unreadable", row.fault)
        cells = [*row.cells, ""]
        try:
            head = self._read_head(self._head_cells(cells))
            return head, made_line(*_values(self._line_readers, self._line_cells(cells)))
        except Fault as fault:
            raise self._located(cells, fault) from None

    def _read_head(self, cells: Sequence[str]) -> OrderHead:
        seen, head = self._last
        if head is None or cells != seen:
            *values, _currency = _values(self._head_readers, cells)
            head = OrderHead(*values)
            self._last = cells, head
        return head

    def _located(self, cells: Sequence[str], fault: Fault) -> RowFault:
        """The fault with its column, which the quick way does not know."""
        for column, place, read in self._columns:
            try:
                read(cells[place])
            except Fault as found:
                return RowFault(column, found.code, found.message)
        return RowFault("unit_price", fault.code, fault.message)


def _values(readers: Sequence[Reader], cells: Sequence[str]) -> list[Any]:
    return [read(cell) for read, cell in zip(readers, cells, strict=True)]


def _nothing(_cell: str) -> None:
    return None
