"""Customer lifetime value: what was spent, plus what the next 12 months should bring. No database.

The default estimate: a customer whose last order is no older than twice the store's median gap
between orders goes on as they did since their first order (average order amount × orders per month
× 12, which is amount spent ÷ months × 12); the others add nothing. A month is 365.2425 / 12 days.
All arithmetic is on whole numbers, so every engine and machine gives the same answer.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from segmentation.models.types import EPOCH, MICROSECOND

# Microseconds; both divisions come out even.
DAY = 24 * 3600 * 1_000_000
YEAR = 3_652_425 * DAY // 10_000
MONTH = YEAR // 12
LARGEST = 2**63 - 1  # that a column holds


def gaps(orders: Iterable[tuple[int, datetime]]) -> array[int]:
    """Microseconds between consecutive orders of the same customer.

    `orders` are pairs of a customer and an instant, sorted by both.
    """
    found = array("q")
    previous, before = None, EPOCH
    for customer, instant in orders:
        if customer == previous:
            found.append((instant - before) // MICROSECOND)
        previous, before = customer, instant
    return found


def twice_median(lengths: array[int]) -> int | None:
    """Twice the median, so that it is whole: of an even count, the sum of the two in the middle.

    None where there are no gaps.
    """
    if not lengths:
        return None
    return _at_rank(lengths, (len(lengths) - 1) // 2) + _at_rank(lengths, len(lengths) // 2)


def lifetime_value(
        spent: int, first: datetime, last: datetime, now: datetime, patience: int | None) -> int:
    """The lifetime value in units of 1/10000, halves rounded away from zero.

    `spent` (same units), `first` and `last` are over the customer's counted orders; `patience` is
    the store's `twice_median`, and without one nothing is added. An order after `now` is not old,
    and less than a month since the first order is a month.
    """
    if patience is None or (now - last) // MICROSECOND > patience:
        return spent
    elapsed = max(MONTH, (now - first) // MICROSECOND)
    value = spent + _divide(spent * YEAR, elapsed)
    return max(-LARGEST, min(LARGEST, value))


def _divide(dividend: int, divisor: int) -> int:
    # Halves away from zero; Python's // rounds down.
    quotient = (2 * abs(dividend) + divisor) // (2 * divisor)
    return quotient if dividend >= 0 else -quotient


def _at_rank(lengths: array[int], rank: int) -> int:
    # Sorting them all would make an object of each: find the day it lies in, and sort only that's.
    counts = Counter(length // DAY for length in lengths)
    for day in sorted(counts):
        if rank < counts[day]:
            break
        rank -= counts[day]
    return sorted(length for length in lengths if length // DAY == day)[rank]
