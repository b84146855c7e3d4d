"""Records of orders -> the orders to store: which are new, which replace a stored one, which add to one. No database.

An order comes whole and replaces what was stored, with one exception: an import may meet further pieces of an order
that it wrote itself. These add up, in the order of the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from segmentation.facts.entries import RowFault
from segmentation.facts.order_rows import REQUIRED, Line, OrderHead, OrderRecord, agreed
from segmentation.facts.readers import LARGEST_MONEY

DEFAULT_STATUS = "completed"


class Stored(NamedTuple):
    """A stored order, and which import wrote it (as in the column). `head.total` is the amount, given or summed up."""

    number: int
    customer_number: int
    written_by: int | None
    is_counted: bool
    head: OrderHead
    lines: Sequence[Line]

    def piece(self) -> Draft:
        """The order as a draft that its import can add to."""
        is_sum = (self.written_by or 0) < 0
        head = self.head._replace(total=None) if is_sum else self.head
        sum_before = self.head.total if is_sum else None
        return Draft(head, (), self.head.total or 0, self.number, len(self.lines), sum_before, adds=True)


class OrderChange(NamedTuple):
    """What is said of an order that may be stored: a column of OrderHead -> its value, None to take it away; `lines`
    None where nothing is said of them. What is not said stays.
    """

    order_id: str
    said: Mapping[str, Any]
    lines: Sequence[Line] | None

    def whole(self, stored: Stored | None) -> OrderRecord:
        """The order as it will be. Raises RowFault where a new one lacks something."""
        before = stored.head._asdict() if stored else {}
        if self.lines is not None:
            before.pop("total", None)  # of other lines
        values: dict[str, Any] = {**before, **self.said, "order_id": self.order_id}
        for name in REQUIRED:
            if values.get(name) is None:
                raise RowFault(name, "required", "A value is required for a new order.")
        lines = self.lines if self.lines is not None else stored.lines if stored else ()
        return OrderRecord(OrderHead(**values), lines)


class Draft(NamedTuple):
    """An order as it will be stored, under its number if it has one already.

    `amount` is the total given, else the sum of the lines. `lines_before` and `sum_before` speak of lines that this
    import stored earlier and that stay, beside the new `lines`; amounts in units of 1/10000.
    """

    head: OrderHead
    lines: Sequence[Line]
    amount: int
    number: int | None = None
    lines_before: int = 0
    sum_before: int | None = None
    adds: bool = False

    def leaves(self, stored: Stored) -> bool:
        """Whether storing it would change nothing."""
        if self.adds:
            return not self.lines and self.head == stored.piece().head
        return self.head._replace(total=self.amount) == stored.head and [*self.lines] == stored.lines


def draft_orders(
    records: Sequence[OrderRecord | OrderChange], stored: Mapping[str, Stored], written_by: int | None
) -> tuple[dict[str, Draft], dict[int, RowFault]]:
    """The orders to store by their id, and the faults of records (by position) that cannot be taken.

    `stored` by order id. `written_by`: the import whose file the records come from, so that those of one order are
    pieces of it; without one the last of them holds.
    """
    drafts: dict[str, Draft] = {}
    refused: dict[int, RowFault] = {}
    for index, record in enumerate(records):
        key = record.order_id
        known = stored.get(key)
        try:
            if isinstance(record, OrderChange):
                record = record.whole(known)
            before = _before(drafts.get(key), known, written_by)
            drafts[key] = _joined(before, record) if before else _started(record, known)
        except RowFault as fault:
            refused[index] = fault
    return drafts, refused


def _before(draft: Draft | None, stored: Stored | None, written_by: int | None) -> Draft | None:
    """What the same import has said of the order already."""
    if written_by is None:
        return None
    if draft is not None or stored is None:
        return draft
    return stored.piece() if abs(stored.written_by or 0) == written_by else None


def _started(record: OrderRecord, stored: Stored | None) -> Draft:
    head = record.head
    if head.status is None:  # settled now, so that it does not matter how much later other pieces come
        head = head._replace(status=DEFAULT_STATUS)
    return Draft(head, record.lines, _amount(head, record.lines, None), stored and stored.number)


def _joined(before: Draft, record: OrderRecord) -> Draft:
    head, lines = agreed(before.head, record.head), [*before.lines, *record.lines]
    return before._replace(head=head, lines=lines, amount=_amount(head, lines, before.sum_before))


def _amount(head: OrderHead, lines: Sequence[Line], sum_before: int | None) -> int:
    if head.total is not None:
        return head.total
    known = [line.quantity * line.unit_price for line in lines if line.unit_price is not None]
    if sum_before is not None:
        known.append(sum_before)
    if not known:
        raise RowFault("total", "required", "Give a total, or a unit price in a row of the order.")
    amount = sum(known)
    if abs(amount) > LARGEST_MONEY:
        raise RowFault("total", "out_of_range", "The lines of the order add up to too much.")
    return amount
