"""The oracle on dates: every window of the written rules, with its ends worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from .asking import NOON, RIYADH, holds, rule
from .evaluator import StoreSettings
from .people import EARLIEST, LATEST
from .windows import TICK, first_instant, store_day


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day_starts(day: str) -> str:
    """Return the start of a day in Riyadh, three hours before UTC's."""
    return (datetime.fromisoformat(day) - timedelta(hours=3)).isoformat()


RIYADH_WINDOWS: list[tuple[str, dict[str, Any], str | None, str | None]] = [
    ("in_last", {"value": 1, "unit": "days"}, "2024-05-15", "now"),
    ("in_last", {"value": 7, "unit": "days"}, "2024-05-09", "now"),
    ("in_last", {"value": 2, "unit": "weeks"}, "2024-05-02", "now"),
    ("in_last", {"value": 1, "unit": "months"}, "2024-04-16", "now"),
    ("in_last", {"value": 1, "unit": "quarters"}, "2024-02-16", "now"),
    ("in_last", {"value": 1, "unit": "years"}, "2023-05-16", "now"),
    ("in_last", {"value": 6, "unit": "hours"}, "2024-05-15T03:00", "now"),
    ("more_than_ago", {"value": 7, "unit": "days"}, None, "2024-05-09"),
    ("more_than_ago", {"value": 1, "unit": "months"}, None, "2024-04-16"),
    ("more_than_ago", {"value": 6, "unit": "hours"}, None, "2024-05-15T03:00"),
    ("in_next", {"value": 1, "unit": "days"}, "2024-05-15", "2024-05-16"),
    ("in_next", {"value": 1, "unit": "weeks"}, "2024-05-15", "2024-05-22"),
    ("in_next", {"value": 1, "unit": "months"}, "2024-05-15", "2024-06-15"),
    ("in_next", {"value": 6, "unit": "hours"}, "2024-05-15T09:00", "2024-05-15T15:00"),
    ("between_ago", {"value": 0, "value2": 0, "unit": "days"}, "2024-05-15", "2024-05-16"),
    ("between_ago", {"value": 1, "value2": 7, "unit": "days"}, "2024-05-08", "2024-05-15"),
    ("between_ago", {"value": 1, "value2": 2, "unit": "weeks"}, "2024-05-01", "2024-05-09"),
    ("between_ago", {"value": 1, "value2": 2, "unit": "months"}, "2024-03-15", "2024-04-16"),
    ("in_this", {"unit": "days"}, "2024-05-15", "2024-05-16"),
    ("in_this", {"unit": "weeks"}, "2024-05-12", "2024-05-19"),
    ("in_this", {"unit": "months"}, "2024-05-01", "2024-06-01"),
    ("in_this", {"unit": "quarters"}, "2024-04-01", "2024-07-01"),
    ("in_this", {"unit": "years"}, "2024-01-01", "2025-01-01"),
    ("in_previous", {"unit": "days"}, "2024-05-14", "2024-05-15"),
    ("in_previous", {"unit": "weeks"}, "2024-05-05", "2024-05-12"),
    ("in_previous", {"unit": "months"}, "2024-04-01", "2024-05-01"),
    ("in_previous", {"unit": "quarters"}, "2024-01-01", "2024-04-01"),
    ("in_previous", {"unit": "years"}, "2023-01-01", "2024-01-01"),
    ("on", {"value": "2024-02-29"}, "2024-02-29", "2024-03-01"),
    ("before", {"value": "2024-02-29"}, None, "2024-02-29"),
    ("after", {"value": "2024-02-29"}, "2024-03-01", None),
    ("on_or_before", {"value": "2024-02-29"}, None, "2024-03-01"),
    ("on_or_after", {"value": "2024-02-29"}, "2024-02-29", None),
    ("between", {"value": "2024-02-01", "value2": "2024-02-29"}, "2024-02-01", "2024-03-01"),
]


def assert_window(
    condition: dict[str, Any],
    start: str | None,
    end: str | None,
    store: StoreSettings = RIYADH,
    now: datetime = NOON,
) -> None:
    """Assert that exactly `[start, end)` matches, looking at its ends.

    None is an open end; the end "now" is just after `now`, which is inside.
    """
    last = LATEST if end is None else now if end == "now" else at(end) - TICK
    inside = [EARLIEST if start is None else at(start), last]
    outside = ([at(start) - TICK] if start else []) + ([last + TICK] if end else [])
    assert [holds(condition, store, now, created_at=instant) for instant in inside] == [True, True]
    assert not any(holds(condition, store, now, created_at=instant) for instant in outside)


@pytest.mark.parametrize(("operator", "operands", "start", "end"), RIYADH_WINDOWS)
def test_windows(
    operator: str, operands: dict[str, Any], start: str | None, end: str | None
) -> None:
    start, end = (day_starts(each) if each and len(each) == 10 else each for each in (start, end))
    assert_window(rule("created_at", operator, **operands), start, end)


@pytest.mark.parametrize(
    ("zone", "now", "operator", "operands", "start", "end"),
    [
        ("Asia/Riyadh", "2024-03-31T09", "in_last", "1 months", "2024-02-29T21", "now"),
        ("Asia/Riyadh", "2024-03-31T09", "in_next", "1 months", "2024-03-30T21", "2024-04-29T21"),
        ("Asia/Riyadh", "2024-02-29T09", "more_than_ago", "1 years", None, "2023-02-28T21"),
        ("Asia/Riyadh", "2024-05-31T21", "in_this", "months", "2024-05-31T21", "2024-06-30T21"),
        ("Africa/Cairo", "2024-04-26T09", "in_this", "days", "2024-04-25T22", "2024-04-26T21"),
        ("Africa/Cairo", "2024-04-26T09", "in_previous", "days", "2024-04-24T22", "2024-04-25T22"),
        ("Africa/Cairo", "2024-10-31T21:30", "in_next", "1 days", "2024-10-30T21", "2024-10-31T22"),
        ("Africa/Cairo", "2024-04-26T09", "in_last", "12 hours", "2024-04-25T21", "now"),
        ("America/Havana", "2024-11-03T05:15", "in_this", "days", "2024-11-03T04", "2024-11-04T05"),
        ("Pacific/Apia", "2011-12-30T12", "in_last", "3 days", "2011-12-29T10", "now"),
    ],
)
def test_windows_at_clock_changes_and_month_ends(
    zone: str, now: str, operator: str, operands: str, start: str | None, end: str
) -> None:
    *value, unit = operands.split()
    condition = rule("created_at", operator, *map(int, value), unit=unit)
    assert_window(condition, start, end, StoreSettings(zone, 0, None), at(now))


def test_the_week_starts_when_the_store_says() -> None:
    starts = ["2024-05-13", "2024-05-14", "2024-05-15", "2024-05-09", "2024-05-10", "2024-05-11"]
    for week_start, day in enumerate(starts):
        store = StoreSettings("UTC", week_start, None)
        condition = rule("created_at", "in_this", unit="weeks")
        end = at(day) + timedelta(days=7)
        assert_window(condition, day, end.replace(tzinfo=None).isoformat(), store)


def test_a_skipped_day_has_no_instant() -> None:
    apia = StoreSettings("Pacific/Apia", 0, None)
    change = at("2011-12-30T10:00")
    on = {day: rule("created_at", "on", f"2011-12-{day}") for day in (29, 30, 31)}
    for instant, expected in ((change - TICK, [29]), (change, [31])):
        assert [day for day in on if holds(on[day], apia, created_at=instant)] == expected


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("Africa/Cairo", "2024-04-26", "2024-04-25T22:00"),  # 00:00 became 01:00
        ("Africa/Cairo", "2024-11-01", "2024-10-31T22:00"),  # 24:00 became 23:00
        ("America/Havana", "2024-11-03", "2024-11-03T04:00"),  # 00:00 twice
        ("America/Havana", "2024-11-04", "2024-11-04T05:00"),
        ("Atlantic/Azores", "2024-10-27", "2024-10-27T00:00"),  # 00:00 twice
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00"),  # skipped
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00"),
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30"),  # 23:30 became 00:30
        ("America/St_Johns", "2006-10-29", "2006-10-29T02:30"),  # 00:01 became 23:01
        ("America/St_Johns", "2006-10-30", "2006-10-30T03:30"),
        ("Antarctica/Casey", "2010-03-05", "2010-03-04T13:00"),  # 02:00 became 23:00
        ("Asia/Riyadh", "1900-01-01", "1899-12-31T20:53:08"),  # local mean time
    ],
)
def test_a_day_starts_at_its_first_instant(zone: str, day: str, start: str) -> None:
    assert first_instant(date.fromisoformat(day), zone) == at(start)


def test_a_day_lasts_until_the_next_even_if_the_clock_shows_the_one_before() -> None:
    set_back = at("2006-10-29T02:45")  # 23:15 on the 28th, for the second time
    assert store_day(set_back, "America/St_Johns") == date(2006, 10, 29)


@pytest.mark.parametrize("unit", ["hours", "days", "weeks", "months", "quarters", "years"])
def test_huge_durations_saturate(unit: str) -> None:
    huge = {"value": 10**12, "unit": unit}
    assert holds(rule("created_at", "in_last", **huge), created_at=EARLIEST)
    assert holds(rule("created_at", "in_next", **huge), created_at=LATEST)
    assert not holds(rule("created_at", "more_than_ago", **huge), created_at=EARLIEST)
    if unit != "hours":
        all_past = rule("created_at", "between_ago", 0, value2=10**12, unit=unit)
        assert holds(all_past, created_at=EARLIEST)
