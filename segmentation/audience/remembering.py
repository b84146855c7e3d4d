"""Answers that are still true, kept in the memory of this process.

An answer follows from the store's data version, the statement that was written for it and the values bound to that; so
that is its key, and two trees that mean the same share it. One value moves with every question: the end of a window
that ends now. As long as no fact of the store is later than the earlier of two questions, they ask for the same.

What several ask at once is computed once: the others wait for the first.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple, TypeVar, cast

from segmentation import metrics
from segmentation.audience.engines import Part, Snapshot
from segmentation.errors import Abandoned, query_timeout
from segmentation.models.types import EPOCH, MICROSECOND
from segmentation.rules.writing import Writer

Answer = TypeVar("Answer")
MOST = 1_000  # answers
SOON_LOOKED_AT = 200_000  # customers whose latest fact is found, without a replica, sooner than most answers
SECONDS_BETWEEN_LOOKS = 0.1
_NOW = "now"
# The columns that windows are asked about, by table.
_INSTANTS = {"customers": ("created_at", "first_order_at", "last_order_at"), "orders": ("ordered_at",),
             "customer_attributes": ("instant",)}


@dataclass
class _Turn:
    """Who is at work on a question has the lock; `wanted`: how many are, or wait for them."""

    lock: Lock = field(default_factory=Lock)
    wanted: int = 0


class _Kept(NamedTuple):
    answers: list[Any]
    asked_at: datetime


_kept: OrderedDict[Hashable, _Kept] = OrderedDict()
_latest: OrderedDict[Hashable, datetime] = OrderedDict()
_turns: dict[Hashable, _Turn] = {}
_lock = Lock()


def remembered(snapshot: Snapshot, store_id: uuid.UUID, now: datetime, written: Hashable, writer: Writer,
               ask: Callable[[Part], Answer]) -> list[Answer]:
    """The answers of the parts of the store's customers (see `engines`): kept ones, or such as `ask` gives.

    `written` and what `writer` binds tell the question, as it would be put to the primary.
    """
    version = snapshot.version(store_id)
    end = writer.dialect.bind(now + MICROSECOND)
    values = tuple((name, _NOW if name in writer.instants and value == end else _hashable(value))
                   for name, value in writer.values.items())
    moves = any(value == _NOW for _, value in values)
    if moves and not _may_be_past(snapshot, store_id, now):
        return snapshot.gather(store_id, ask)
    key = (store_id, version, written, values)
    with _turn(key, snapshot):
        kept: _Kept | None = _find(_kept, key)
        if kept is not None and (not moves or _latest_fact(snapshot, store_id) <= min(now, kept.asked_at)):
            metrics.told.labels("memory").inc()
            return cast("list[Answer]", kept.answers)
        answers = snapshot.gather(store_id, ask)
        _keep(_kept, key, _Kept(answers, now))
    return answers


def forget_everything() -> None:
    """Begin anew; for tests and benchmarks, which want to see the work done."""
    with _lock:
        _kept.clear()
        _latest.clear()


@contextmanager
def _turn(key: Hashable, snapshot: Snapshot) -> Iterator[None]:
    """The block is for one at a time. Raises errors.Unavailable when the deadline passes before, Abandoned as reading
    does.
    """
    with _lock:
        turn = _turns.setdefault(key, _Turn())
        turn.wanted += 1
    try:
        while not turn.lock.acquire(timeout=SECONDS_BETWEEN_LOOKS):
            if snapshot.has_left is not None and snapshot.has_left():
                raise Abandoned()
            if monotonic() > snapshot.end:
                raise query_timeout()
        try:
            yield
        finally:
            turn.lock.release()
    finally:
        with _lock:
            turn.wanted -= 1
            if not turn.wanted:
                del _turns[key]


def _find(where: OrderedDict[Any, Any], key: Hashable) -> Any:
    with _lock:
        if key in where:
            where.move_to_end(key)
        return where.get(key)


def _keep(where: OrderedDict[Any, Any], key: Hashable, value: Any) -> None:
    with _lock:
        where[key] = value
        where.move_to_end(key)
        while len(where) > MOST:
            where.popitem(last=False)


def _hashable(value: Any) -> Hashable:
    return tuple(value) if isinstance(value, list) else value


def _may_be_past(snapshot: Snapshot, store_id: uuid.UUID, now: datetime) -> bool:
    """Whether, for all that is known, no fact of the store is later than now; no also where it would take long to tell.
    """
    if snapshot.customers(store_id) > SOON_LOOKED_AT and not snapshot.is_divided(store_id):
        return False
    latest: datetime | None = _find(_latest, (store_id, snapshot.version(store_id)))
    return latest is None or latest <= now


def _latest_fact(snapshot: Snapshot, store_id: uuid.UUID) -> datetime:
    """An instant that no fact of the store is later than; not looked for before a question is asked again."""
    key = (store_id, snapshot.version(store_id))
    with _turn(key, snapshot):
        latest: datetime | None = _find(_latest, key)
        if latest is None:
            latest = max(snapshot.gather(store_id, lambda part: _latest_of(part, store_id)))
            _keep(_latest, key, latest)
    return latest


def _latest_of(part: Part, store_id: uuid.UUID) -> datetime:
    writer, instants = Writer(part.facts, store_id), [EPOCH]
    for table, columns in _INSTANTS.items():
        latest = ", ".join(f"max({table}.{column})" for column in columns)
        asked = writer.of_customer("customers.number" if table == "customers" else f"{table}.customer_number")
        written = f"SELECT {latest} FROM {table} WHERE {table}.store_id = {writer.store}{asked}"
        instants += [writer.dialect.instant(each) for each in part.run(written, writer.values)[0] if each is not None]
    return max(instants)
