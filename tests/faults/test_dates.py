"""Dates, in the zone of the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from segmentation.database import writing
from segmentation.models import Store
from tests.faults.conftest import Shop, is_, where

Clock = Callable[[str], None]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def joined(shop: Shop, **people: str) -> None:
    """People by the local time (in Riyadh) at which they joined."""
    for name, local in people.items():
        shop.person(name, created_at=instant(f"{local}+03:00"))


@pytest.mark.parametrize("now", ["2026-11-21T21:00:00Z", "2026-11-22T11:00:00Z", "2026-11-22T20:59:59.999999Z"])
def test_today_is_the_day_of_the_store(shop: Shop, at: Clock, now: str) -> None:
    """Relative dates were counted in UTC: people got in or out hours early."""
    joined(shop, eve="2026-11-21T23:59:59", dawn="2026-11-22T00:00:00", dusk="2026-11-22T23:59:59",
           morrow="2026-11-23T00:00:00")
    at(now)
    assert shop.who(is_("created_at", "in_this", unit="days")) == {"dawn", "dusk"}
    assert shop.who(is_("created_at", "in_previous", unit="days")) == {"eve"}
    assert shop.who(is_("created_at", "in_next", 1, unit="days")) == {"dawn", "dusk"}
    assert shop.who(is_("created_at", "on", "2026-11-23")) == {"morrow"}


def test_every_path_has_the_same_window(shop: Shop, at: Clock) -> None:
    """“Yesterday” was off by one in one path after it was mended in another."""
    joined(shop, before="2026-11-20T23:59:59", within="2026-11-21T00:00:00", now="2026-11-22T00:00:01")
    at("2026-11-21T21:30:00Z")
    rules = where("AND", is_("created_at", "in_last", 2, unit="days", id="c"))
    segment = shop.client.create(rules)
    assert segment["cached_count"] == shop.preview(rules)["count"] == shop.preview(rules, "nodes")["count"] == 2
    assert shop.client.post(f"/{segment['id']}/refresh").json["cached_count"] == 2
    page = shop.client.get(f"/{segment['id']}/customers").json
    assert {row["external_id"] for row in page["data"]} == {"within", "now"}
    explained = shop.client.get(f"/{segment['id']}/explain?customer_id={page['data'][0]['id']}").json
    window = shop.preview(rules, "windows")["windows"]["c"]
    assert explained["nodes"]["c"]["window"] == {key: window[key] for key in ("start", "end")}
    assert window["start"] == "2026-11-20T21:00:00Z"


def test_a_day_is_half_open(shop: Shop, at: Clock) -> None:
    """The window of “today” was shifted by the offset of the zone."""
    at("2026-11-22T09:00:00Z")
    shown = shop.preview(where("AND", is_("created_at", "on", "2026-11-22", id="c")), "windows")["windows"]["c"]
    assert (shown["start"], shown["end"]) == ("2026-11-21T21:00:00Z", "2026-11-22T21:00:00Z")
    assert shown["text"]["en"] == "from 22 Nov 2026, 00:00 until 23 Nov 2026, 00:00"


def test_the_last_day_of_a_range_is_in_it_whole(shop: Shop) -> None:
    """The last day of a range was cut off at its midnight."""
    joined(shop, early="2026-11-01T00:00:00", late="2026-11-05T23:59:59.999999", after="2026-11-06T00:00:00")
    assert shop.who(is_("created_at", "between", "2026-11-01", value2="2026-11-05")) == {"early", "late"}


def test_the_last_thirty_days_are_thirty_and_are_told(shop: Shop, at: Clock) -> None:
    """“Past 30 days” had 29 or 31 days, and nobody could see which."""
    joined(shop, d31="2026-10-23T23:59:59", d30="2026-10-24T00:00:00", today="2026-11-22T10:00:00")
    at("2026-11-22T09:00:00Z")
    condition = is_("created_at", "in_last", 30, unit="days", id="c")
    assert shop.who(condition) == {"d30", "today"}
    assert shop.preview(where("AND", condition), "windows")["windows"]["c"]["text"]["en"].startswith(
        "from 24 Oct 2026, 00:00 until ")


def test_clocks_that_change_neither_lose_nor_gain_a_day(shop: Shop, at: Clock) -> None:
    """Where clocks change, a week had 6.96 or 7.04 days."""
    with shop.app.app_context(), writing() as session:
        session.query(Store).one().timezone = "Africa/Cairo"
    shop.person("first", created_at=instant("2024-04-20T00:00:00+02:00"))
    shop.person("eve", created_at=instant("2024-04-19T23:59:59+02:00"))
    shop.person("gap", created_at=instant("2024-04-26T01:00:00+03:00"))  # there was no midnight
    at("2024-04-26T09:00:00Z")
    assert shop.who(is_("created_at", "in_last", 7, unit="days")) == {"first", "gap"}
    assert shop.who(is_("created_at", "on", "2024-04-26")) == {"gap"}


def test_a_relative_date_stays_relative(shop: Shop, at: Clock) -> None:
    """A dynamic date was frozen to the day on which the segment was saved."""
    joined(shop, october="2026-10-10T12:00:00", november="2026-11-10T12:00:00")
    condition = is_("created_at", "in_last", 20, unit="days", id="c")
    at("2026-10-15T09:00:00Z")
    segment = shop.client.create({"id": "r", "logic": "AND", "conditions": [condition], "groups": []})
    assert segment["cached_count"] == 1
    at("2026-11-15T09:00:00Z")
    refreshed = shop.client.post(f"/{segment['id']}/refresh").json
    assert refreshed["rules"]["conditions"] == [condition]
    page = shop.client.get(f"/{segment['id']}/customers").json["data"]
    assert [row["external_id"] for row in page] == ["november"]
    later = shop.client.put(f"/{segment['id']}", {"name": "renamed"}).json
    assert later["rules"]["conditions"] == [condition]


def test_the_current_month_and_week_are_those_of_the_store(shop: Shop, at: Clock) -> None:
    """East of Greenwich “this month” lost its last day and gained the last of the month before."""
    joined(shop, october="2026-10-31T23:59:59", first="2026-11-01T00:00:00", last="2026-11-30T23:59:59",
           december="2026-12-01T00:00:00")
    at("2026-11-30T20:30:00Z")
    assert shop.who(is_("created_at", "in_this", unit="months")) == {"first", "last"}
    assert shop.who(is_("created_at", "in_previous", unit="months")) == {"october"}
    # Weeks start on Sunday in Riyadh: 1 November 2026 is one.
    at("2026-11-03T09:00:00Z")
    assert shop.who(is_("created_at", "in_this", unit="weeks")) == {"first"}
    assert shop.who(is_("created_at", "in_previous", unit="weeks")) == {"october"}
