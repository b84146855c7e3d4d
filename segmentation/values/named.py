"""What people choose among by name: time zones, currencies, days of the week. Codes and names, sorted by name."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global
from babel.dates import get_day_names, get_timezone_location
from babel.numbers import get_currency_name, get_territory_currencies

from segmentation.values import codes


@cache
def zones(spoken: str) -> dict[str, str]:
    """IANA time zones that somebody lives by, and UTC; each called by its city."""
    known = available_timezones()  # which looks through files
    lived = [zone for zone in get_global("zone_territories") if zone in known and not zone.startswith("Etc/")]
    names = {zone: f"{get_timezone_location(zone, locale=spoken, return_city=True)} – {zone}" for zone in lived}
    return _by_name({**names, "UTC": "UTC"})


@cache
def currencies(spoken: str) -> dict[str, str]:
    """The currencies that are tender somewhere today."""
    tender = {code for country in codes.countries() for code in get_territory_currencies(country)}
    return _by_name({code: f"{get_currency_name(code, locale=spoken)} – {code}" for code in tender})


@cache
def countries(spoken: str) -> dict[str, str]:
    """The countries."""
    return _by_name(codes.countries(spoken))


@cache
def days(spoken: str) -> dict[int, str]:
    """The days of the week, Monday = 0."""
    return {day: get_day_names("wide", "stand-alone", Locale(spoken))[day] for day in range(7)}


def _by_name(names: dict[str, str]) -> dict[str, str]:
    return dict(sorted(names.items(), key=lambda item: item[1]))
