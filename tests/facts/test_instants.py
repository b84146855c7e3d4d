"""Dates and times in files: which shapes are read, and what a local time without an offset means."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from segmentation.facts.instants import read_instant
from segmentation.rules.windows import first_instant, start_of_day
from tests.oracle import windows as oracle

RIYADH = ZoneInfo("Asia/Riyadh")
ZONES = ["Africa/Cairo", "America/Sao_Paulo", "Asia/Beirut", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"]


@pytest.mark.parametrize(("text", "instant"), [
    ("2024-01-31", datetime(2024, 1, 30, 21)),
    ("2024-01-31T10:20", datetime(2024, 1, 31, 7, 20)),
    ("2024-01-31 10:20:30", datetime(2024, 1, 31, 7, 20, 30)),
    ("2024-01-31t10:20:30z", datetime(2024, 1, 31, 10, 20, 30)),
    ("2024-01-31T10:20:30.5Z", datetime(2024, 1, 31, 10, 20, 30, 500_000)),
    ("2024-01-31T10:20:30.123456789+01:00", datetime(2024, 1, 31, 9, 20, 30, 123_456)),
    ("2024-01-31 10:20:30 +0300", datetime(2024, 1, 31, 7, 20, 30)),
    ("2024-01-31 10:20:30-05", datetime(2024, 1, 31, 15, 20, 30)),
    ("1900-01-01T00:00:00Z", datetime(1900, 1, 1)),
    ("2199-12-31T23:59:59.999999Z", datetime(2199, 12, 31, 23, 59, 59, 999_999)),
    ("2024-02-29", datetime(2024, 2, 28, 21)),
])
def test_read(text: str, instant: datetime) -> None:
    assert read_instant(text, RIYADH) == instant.replace(tzinfo=UTC)
    assert read_instant(text, RIYADH).utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", [
    "2024-02-30", "0000-00-00", "99999-01-01", "31/12/2024", "1445-07-19", "2023-02-29", "2024-13-01", "20240131",
    "2024-W05-3", "2024-01-31T25:00", "2024-01-31T10", "2024-01-31T10:60", "2024-01-31Z", "2024-01-31T10:20+25:00",
    "1899-12-31", "2200-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "now", "1706659200",
    "2024-01-31  10:20", "2024-01-31T10:20:30,5",
])
def test_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        read_instant(text, RIYADH)


@pytest.mark.parametrize(("zone", "local", "instant"), [
    ("Europe/Berlin", datetime(2024, 3, 31, 2, 30), datetime(2024, 3, 31, 1)),          # skipped
    ("Europe/Berlin", datetime(2024, 10, 27, 2, 30), datetime(2024, 10, 27, 0, 30)),    # twice
    ("Asia/Beirut", datetime(2024, 3, 31), datetime(2024, 3, 30, 22)),                  # midnight skipped
    ("Pacific/Apia", datetime(2011, 12, 30, 12), datetime(2011, 12, 30, 10)),           # the whole day skipped
])
def test_local_times_that_clocks_skip_or_show_twice(zone: str, local: datetime, instant: datetime) -> None:
    assert first_instant(local, ZoneInfo(zone)) == instant.replace(tzinfo=UTC)


@pytest.mark.parametrize("name", ZONES)
def test_it_is_the_first_instant_that_shows_the_time_or_a_later_one(name: str) -> None:
    zone, rng = ZoneInfo(name), random.Random(name)
    for _ in range(60):
        local = datetime(2011, 1, 1) + timedelta(minutes=rng.randrange(15 * 366 * 24 * 60))
        instant = first_instant(local, zone)
        shown = [(instant + timedelta(minutes=minute)).astimezone(zone).replace(tzinfo=None) for minute in (-1, 0)]
        assert shown[0] < local <= shown[1]
        for hours in range(1, 49):  # none before it either, such as the first of two
            earlier = (instant - timedelta(hours=hours / 2)).astimezone(zone).replace(tzinfo=None)
            assert earlier < local


@pytest.mark.parametrize("name", ZONES)
def test_a_date_begins_where_an_independent_evaluator_says_its_day_begins(name: str) -> None:
    zone = ZoneInfo(name)
    for number in range(date(2011, 1, 1).toordinal(), date(2025, 1, 1).toordinal(), 3):
        day = date.fromordinal(number)
        assert read_instant(day.isoformat(), zone) == start_of_day(day, zone) == oracle.first_instant(day, name)
