"""Scoring a store: RFM scores, labels and lifetime values of all its buyers, in one transaction.

The arithmetic is in `facts.rfm` and `facts.cltv`; here is which facts it works on and what is
written. Only counted orders enter. Rows are streamed: of what is read, only 8 bytes for each repeat
order are held.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from segmentation.database import writing
from segmentation.facts import cltv, rfm
from segmentation.facts.versions import next_version
from segmentation.json import rfc3339
from segmentation.models import Customer, Order, Store
from segmentation.models.types import from_units
from segmentation.values.codes import RFM_LABELS
from segmentation.walls import keep_to

ROWS = 1_000  # held at a time
_BASIS = (
    Customer.orders_count, Customer.orders_amount, Customer.first_order_at, Customer.last_order_at)
_MARKS = (
    Customer.segment, Customer.recency_score, Customer.frequency_score, Customer.monetary_score,
    Customer.cltv)


@dataclass(frozen=True)
class ScoringResult:
    """What a scoring found: how many buyers there are, how many customers it changed, and how many
    buyers have each label (of all labels). `rfm` is what the store keeps (see `score_store`).
    """

    buyers: int
    changed: int
    labels: dict[str, int]
    rfm: dict[str, Any]


class Marks(NamedTuple):
    """What scoring writes on a customer, in the columns of the same names."""

    segment: str | None
    recency_score: int | None
    frequency_score: int | None
    monetary_score: int | None
    cltv: int


@dataclass(frozen=True)
class _Yardstick:
    """What customers are measured against: the store's scales and its patience, at an instant."""

    now: datetime
    day_of: Callable[[datetime], date]
    buyers: int
    recency: rfm.Scale[date]
    frequency: rfm.Scale[int]
    monetary: rfm.Scale[int]
    patience: int | None

    def marks(self, orders: int, spent: int, first: datetime, last: datetime) -> Marks:
        """The scores, label and lifetime value of one buyer."""
        value = cltv.lifetime_value(spent, first, last, self.now, self.patience)
        r, f = self.recency.score(self.day_of(last)), self.frequency.score(orders)
        m = self.monetary.score(spent)
        if r is None or f is None or m is None:
            return Marks(None, None, None, None, value)
        return Marks(rfm.label(r, f, m), r, f, m, value)


def score_store(
    store_id: uuid.UUID, as_of: datetime, progress: Callable[[int, int], None] = lambda _done, _buyers: None,
    then: Callable[[Session, ScoringResult], None] = lambda _session, _result: None,
) -> ScoringResult:
    """Score a store's buyers; lifetime values take `as_of` (aware) as now. Raises NotFound.

    `progress` is told how many of the buyers are dealt with; what it raises undoes all. `then` ends the transaction.

    `as_of` does not choose among orders: those after it count like any other. Only customers whose
    marks change are written, and get the new data version; where none changes, none is used.
    `stores.rfm` keeps `as_of`, `buyers`, `median_gap_days`, and `thresholds`: by measure, the value
    at which each score from 1 begins (ISO days, whole numbers, decimal texts), null where no buyer
    has that score.
    """
    keep_to(store_id)
    with writing() as session:
        version = next_version(session, store_id)
        result = score_within(session, store_id, version, as_of, progress)
        if not result.changed:
            session.get_one(Store, store_id).data_version = version - 1  # nobody saw it: the row has been locked
        then(session, result)
        return result


def score_within(
    session: Session, store_id: uuid.UUID, version: int, as_of: datetime,
    progress: Callable[[int, int], None] = lambda _done, _buyers: None,
) -> ScoringResult:
    """The same in a transaction of the caller's, which holds the store's facts: who changes gets that data version."""
    store = session.get_one(Store, store_id)
    connection = session.connection()  # rows without the ORM: three times as fast
    yardstick = _yardstick(connection, store, as_of)
    labels, changed = _mark(connection, store_id, version, yardstick, progress)
    changed += _clear(connection, store_id, version)
    store.rfm = _kept(yardstick)
    return ScoringResult(yardstick.buyers, changed, {name: labels[name] for name in RFM_LABELS}, store.rfm)


def _yardstick(connection: Connection, store: Store, now: datetime) -> _Yardstick:
    day_of = rfm.local_days(ZoneInfo(store.timezone))
    frequency = list(_histogram(connection, store.id, Customer.orders_count))
    buyers = sum(count for _, count in frequency)
    last_orders = _stream(connection, select(Customer.last_order_at).where(*_buyers(store.id)))
    days = Counter(day_of(last) for (last,) in last_orders)
    return _Yardstick(
        now, day_of, buyers,
        recency=rfm.scale(sorted(days.items()), buyers),
        frequency=rfm.scale(frequency, buyers),
        monetary=rfm.scale(_histogram(connection, store.id, Customer.orders_amount), buyers),
        patience=cltv.twice_median(cltv.gaps(_orders(connection, store.id))))


def _buyers(store_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    return Customer.store_id == store_id, Customer.orders_count > 0


def _histogram(connection: Connection, store_id: uuid.UUID, measure: Any) -> Iterator[Any]:
    statement = select(measure, func.count()).where(*_buyers(store_id))
    return _stream(connection, statement.group_by(measure).order_by(measure))


def _orders(connection: Connection, store_id: uuid.UUID) -> Iterator[Any]:
    return _stream(connection, select(Order.customer_number, Order.ordered_at)
                   .where(Order.store_id == store_id, Order.is_counted)
                   # `is_counted` is one value here; with it the order is that of the index.
                   .order_by(Order.customer_number, Order.is_counted, Order.ordered_at))


def _stream(connection: Connection, statement: Any) -> Iterator[Any]:
    return iter(connection.execute(statement, execution_options={"yield_per": ROWS}))


def _mark(connection: Connection, store_id: uuid.UUID, version: int, yardstick: _Yardstick,
          progress: Callable[[int, int], None]) -> tuple[Counter[str | None], int]:
    """Write what differs; how many buyers have each label, and how many were written."""
    labels: Counter[str | None] = Counter()
    changed = 0
    one = update(Customer).where(Customer.store_id == store_id, Customer.number == bindparam("key"))
    write = one.values({"version": version, **{name: bindparam(name) for name in Marks._fields}})
    for rows in _pages(connection, store_id):
        progress(labels.total(), yardstick.buyers)
        changes = []
        for number, orders, spent, first, last, *before in rows:
            marks = yardstick.marks(orders, spent, first, last)
            labels[marks.segment] += 1
            if marks != tuple(before):
                changes.append({"key": number, **marks._asdict()})
        if changes:
            connection.execute(write, changes)
        changed += len(changes)
    return labels, changed


def _pages(connection: Connection, store_id: uuid.UUID) -> Iterator[Sequence[Any]]:
    # Pages by key, not one open cursor: what is read is also written.
    statement = (select(Customer.number, *_BASIS, *_MARKS).where(*_buyers(store_id))
                 .order_by(Customer.number).limit(ROWS))
    rows = connection.execute(statement).all()
    while rows:
        yield rows
        rows = connection.execute(statement.where(Customer.number > rows[-1].number)).all()


def _clear(connection: Connection, store_id: uuid.UUID, version: int) -> int:
    """Take the marks from customers who have no counted order (any more); how many had some."""
    marked = or_(*(column.is_not(None) for column in _MARKS))
    statement = (
        update(Customer).where(Customer.store_id == store_id, Customer.orders_count == 0, marked)
        .values({"version": version, **{column.key: None for column in _MARKS}}))
    return connection.execute(statement).rowcount


def _kept(yardstick: _Yardstick) -> dict[str, Any]:
    return {
        "as_of": rfc3339(yardstick.now),
        "buyers": yardstick.buyers,
        "thresholds": {
            "recency": [day and day.isoformat() for day in yardstick.recency.thresholds],
            "frequency": yardstick.frequency.thresholds,
            "monetary": [None if units is None else str(from_units(units))
                         for units in yardstick.monetary.thresholds]},
        "median_gap_days": _days(yardstick.patience),
    }


def _days(twice: int | None) -> Decimal | None:
    return None if twice is None else (Decimal(twice) / (2 * cltv.DAY)).quantize(Decimal("0.0001"))
