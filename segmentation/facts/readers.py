"""One value, written as text -> the typed value, or why not. Blank text is no value: None.

A reader is a function from the text to the value; it raises Fault. Here is what a value may be, wherever it comes
from; how it stands in a file and in JSON is said in `columns`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from segmentation.facts.instants import read_instant
from segmentation.limits import EARLIEST_YEAR, KEY_LENGTH, TAGS, TEXT_LENGTH
from segmentation.models.types import MONEY_UNITS
from segmentation.rules.kinds import Fault
from segmentation.translations import Filled
from segmentation.values import codes, emails, phones
from segmentation.values.text import clean, fold, has_control_characters

STATUS_LENGTH = 40
LARGEST_MONEY = 10**11 * MONEY_UNITS
LARGEST_NUMBER = 10**14 * MONEY_UNITS
LARGEST_QUANTITY = 999_999_999

_DECIMAL = re.compile(r"([+-]?)([0-9]{1,18})(?:\.([0-9]{1,4})0*)?")
_WHOLE = re.compile(r"[0-9]{1,18}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BOOLEANS = {fold(word): value for value, words in (
    (True, ("true", "yes", "1", "نعم")), (False, ("false", "no", "0", "لا"))) for word in words}

Reader = Callable[[str], Any]


def text(written: str) -> str | None:
    """Text of at most 1,000 characters without control characters."""
    return _text(written, TEXT_LENGTH)


def key(written: str) -> str | None:
    """Text that names something, such as an order: at most 255 characters."""
    return _text(written, KEY_LENGTH)


def email(written: str) -> str | None:
    """An e-mail address, in lower case."""
    given = text(written)
    address = given and emails.normalise(given)
    if given and not address:
        raise Fault("not_an_email", "This is not an e-mail address.")
    return address


def phone(country: str | None) -> Reader:
    """A reader of phone numbers, in E.164, as written in that country."""

    def read_phone(written: str) -> str | None:
        given = text(written)
        number = given and phones.normalise(given, country)
        if given and not number:
            raise Fault("not_a_phone", "This is not a valid phone number.")
        return number

    return read_phone


def one_of(find: Callable[[str], str | None], unknown: Fault) -> Reader:
    """A reader of codes: `find` knows the code for a text, or None; `unknown` says so."""

    def read_code(written: str) -> str | None:
        given = text(written)
        code = given and find(given)
        if given and not code:
            raise Fault(unknown.code, unknown.message)
        return code

    return read_code


gender = one_of(codes.gender, Fault("unknown_choice", "This is not a known gender."))
country = one_of(codes.country, Fault("unknown_choice", "This is not a known country."))
language = one_of(codes.language, Fault("unknown_choice", "This is not a known language."))


def boolean(written: str) -> bool | None:
    """Yes or no, in English, Arabic or as 1 and 0."""
    word = fold(written)
    if word and word not in _BOOLEANS:
        raise Fault("not_a_boolean", "Write true or false.")
    return _BOOLEANS.get(word)


def birthday(today: date) -> Reader:
    """A reader of days from 1900 up to `today`."""

    def read_birthday(written: str) -> date | None:
        given = _digits(written)
        if not given:
            return None
        try:
            day = date.fromisoformat(given) if _DAY.fullmatch(given) else None
        except ValueError:
            raise Fault("not_a_date", "There is no such date.") from None
        if day is None:
            raise Fault("not_a_date", "Write a date as YYYY-MM-DD.")
        if not date(EARLIEST_YEAR, 1, 1) <= day <= today:
            raise Fault("out_of_range", Filled("A birthday lies between {year} and today.", year=EARLIEST_YEAR))
        return day

    return read_birthday


def instant(zone: ZoneInfo) -> Reader:
    """A reader of instants; those without an offset are local times of `zone`."""

    def read(written: str) -> datetime | None:
        given = _digits(written)
        try:
            return read_instant(given, zone) if given else None
        except ValueError as error:
            raise Fault("not_an_instant", error.args[0]) from None

    return read


def decimal(largest: int) -> Reader:
    """A reader of plain decimals with up to four decimals, in units of 1/10000; ±`largest` units are the bounds."""

    def read(written: str) -> int | None:
        given = _digits(written)
        if not given:
            return None
        match = _DECIMAL.fullmatch(given)
        if match is None:
            raise Fault("not_a_number", "Write a plain number with at most four decimals, such as 1234.50.")
        sign, whole, fraction = match.groups(default="")
        units = int(whole + fraction.ljust(4, "0"))
        return within(-units if sign == "-" else units, largest)

    return read


def within(units: int, largest: int) -> int:
    """The units, if they are within ±`largest`."""
    if not -largest <= units <= largest:
        raise Fault("out_of_range", Filled("The number is beyond {most}.", most=largest // MONEY_UNITS))
    return units


def quantity(written: str) -> int | None:
    """A whole number from 0 to 999,999,999."""
    given = _digits(written)
    return pieces(int(given) if _WHOLE.fullmatch(given) else -1) if given else None


def pieces(number: int) -> int:
    """A number of pieces, if it is one."""
    if not 0 <= number <= LARGEST_QUANTITY:
        raise Fault("not_a_whole_number", Filled("Write a whole number from 0 to {most}.", most=LARGEST_QUANTITY))
    return number


def status(written: str) -> str | None:
    """An order status, in lower case."""
    return _text(written.lower(), STATUS_LENGTH)


def currency(expected: str) -> Reader:
    """A reader that takes only the currency `expected`: amounts in different ones cannot be added up."""

    def read_currency(written: str) -> str | None:
        code = fold(written).upper()
        if code and code not in codes.currencies():
            raise Fault("unknown_choice", "This is not a currency code of ISO 4217.")
        if code and code != expected:
            raise Fault("other_currency", Filled(
                "The store's currency is {currency}; other amounts cannot be added to it.", currency=expected))
        return code or None

    return read_currency


def tags(written: Iterable[str]) -> tuple[str, ...]:
    """Tags; those that fold alike are one, spelled as the first of them."""
    distinct: dict[str, str] = {}
    for part in written:
        tag = _text(part, KEY_LENGTH)
        if tag is not None:
            distinct.setdefault(fold(tag), tag)
    if any(len(folded) > KEY_LENGTH for folded in distinct):  # folding can lengthen
        raise Fault("too_long", Filled("Write at most {most} characters in a tag.", most=KEY_LENGTH))
    if len(distinct) > TAGS:
        raise Fault("too_many", Filled("A customer has at most {most} tags.", most=TAGS))
    return tuple(distinct.values())


def _text(written: str, longest: int) -> str | None:
    value = clean(written)
    if value is None or not (value.isascii() or fold(value)):
        return None  # white space and marks alone are no value
    if len(value) > longest:
        raise Fault("too_long", Filled("Write at most {most:,} characters.", most=longest))
    if has_control_characters(value):
        raise Fault("control_character", "Line breaks and control characters are not allowed.")
    return value


def _digits(written: str) -> str:
    """Numbers and dates: trimmed, decimal digits of any script in ASCII. (Folding would take `5²` for 52.)"""
    if written.isascii():
        return written.strip()
    return "".join(str(unicodedata.decimal(character, character)) for character in written).strip()
