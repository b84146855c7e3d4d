"""Texts, numbers, money and dates as pages say them: in the visitor's language, with Latin digits.

These are the functions that templates call; `_` takes an English text and fills its gaps with what it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_percent
from flask import g
from markupsafe import Markup, escape

from segmentation.models.types import from_units, utc_now
from segmentation.rules.sentences import number_in_words
from segmentation.translations import COMMA, Listing, translate, translate_count

NOTHING = "–"


def language() -> str:
    """The visitor's language."""
    return str(g.language)


def say(text: str, **values: Any) -> Markup:
    """The text in the visitor's language, safe to show; `{name}` in it is filled with the value of that name."""
    said = escape(translate(text, language()))
    return said.format(**values) if values else said


def say_count(one: str, many: str, count: int, **values: Any) -> Markup:
    """The form that suits the count, with the count as `{number}`."""
    said = escape(translate_count(one, many, count, language()))
    return said.format(number=number(count), **values)


def number(value: int | Decimal | None) -> str:
    """A number with its thousands apart."""
    return NOTHING if value is None else number_in_words(value, language())


def money(units: int | None, currency: str, whole: bool = False) -> str:
    """Stored money with its currency; `whole`: rounded, for figures that are read at a glance."""
    return NOTHING if units is None else _money(units, currency, whole, language())


def percent(part: int, whole: int) -> str:
    """A share in percent; what is there at all is not shown as none, nor what is not all as all."""
    if not whole:
        return NOTHING
    share = Decimal(part) / whole
    least, most = Decimal("0.001"), Decimal("0.999")
    if 0 < share < least:
        return "<" + _percent(least, 1)
    if most < share < 1:
        return ">" + _percent(most, 1)
    return _percent(share, 1 if 0 < share < Decimal("0.1") or Decimal("0.99") <= share < 1 else 0)


def _percent(share: Decimal, decimals: int) -> str:
    digits = "#,##0.0%" if decimals else "#,##0%"
    return str(format_percent(share, digits, locale=language(), numbering_system="latn"))


@lru_cache(maxsize=4_096)  # to format takes longer than most else of a page
def _money(units: int, currency: str, whole: bool, language: str) -> str:
    digits = "#,##0" if whole else "#,##0.00"
    return str(format_currency(from_units(units), currency, f"{digits}\u00a0¤", language, numbering_system="latn",
                               currency_digits=not whole))


@lru_cache(maxsize=4_096)
def _moment(value: datetime, zone: tzinfo, language: str) -> str:
    return format_datetime(value, f"d MMM y'{translate(COMMA, language)}'HH:mm", tzinfo=zone, locale=language)


def day(value: date | None) -> str:
    """A day."""
    return NOTHING if value is None else format_date(value, "d MMM y", locale=language())


def moment(value: datetime | None) -> str:
    """An instant, by the clocks of the store; of Greenwich, where no store is looked at."""
    if value is None:
        return NOTHING
    return _moment(value, g.scope.settings.zone if "scope" in g else UTC, language())


def ago(value: datetime) -> str:
    """How long ago an instant was."""
    return format_timedelta(value - utc_now(), add_direction=True, locale=language())


def lasting(seconds: float) -> str:
    """How long something takes, roughly."""
    return format_timedelta(timedelta(seconds=max(1, round(seconds))), locale=language())


def megabytes(size: int) -> str:
    """A number of bytes in millions, with one digit behind the point."""
    return number(Decimal(size // 100_000) / 10)


def full_name(first: str | None, last: str | None, otherwise: str) -> str:
    """What to call a person."""
    return " ".join(filter(None, (first, last))) or otherwise


def initials(name: str) -> str:
    """The letter that stands for a person."""
    return next((letter.upper() for letter in name if letter.isalnum()), "?")


def hue(key: str) -> int:
    """One of eight colours, always the same for a key."""
    return sum(key.encode()) % 8


def comma() -> str:
    """What stands between things that are listed."""
    return translate(COMMA, language())


def joined(values: Sequence[str]) -> str:
    """Values one after another."""
    return Listing(values).said(language())
