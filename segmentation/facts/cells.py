"""One cell of a CSV file -> a typed value, or why not. A blank cell is no value: None.

A reader is a function from the cell's text to the value; it raises CellFault. Here is what a value of a column may
be; which columns there are is said in `customer_rows` and `order_rows`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from segmentation.facts.csv_cells import unguard
from segmentation.facts.instants import read_instant
from segmentation.limits import EARLIEST_YEAR, KEY_LENGTH, TAGS, TEXT_LENGTH
from segmentation.models.types import MONEY_UNITS
from segmentation.values import codes, emails, phones
from segmentation.values.text import clean, fold, has_control_characters

STATUS_LENGTH = 40
LARGEST_MONEY = 10**11 * MONEY_UNITS
LARGEST_NUMBER = 10**14 * MONEY_UNITS

_DECIMAL = re.compile(r"([+-]?)([0-9]{1,18})(?:\.([0-9]{1,4})0*)?")
_WHOLE = re.compile(r"[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BOOLEANS = {fold(word): value for value, words in (
    (True, ("true", "yes", "1", "نعم")), (False, ("false", "no", "0", "لا"))) for word in words}

Reader = Callable[[str], Any]


class CellFault(ValueError):
    """A cell cannot be taken; the message says why, in words for whoever wrote the file."""


def text(cell: str) -> str | None:
    """Text of at most 1,000 characters without control characters."""
    return _text(cell, TEXT_LENGTH)


def key(cell: str) -> str | None:
    """Text that names something, such as an order: at most 255 characters."""
    return _text(cell, KEY_LENGTH)


def required(read: Reader) -> Reader:
    """A reader that takes no blank cell."""

    def read_required(cell: str) -> Any:
        value = read(cell)
        if value is None:
            raise CellFault("A value is required.")
        return value

    return read_required


def email(cell: str) -> str | None:
    """An e-mail address, in lower case."""
    written = text(cell)
    address = written and emails.normalise(written)
    if written and not address:
        raise CellFault("This is not an e-mail address.")
    return address


def phone(country: str | None) -> Reader:
    """A reader of phone numbers, in E.164, as written in that country."""

    def read_phone(cell: str) -> str | None:
        written = text(cell)
        number = written and phones.normalise(written, country)
        if written and not number:
            raise CellFault("This is not a valid phone number.")
        return number

    return read_phone


def one_of(find: Callable[[str], str | None], what: str) -> Reader:
    """A reader of codes: `find` knows the code for a text, or None; `what` it is, for the message."""

    def read_code(cell: str) -> str | None:
        written = text(cell)
        code = written and find(written)
        if written and not code:
            raise CellFault(f"This is not a known {what}.")
        return code

    return read_code


gender = one_of(codes.gender, "gender")
country = one_of(codes.country, "country")
language = one_of(codes.language, "language")


def boolean(cell: str) -> bool | None:
    """Yes or no, in English, Arabic or as 1 and 0."""
    word = fold(cell)
    if word and word not in _BOOLEANS:
        raise CellFault("Write true or false.")
    return _BOOLEANS.get(word)


def birthday(today: date) -> Reader:
    """A reader of days from 1900 up to `today`."""

    def read_birthday(cell: str) -> date | None:
        written = _digits(cell)
        if not written:
            return None
        try:
            day = date.fromisoformat(written) if _DAY.fullmatch(written) else None
        except ValueError:
            raise CellFault("There is no such date.") from None
        if day is None:
            raise CellFault("Write a date as YYYY-MM-DD.")
        if not date(EARLIEST_YEAR, 1, 1) <= day <= today:
            raise CellFault(f"A birthday lies between {EARLIEST_YEAR} and today.")
        return day

    return read_birthday


def instant(zone: ZoneInfo) -> Reader:
    """A reader of instants; those without an offset are local times of `zone`."""

    def read(cell: str) -> datetime | None:
        written = _digits(cell)
        try:
            return read_instant(written, zone) if written else None
        except ValueError as error:
            raise CellFault(str(error)) from None

    return read


def decimal(largest: int) -> Reader:
    """A reader of plain decimals with up to four decimals, in units of 1/10000; ±`largest` units are the bounds."""

    def read(cell: str) -> int | None:
        written = _digits(cell)
        if not written:
            return None
        match = _DECIMAL.fullmatch(written)
        if match is None:
            raise CellFault("Write a plain number with at most four decimals, such as 1234.50.")
        sign, whole, fraction = match.groups(default="")
        units = int(whole + fraction.ljust(4, "0"))
        if units > largest:
            raise CellFault(f"The number is beyond {largest // MONEY_UNITS}.")
        return -units if sign == "-" else units

    return read


money = decimal(LARGEST_MONEY)
number = decimal(LARGEST_NUMBER)


def quantity(cell: str) -> int | None:
    """A whole number from 0 to 999,999,999."""
    written = _digits(cell)
    if written and not _WHOLE.fullmatch(written):
        raise CellFault("Write a whole number, 0 or more.")
    return int(written) if written else None


def status(cell: str) -> str | None:
    """An order status, in lower case."""
    return _text(cell.lower(), STATUS_LENGTH)


def currency(expected: str) -> Reader:
    """A reader that takes only the currency `expected`: amounts in different ones cannot be added up."""

    def read_currency(cell: str) -> str | None:
        code = fold(cell).upper()
        if code and code not in codes.currencies():
            raise CellFault("This is not a currency code of ISO 4217.")
        if code and code != expected:
            raise CellFault(f"The store's currency is {expected}; other amounts cannot be added to it.")
        return code or None

    return read_currency


def tags(cell: str) -> tuple[str, ...]:
    """The tags in a cell, separated by `|`; those that fold alike are one, spelled as the first of them."""
    distinct: dict[str, str] = {}
    for part in _plain(cell).split("|"):
        tag = _checked(part, KEY_LENGTH)
        if tag is not None:
            distinct.setdefault(fold(tag), tag)
    if any(len(folded) > KEY_LENGTH for folded in distinct):  # folding can lengthen
        raise CellFault(f"Write at most {KEY_LENGTH} characters in a tag.")
    if len(distinct) > TAGS:
        raise CellFault(f"A customer has at most {TAGS} tags.")
    return tuple(distinct.values())


def _text(cell: str, longest: int) -> str | None:
    return _checked(_plain(cell), longest)


def _plain(cell: str) -> str:
    return unguard(cell) if "'" in cell else cell


def _checked(plain: str, longest: int) -> str | None:
    value = clean(plain)
    if value is None or not (value.isascii() or fold(value)):
        return None  # white space and marks alone are no value
    if len(value) > longest:
        raise CellFault(f"Write at most {longest:,} characters.")
    if has_control_characters(value):
        raise CellFault("Line breaks and control characters are not allowed.")
    return value


def _digits(cell: str) -> str:
    """Numbers and dates: trimmed, decimal digits of any script in ASCII. (Folding would take `5²` for 52.)"""
    plain = _plain(cell)
    if plain.isascii():
        return plain.strip()
    return "".join(str(unicodedata.decimal(character, character)) for character in plain).strip()
