"""What the date operators mean, decided from the instant's side.

No window is computed: an instant is placed on its local day and *days* are compared, by number or
by the week, month, quarter or year they lie in. A compiler goes the other way, from days to the
instants at which they start, so a slip at a midnight is unlikely to be the same in both.
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from .language import StoreSettings

TICK = timedelta(microseconds=1)
_HOUR = timedelta(hours=1)
_DAYS_IN = {"days": 1, "weeks": 7}
_MONTHS_IN = {"months": 1, "quarters": 3, "years": 12}
_BEYOND = 10**9  # a day number no stored instant reaches, before or after


@lru_cache(maxsize=100_000)
def store_day(instant: datetime, timezone: str) -> date:
    """Return the local day `instant` belongs to: the latest date shown at any moment up to it.

    That is the date on the clock, but for clocks set back past a midnight they had already
    struck (Newfoundland, 00:01): a day lasts from its first 00:00 to the first 00:00 of the next.
    """
    utc = instant.astimezone(UTC)
    shown = utc.astimezone(ZoneInfo(timezone)).date()
    seen = (day for moment, day in _date_setbacks(timezone, utc.date()) if moment <= utc)
    return max([shown, *seen])


def first_instant(day: date, timezone: str) -> datetime:
    """Return the first instant of a local day (of the next one, where a zone skipped the day)."""
    earliest = datetime.combine(day - timedelta(days=2), time(), UTC)
    ticks = range(timedelta(days=4) // TICK)
    found = bisect_left(ticks, day, key=lambda tick: store_day(earliest + tick * TICK, timezone))
    return earliest + found * TICK


@lru_cache(maxsize=100_000)
def _date_setbacks(timezone: str, utc_day: date) -> tuple[tuple[datetime, date], ...]:
    """Return when, in the 30 hours before and in a UTC day, the local date stepped back.

    Each as (the moment of it, the date shown just before it).
    """
    zone = ZoneInfo(timezone)
    midnight = datetime.combine(utc_day, time(), UTC)
    changes = (
        _clock_change(zone, before)
        for before, after in pairwise(midnight + _HOUR * n for n in range(-30, 25))
        if _offset(zone, before) != _offset(zone, after)
    )
    shown = ((moment, (moment - TICK).astimezone(zone).date()) for moment in changes)
    return tuple((moment, day) for moment, day in shown if day > moment.astimezone(zone).date())


def _clock_change(zone: ZoneInfo, before: datetime) -> datetime:
    """Return the second within the hour after `before` at which the clock was changed."""

    def changed(second: int) -> bool:
        return _offset(zone, before + timedelta(seconds=second)) != _offset(zone, before)

    return before + timedelta(seconds=bisect_left(range(3600), True, key=changed))


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()


@dataclass(frozen=True, slots=True)
class _Moment:
    """A stored instant and `now`, with the numbers of their local days."""

    instant: datetime
    now: datetime
    day: int
    today: int
    week_start: int

    @property
    def age(self) -> int:
        """Microseconds since the instant; negative when it is still to come."""
        return (self.now - self.instant) // TICK


def in_window(
    operator: str, condition: dict[str, Any], instant: datetime, now: datetime, store: StoreSettings
) -> bool:
    """Does `instant` meet the positive date `operator` with the operands in `condition`?"""
    zone = store.timezone
    day, today = (store_day(moment, zone).toordinal() for moment in (instant, now))
    moment = _Moment(instant, now, day, today, store.week_start)
    return _TESTS[operator](moment, condition)


def _in_last(moment: _Moment, rule: dict[str, Any]) -> bool:
    if rule["unit"] == "hours":
        return 0 <= moment.age <= _hours(rule)
    return moment.day > _away(moment.today, -rule["value"], rule["unit"]) and moment.age >= 0


def _more_than_ago(moment: _Moment, rule: dict[str, Any]) -> bool:
    if rule["unit"] == "hours":
        return moment.age > _hours(rule)
    return moment.day <= _away(moment.today, -rule["value"], rule["unit"])


def _in_next(moment: _Moment, rule: dict[str, Any]) -> bool:
    if rule["unit"] == "hours":
        return 0 <= -moment.age < _hours(rule)
    return moment.today <= moment.day < _away(moment.today, rule["value"], rule["unit"])


def _between_ago(moment: _Moment, rule: dict[str, Any]) -> bool:
    first, last = (_away(moment.today, -rule[key], rule["unit"]) for key in ("value2", "value"))
    return first <= moment.day <= last


def _periods_ahead(moment: _Moment, rule: dict[str, Any]) -> int:
    """Return how many units after the current one the instant's unit is."""
    day, today = (_period(n, rule["unit"], moment.week_start) for n in (moment.day, moment.today))
    return day - today


def _period(day: int, unit: str, week_start: int) -> int:
    """Return the running number of the period of `unit` that holds a day."""
    if unit == "days":
        return day
    if unit == "weeks":
        return (day - 1 - week_start) // 7  # day number 1 was a Monday
    calendar_day = date.fromordinal(day)
    return (calendar_day.year * 12 + calendar_day.month - 1) // _MONTHS_IN[unit]


def _away(day: int, count: int, unit: str) -> int:
    """Return the number of the day `count` units later (earlier, if negative)."""
    if unit in _DAYS_IN:
        return day + count * _DAYS_IN[unit]
    start = date.fromordinal(day)
    months = start.year * 12 + start.month - 1 + count * _MONTHS_IN[unit]
    year, month = months // 12, months % 12 + 1
    if not date.min.year <= year <= date.max.year:
        return _BEYOND if count > 0 else -_BEYOND
    return date(year, month, min(start.day, monthrange(year, month)[1])).toordinal()


def _hours(rule: dict[str, Any]) -> int:
    """Return the duration in microseconds: a plain integer cannot overflow."""
    microseconds: int = rule["value"] * (_HOUR // TICK)
    return microseconds


def _date(rule: dict[str, Any], key: str = "value") -> int:
    return date.fromisoformat(rule[key]).toordinal()


_TESTS: dict[str, Callable[[_Moment, dict[str, Any]], bool]] = {
    "on": lambda moment, rule: moment.day == _date(rule),
    "before": lambda moment, rule: moment.day < _date(rule),
    "after": lambda moment, rule: moment.day > _date(rule),
    "on_or_before": lambda moment, rule: moment.day <= _date(rule),
    "on_or_after": lambda moment, rule: moment.day >= _date(rule),
    "between": lambda moment, rule: _date(rule) <= moment.day <= _date(rule, "value2"),
    "in_last": _in_last,
    "more_than_ago": _more_than_ago,
    "in_next": _in_next,
    "between_ago": _between_ago,
    "in_this": lambda moment, rule: _periods_ahead(moment, rule) == 0,
    "in_previous": lambda moment, rule: _periods_ahead(moment, rule) == -1,
}
