"""Values as cells of a spreadsheet: each with what writes it, what it holds and its look.

A column's values are made cells together, some rows at a time, because most checks are cheaper for many at once.
Where a cell stands is decided by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from inspect import unwrap
from typing import Any
from zoneinfo import ZoneInfo

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from segmentation.exports.columns import Kind
from segmentation.exports.spelling import cents, holdable, spell, units_to_cents
from segmentation.models.types import from_microseconds

CELL_TEXT = 32_767
"""The longest text of a cell, in UTF-16 units."""

_DIGITS = 15
# Excel believes in a 29 February 1900; from the next day on all agree which number is which day.
_FIRST_DAY = date(1900, 3, 1)
_MARKUP = "<r>"

Write = Callable[[Any, int, int, Any, Any], int]
Cell = tuple[Write, Any, Format]
Native = Callable[[Any, ZoneInfo], bool | float | date | None]

# Rows and columns are numbers here, so nobody need look whether they are addresses like A1.
_string: Write = unwrap(Worksheet.write_string)
_boolean: Write = unwrap(Worksheet.write_boolean)
_number: Write = unwrap(Worksheet.write_number)
_datetime: Write = unwrap(Worksheet.write_datetime)


class Cells:
    """Makes the cells of a workbook, whose `formats` are given by name; instants become wall time in `zone`.

    `truncated` counts the texts that no cell can hold, which are cut.
    """

    def __init__(self, formats: Mapping[str, Format], zone: ZoneInfo) -> None:
        self._formats = formats
        self._zone = zone
        self.truncated = 0

    def column(self, kind: Kind, values: Sequence[Any]) -> Sequence[Cell | None]:
        """The cells of checked values of that kind: numbers, dates and booleans where these are exact, else texts.
        None is an empty cell.
        """
        if kind == "text":
            return self._texts(values)
        own, write, look = NATIVE[kind], _WRITES.get(kind, _number), self._formats[kind]
        cells: list[Cell | None] = []
        for value in values:
            held = None if value is None else own(value, self._zone)
            if held is not None:
                fine = kind == "instant" and held.microsecond  # type: ignore[union-attr]
                cells.append((write, held, self._formats["moment"] if fine else look))
            else:
                cells.append(None if value is None else self.text(spell(kind, value)))
        return cells

    def text(self, text: str, look: str = "text") -> Cell | None:
        """The cell of a text, never anything else. One that no cell can hold is cut, and counted."""
        whole = holdable(text)
        shown = cut(whole, CELL_TEXT, "…")
        self.truncated += shown != whole
        if not shown:
            return None
        return (_pieces if shown.startswith(_MARKUP) else _string), shown, self._formats[look]

    def _texts(self, texts: Sequence[str | None]) -> Sequence[Cell | None]:
        look = self._formats["text"]
        if _are_plain([text for text in texts if text]):
            return [(_string, text, look) if text else None for text in texts]
        return [self.text(text) if text else None for text in texts]


def _are_plain(texts: Sequence[str]) -> bool:
    """Whether nothing about any of the texts needs care, so that nobody need look at each."""
    joined = "".join(texts)
    return _MARKUP not in joined and max(map(len, texts), default=0) <= CELL_TEXT // 2 and holdable(joined) == joined


def _pieces(sheet: Worksheet, row: int, place: int, text: str, look: Format) -> int:
    # The library takes a text in <r>…</r> for markup, unescaped. It escapes pieces.
    return int(sheet.write_rich_string(row, place, "<", "r", text[2:], look))


def cut(text: str, units: int, ending: str = "") -> str:
    """The text if it has at most that many UTF-16 units, else what fits of it before the ending."""
    if len(text) <= units // 2:
        return text
    data = text.encode("utf-16-le")
    if len(data) <= 2 * units:
        return text
    # "ignore" drops half of a character that the cut went through.
    return data[: 2 * (units - len(ending))].decode("utf-16-le", "ignore") + ending


def _integer(value: int, _zone: ZoneInfo) -> float | None:
    return float(value) if abs(value) < 10**_DIGITS else None


def _units(value: int, _zone: ZoneInfo) -> float | None:
    amount = units_to_cents(value)
    return amount / 100 if abs(amount) < 10**_DIGITS else _exact(Decimal(amount).scaleb(-2))


def _instant(value: datetime | int, zone: ZoneInfo) -> datetime | None:
    at = from_microseconds(value) if isinstance(value, int) else value
    try:
        wall = at.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return None
    return wall if wall.date() >= _FIRST_DAY else None


def _exact(value: Decimal) -> float | None:
    exact = abs(value.adjusted()) < 300 and Decimal(f"{value:.{_DIGITS - 1}e}") == value
    return float(value) if exact else None


NATIVE: Mapping[Kind, Native] = {
    "boolean": lambda value, _zone: bool(value),
    "integer": _integer,
    "decimal": lambda value, _zone: _exact(Decimal(value)),
    "money": lambda value, _zone: _exact(cents(value)),
    "units": _units,
    "instant": _instant,
    "date": lambda value, _zone: value if value >= _FIRST_DAY else None,
}
"""What makes a spreadsheet's own boolean, number or date of a value; None when it has no exact one."""

_WRITES: Mapping[Kind, Write] = {"boolean": _boolean, "instant": _datetime, "date": _datetime}
