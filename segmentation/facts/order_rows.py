"""Rows of an orders file -> orders. Adjacent rows with one `order_id` are the lines of one order: a run.

A run stands or falls as a whole, so that an order is never stored with a line missing. A run that is not adjacent to
an earlier one of the same order is an entry of its own; `orders.upsert_orders` puts them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from segmentation.facts import cells
from segmentation.facts.cells import CellFault, Reader
from segmentation.facts.csv_files import Row
from segmentation.facts.entries import Entry, RowFault, places

REQUIRED = ("order_id", "customer_id", "ordered_at")
LONGEST_RUN = 1_000  # rows held at a time; what goes on after that is taken as a further run
REPEATED_CELLS = 1_024  # remembered per column


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
            raise RowFault(column, "Rows of the same order differ here.")
        values.append(second if first is None else first)
    return OrderHead(*values)


class OrderReader:
    """Reads the rows of a file with such a header. Raises errors.Invalid when the header does not fit."""

    def __init__(self, names: Sequence[str], zone: ZoneInfo, currency: str) -> None:
        found = places(names, COLUMNS, REQUIRED)
        readers = _readers(zone, currency)
        self._names = names
        self._readers = [readers[name] if found.get(name) == place else _nothing for place, name in enumerate(names)]
        self._order_id_place = found["order_id"]
        absent = len(names)  # where `_read` puts a None
        self._head = itemgetter(*(found.get(column, absent) for column in OrderHead._fields))
        self._line = itemgetter(*(found.get(column, absent) for column in Line._fields))

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
                head = agreed(head, other)
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
            "order_id", f"Line {first}, a row of the same order, is rejected.")
        return [fault or shared for fault in own]

    def _fault(self, row: Row) -> RowFault | None:
        try:
            self._read(row)
        except RowFault as fault:
            return fault
        return None

    def _read(self, row: Row) -> tuple[OrderHead, Line | None]:
        if row.fault:
            raise RowFault("", row.fault)
        try:
            values = [read(cell) for read, cell in zip(self._readers, row.cells, strict=True)]
            values.append(None)
            return OrderHead._make(self._head(values)), _line(*self._line(values))
        except CellFault as fault:
            raise self._located(row.cells, fault) from None

    def _located(self, texts: list[str], fault: CellFault) -> RowFault:
        """The fault with its column, which the quick way does not know."""
        for column, read, cell in zip(self._names, self._readers, texts, strict=True):
            try:
                read(cell)
            except CellFault as found:
                return RowFault(column, str(found))
        return RowFault("unit_price", str(fault))


def _readers(zone: ZoneInfo, currency: str) -> dict[str, Reader]:
    readers: dict[str, Reader] = {
        "customer_id": cells.required(cells.key), "ordered_at": cells.required(cells.instant(zone)),
        "status": cells.status, "currency": cells.currency(currency), "total": cells.money,
        "quantity": cells.quantity, "unit_price": cells.money}
    texts = ("channel", "payment_method", "coupon", "city", "sku", "product", "category", "brand")
    readers |= dict.fromkeys(texts, cells.text)
    remembered = {column: lru_cache(REPEATED_CELLS)(read) for column, read in readers.items()}
    return {"order_id": cells.required(cells.key), **remembered}


def _nothing(_cell: str) -> None:
    return None


def _line(
    sku: str | None, product: str | None, category: str | None, brand: str | None,
    quantity: int | None, unit_price: int | None,
) -> Line | None:
    """The line that such cells are, if any of them is given. Raises CellFault."""
    if not (sku or product or category or brand or unit_price is not None or quantity is not None):
        return None
    line = Line(sku, product, category, brand, 1 if quantity is None else quantity, unit_price)
    if abs(line.amount or 0) > cells.LARGEST_MONEY:
        raise CellFault("Quantity times unit price is too large.")
    return line
