"""Date operators become windows: half-open ranges of instants, worked out once, in Python, in the store's time zone.

A window is a `Span`: its start is inside, its end is not; None is open. Days are the store's local days. Nothing here
reads the clock: `Clock` carries the one instant that is "now" for a whole answer.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from segmentation.models.types import MICROSECOND
from segmentation.rules.predicates import Span

DAY = timedelta(days=1)
# No fact lies outside; durations that reach further stop here.
FIRST_DAY, LAST_DAY = date(1800, 1, 1), date(2300, 1, 1)
DAYS_IN_ANY_YEAR = 366
DAYS_IN = {"days": 1, "weeks": 7}
MONTHS_IN = {"months": 1, "quarters": 3, "years": 12}
UNITS = ("hours", "days", "weeks", "months", "quarters", "years")


@dataclass(frozen=True)
class Clock:
    """Now, in a store: an aware UTC instant, the store's zone, and the day its week starts (Monday = 0)."""

    now: datetime
    zone: ZoneInfo
    week_start: int

    @property
    def today(self) -> date:
        """The local day of now."""
        return self.now.astimezone(self.zone).date()

    def start(self, day: date) -> datetime:
        """The first instant of a local day, in UTC."""
        return start_of_day(day, self.zone)


class Duration(NamedTuple):
    """A whole number of units."""

    amount: int
    unit: str


class DurationRange(NamedTuple):
    """From `low` to `high` units, both counted."""

    low: int
    high: int
    unit: str


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant, in UTC, whose local day is `day` (or, for a day that was skipped, the first one after it)."""
    return first_instant(datetime.combine(day, time()), zone)


def first_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The first instant, in UTC, at which the clocks of `zone` show the naive time `local` or a later one."""
    instant = local.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    # Skipped: the clocks change between the instants that the offsets after and before the change give.
    low, high = local.replace(tzinfo=zone, fold=1).astimezone(UTC), instant
    while high - low > MICROSECOND:
        middle = low + (high - low) // 2
        shown = middle.astimezone(zone).replace(tzinfo=None)
        low, high = (low, middle) if shown >= local else (middle, high)
    return high


def on(day: date, clock: Clock) -> Span:
    """That local day."""
    return Span(clock.start(day), clock.start(day + DAY))


def before(day: date, clock: Clock) -> Span:
    """Before that day began."""
    return Span(None, clock.start(day))


def after(day: date, clock: Clock) -> Span:
    """From the day after."""
    return Span(clock.start(day + DAY), None)


def on_or_before(day: date, clock: Clock) -> Span:
    """Up to the end of that day."""
    return Span(None, clock.start(day + DAY))


def on_or_after(day: date, clock: Clock) -> Span:
    """From the start of that day."""
    return Span(clock.start(day), None)


def between(days: tuple[date, date], clock: Clock) -> Span:
    """Both days and those between."""
    return Span(clock.start(days[0]), clock.start(days[1] + DAY))


def in_last(duration: Duration, clock: Clock) -> Span:
    """The last so many hours, or local days that end with today, up to now."""
    return Span(_start_of_last(duration, clock), clock.now + MICROSECOND)


def more_than_ago(duration: Duration, clock: Clock) -> Span:
    """Before the window of `in_last` begins."""
    return Span(None, _start_of_last(duration, clock))


def in_next(duration: Duration, clock: Clock) -> Span:
    """The next so many hours from now, or local days from the start of today."""
    if duration.unit == "hours":
        return Span(clock.now, _later(clock.now, duration.amount))
    return Span(clock.start(clock.today), clock.start(shift(clock.today, duration.amount, duration.unit)))


def between_ago(span: DurationRange, clock: Clock) -> Span:
    """Whole local days, from `high` units ago to `low` units ago."""
    first, last = (shift(clock.today, -count, span.unit) for count in (span.high, span.low))
    return Span(clock.start(first), clock.start(last + DAY))


def in_this(unit: str, clock: Clock) -> Span:
    """The local day, week, month, quarter or year that holds now."""
    first = _first_day(unit, clock)
    return Span(clock.start(first), clock.start(shift(first, 1, unit)))


def in_previous(unit: str, clock: Clock) -> Span:
    """The one before."""
    first = _first_day(unit, clock)
    return Span(clock.start(shift(first, -1, unit)), clock.start(first))


def month_days(first: date, count: int) -> frozenset[int]:
    """The birthdays (month × 100 + day) that fall on one of `count` days; 29 February on the 28th in common years."""
    days = [date.fromordinal(first.toordinal() + number) for number in range(min(count, DAYS_IN_ANY_YEAR))]
    found = {day.month * 100 + day.day for day in days}
    eve_of_none = any((day.month, day.day) == (2, 28) and not isleap(day.year) for day in days)
    return frozenset(found | {229} if eve_of_none else found)


def shift(day: date, count: int, unit: str) -> date:
    """`day` moved by days, weeks, months, quarters or years; a day that the month lacks becomes its last."""
    if unit in DAYS_IN:
        ordinal = day.toordinal() + count * DAYS_IN[unit]
        return date.fromordinal(max(FIRST_DAY.toordinal(), min(LAST_DAY.toordinal(), ordinal)))
    months = day.year * 12 + day.month - 1 + count * MONTHS_IN[unit]
    if not FIRST_DAY.year * 12 <= months < LAST_DAY.year * 12:
        return FIRST_DAY if count < 0 else LAST_DAY
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _start_of_last(duration: Duration, clock: Clock) -> datetime:
    if duration.unit == "hours":
        return _later(clock.now, -duration.amount)
    return clock.start(shift(clock.today, -duration.amount, duration.unit) + DAY)


def _later(now: datetime, hours: int) -> datetime:
    first, last = (datetime.combine(day, time(), UTC) for day in (FIRST_DAY, LAST_DAY))
    span = (last - first) // timedelta(hours=1)
    return max(first, min(last, now + timedelta(hours=max(-span, min(span, hours)))))


def _first_day(unit: str, clock: Clock) -> date:
    day = clock.today
    if unit == "weeks":
        return day - timedelta(days=(day.weekday() - clock.week_start) % 7)
    if unit == "days":
        return day
    months = MONTHS_IN[unit]
    return date(day.year, (day.month - 1) // months * months + 1, 1)
