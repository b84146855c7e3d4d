"""The data of the demo store: an invented Saudi shop that always looks current.

Rows come out as the lines of a CSV file would, so that they go through the same import as anyone's.
Everything is drawn from a seed: the same arguments give the same rows, on every machine. Nothing
here touches a database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from segmentation.demo.buying import order_rows
from segmentation.demo.people import draw_people
from segmentation.demo.seasons import History
from segmentation.demo.segments import SEGMENTS, ReadySegment

__all__ = ["SEED", "SEGMENTS", "ReadySegment", "customers", "orders"]

SEED = 20240115


def customers(size: int, today: date, seed: int = SEED) -> Iterator[dict[str, str]]:
    """`size` customers as rows of a customers file, by column name; an empty string is no value.

    They joined in the three years that end with the eve of `today` (a Riyadh date), the earliest
    first. Raises ValueError if `size` is negative.
    """
    _check(size)
    return (person.row for person in draw_people(size, History(today), seed))


def orders(size: int, today: date, seed: int = SEED) -> Iterator[dict[str, str]]:
    """The orders of the customers of the same arguments, as rows of an orders file.

    One row per order line; the lines of one order stand together, orders by `ordered_at`, all of
    them before `today` (a Riyadh date) begins. `total` is the sum of the lines less the coupon's
    discount, in riyals with two decimals. Raises ValueError if `size` is negative.
    """
    _check(size)
    history = History(today)
    return order_rows(draw_people(size, history, seed), history, seed)


def _check(size: int) -> None:
    if size < 0:
        raise ValueError(f"size must be 0 or more, not {size}")
