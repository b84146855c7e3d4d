"""When people shop: the store's three years of days, how busy each was, and the hours of a day.

Riyadh time throughout. It knows no daylight saving, so a fixed offset says it all.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta, timezone
from itertools import accumulate
from random import Random
from typing import NamedTuple

from segmentation.demo.draws import Weighted, below

RIYADH = timezone(timedelta(hours=3))
HISTORY_DAYS = 3 * 365 + 1

# Twelve moons. Counted from 2023 this meets the announced beginnings of Ramadan to within a day.
RAMADAN_2023 = date(2023, 3, 23)
LUNAR_YEAR = 354.367


class Season(NamedTuple):
    """A stretch of the year: how busy it is (an ordinary day is 1) and which coupon runs."""

    busyness: float
    coupon: str
    discount: int  # per cent
    coupon_share: float  # of orders


ORDINARY = Season(1.0, "HALA5", 5, 0.07)
RAMADAN = Season(1.25, "RAMADAN10", 10, 0.25)
BEFORE_EID = Season(1.9, "EID15", 15, 0.25)
EID = Season(0.7, "EID15", 15, 0.1)
BEFORE_ADHA = Season(1.4, "ADHA10", 10, 0.2)
NATIONAL_DAY = Season(1.5, "WATAN15", 15, 0.3)
WHITE_FRIDAY = Season(2.5, "WHITE20", 20, 0.45)

# Days of the lunar year, counted from the first of Ramadan.
_LUNAR = ((0, 15, RAMADAN), (15, 29, BEFORE_EID), (29, 33, EID),
          (86, 97, BEFORE_ADHA), (97, 101, EID))

# Monday first. The weekend is Friday and Saturday, and its eve the busiest.
_WEEKDAYS = (0.95, 0.93, 0.95, 1.15, 1.12, 1.08, 0.95)
_FRIDAY = 4
_PAYDAY, _PAYDAY_BUSYNESS = 27, 1.25

_HOURS = Weighted(dict(enumerate(
    (40, 24, 12, 6, 4, 5, 8, 12, 20, 30, 38, 42, 44, 42, 42, 44, 50, 56, 60, 66, 78, 88, 86, 66))))
_FRIDAY_HOURS = Weighted(dict(enumerate(
    (48, 30, 16, 8, 4, 4, 5, 7, 10, 14, 14, 8, 8, 24, 40, 50, 58, 64, 66, 72, 84, 92, 86, 64))))
_RAMADAN_HOURS = Weighted(dict(enumerate(
    (92, 86, 66, 34, 12, 6, 4, 4, 6, 12, 20, 26, 32, 38, 42, 40, 24, 8, 14, 30, 54, 80, 96, 98))))


def season(day: date) -> Season:
    """The season that `day` falls in."""
    lunar_day = (day - RAMADAN_2023).days % LUNAR_YEAR
    for first, end, found in _LUNAR:
        if first <= lunar_day < end:
            return found
    if day.month == 11 and day.day >= 20:
        return WHITE_FRIDAY
    if day.month == 9 and 18 <= day.day <= 24:
        return NATIONAL_DAY
    return ORDINARY


def busyness(day: date) -> float:
    """How many orders `day` brings, against an ordinary day of the same shop."""
    payday = _PAYDAY_BUSYNESS if day.day >= _PAYDAY else 1.0
    return season(day).busyness * _WEEKDAYS[day.weekday()] * payday


def moment(rng: Random, day: date) -> datetime:
    """An instant of `day`, at an hour when people shop."""
    hours = _HOURS
    if season(day) in (RAMADAN, BEFORE_EID):
        hours = _RAMADAN_HOURS
    elif day.weekday() == _FRIDAY:
        hours = _FRIDAY_HOURS
    minute, second = divmod(below(rng, 3600), 60)
    return datetime(day.year, day.month, day.day, hours.draw(rng), minute, second, tzinfo=RIYADH)


class History:
    """The three years of days that end with the eve of `today`: nothing is in the future."""

    def __init__(self, today: date) -> None:
        self.end = datetime(today.year, today.month, today.day, tzinfo=RIYADH)
        self.first_day = self.end.date() - timedelta(days=HISTORY_DAYS)
        self.days = tuple(self.first_day + timedelta(days=n) for n in range(HISTORY_DAYS))
        busy = [busyness(day) for day in self.days]
        self._busyness_to = list(accumulate(busy))
        # The shop grows: it wins more than twice as many customers a day now as in its first days.
        self._joining = Weighted({
            day: busy[n] * (0.6 + 0.8 * n / HISTORY_DAYS) for n, day in enumerate(self.days)})

    def joining_day(self, share: float) -> date:
        """The day by which that share (0 to 1) of all customers has joined."""
        return self._joining.at(share)

    def day_after(self, day: date, wait: float) -> date | None:
        """The day that lies `wait` ordinary days after `day`; None if that is still ahead.

        Busy days use up the wait faster, so that a steady buyer buys with the seasons.
        """
        reached = self._busyness_to[(day - self.first_day).days] + wait
        index = bisect_right(self._busyness_to, reached)
        return self.days[index] if index < HISTORY_DAYS else None
