"""A workbook being written: sheets, and values put into cells as spreadsheets can hold them.

What goes where is decided by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, count
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from segmentation.exports.columns import Column, Kind, Value
from segmentation.exports.spelling import cents, holdable, spell, units_to_cents
from segmentation.models.types import from_microseconds

CELL_TEXT = 32_767
"""The longest text of a cell, in UTF-16 units."""
COLUMNS = 16_384
"""The most columns of a sheet."""

_TITLE = 31
_DIGITS = 15
# Excel believes in a 29 February 1900; from the next day on all agree which number is which day.
_FIRST_DAY = date(1900, 3, 1)
_OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
            "strings_to_numbers": False}
# Text has the cell format "text", so that editing a cell makes no formula of `=1+1`, no 7 of 007.
_FORMATS: dict[str, dict[str, Any]] = {
    "heading": {"bold": True, "num_format": "@"},
    "text": {"num_format": "@"},
    "integer": {"num_format": "0"},
    "money": {"num_format": "#,##0.00"},
    "units": {"num_format": "#,##0.00"},
    "decimal": {},
    "boolean": {},
    "date": {"num_format": "yyyy-mm-dd"},
    "instant": {"num_format": "yyyy-mm-dd hh:mm:ss"},
    "moment": {"num_format": "yyyy-mm-dd hh:mm:ss.000"},
}


class Workbook:
    """Sheets of one workbook, each written row by row; instants become wall time in `zone`."""

    def __init__(self, file: BinaryIO, folder: str, zone: ZoneInfo, right_to_left: bool) -> None:
        self._book = xlsxwriter.Workbook(file, {**_OPTIONS, "tmpdir": folder})
        self._book.use_zip64()
        self._formats = {name: self._book.add_format(look) for name, look in _FORMATS.items()}
        self._zone = zone
        self._right_to_left = right_to_left
        # Excel keeps this title for itself.
        self._titles = {"history"}
        self.truncated = 0

    def add_sheet(self, title: str, widths: Sequence[int]) -> Any:
        """A new last sheet, its title made fit and unlike the others'. Widths are in characters."""
        sheet = self._book.add_worksheet(sheet_title(title, self._titles))
        self._titles.add(sheet.name.casefold())
        if self._right_to_left:
            sheet.right_to_left()
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        return sheet

    def put_row(self, sheet: Any, row: int, columns: Sequence[Column], values: Sequence[Value]) -> None:
        """Write checked values, each of its column's kind."""
        for place, (column, value) in enumerate(zip(columns, values, strict=True)):
            if value is None:
                continue
            if column.kind == "text":
                self.put_text(sheet, row, place, value)  # type: ignore[arg-type]
            else:
                self._put(sheet, row, place, column.kind, value)

    def _put(self, sheet: Any, row: int, place: int, kind: Kind, value: Value) -> None:
        """As number, date or boolean if exact so, else as text."""
        held = native(kind, value, self._zone)
        if held is None:
            self.put_text(sheet, row, place, spell(kind, value))
        elif isinstance(held, bool):
            _must(sheet.write_boolean(row, place, held, self._formats[kind]))
        elif isinstance(held, date):
            look = "moment" if isinstance(held, datetime) and held.microsecond else kind
            _must(sheet.write_datetime(row, place, held, self._formats[look]))
        else:
            _must(sheet.write_number(row, place, held, self._formats[kind]))

    def put_text(self, sheet: Any, row: int, place: int, text: str, look: str = "text") -> None:
        """Write a text, never as anything else. One that no cell can hold is cut, and counted."""
        whole = holdable(text)
        shown = cut(whole, CELL_TEXT, "…")
        self.truncated += shown != whole
        if shown.startswith("<r>"):
            # The library takes a text in <r>…</r> for markup, unescaped. It escapes pieces.
            _must(sheet.write_rich_string(row, place, "<", "r", shown[2:], self._formats[look]))
        elif shown:
            _must(sheet.write_string(row, place, shown, self._formats[look]))

    def close(self) -> None:
        """Bring the sheets together into the file."""
        self._book.close()

    def release(self) -> None:
        """Close the files of the pieces, which the library leaves open unless all goes well."""
        for sheet in self._book.worksheets():
            with suppress(OSError):  # of a full disk, which whoever wrote there has been told of
                sheet.row_data_fh.close()


@contextmanager
def new_workbook(file: BinaryIO, folder: str, zone: ZoneInfo,
                 right_to_left: bool) -> Iterator[Workbook]:
    """A workbook, in `file` once the block ended well; until then its pieces are in `folder`. Raises OSError."""
    book = Workbook(file, folder, zone, right_to_left)
    try:
        yield book
        book.close()
    except FileCreateError as error:  # what the library makes of an OSError
        cause = error.args[0]
        raise (cause if isinstance(cause, OSError) else OSError(str(error))) from error
    finally:
        book.release()


def native(kind: Kind, value: Any, zone: ZoneInfo) -> bool | float | date | None:
    """The value as a spreadsheet's own boolean, number or date, None when it has no exact one."""
    match kind:
        case "boolean":
            return bool(value)
        case "integer":
            return float(value) if abs(value) < 10**_DIGITS else None
        case "decimal":
            return _number(Decimal(value))
        case "money":
            return _number(cents(value))
        case "units":
            amount = units_to_cents(value)
            return amount / 100 if abs(amount) < 10**_DIGITS else _number(Decimal(amount).scaleb(-2))
        case "instant":
            return _day(_wall_time(from_microseconds(value) if isinstance(value, int) else value, zone))
        case "date":
            return _day(value)
    return None


def cut(text: str, units: int, ending: str = "") -> str:
    """The text if it has at most that many UTF-16 units, else what fits of it before the ending."""
    if len(text) <= units // 2:
        return text
    data = text.encode("utf-16-le")
    if len(data) <= 2 * units:
        return text
    # "ignore" drops half of a character that the cut went through.
    return data[: 2 * (units - len(ending))].decode("utf-16-le", "ignore") + ending


def sheet_title(wanted: str, taken: set[str]) -> str:
    """A title like `wanted` that spreadsheets accept, not among the (casefolded) ones taken."""
    plain = " ".join(re.sub(r"[\[\]:*?/\\]", " ", holdable(wanted)).split()).strip("' ")
    endings = chain([""], (f" ({number})" for number in count(2)))
    titles = ((cut(plain, _TITLE - len(end)).strip("' ") or "Sheet") + end for end in endings)
    return next(title for title in titles if title.casefold() not in taken)


def _number(value: Decimal) -> float | None:
    exact = abs(value.adjusted()) < 300 and Decimal(f"{value:.{_DIGITS - 1}e}") == value
    return float(value) if exact else None


def _wall_time(value: datetime, zone: ZoneInfo) -> datetime | None:
    try:
        return value.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return None


def _day(value: date | None) -> date | None:
    if value is None:
        return None
    day = value.date() if isinstance(value, datetime) else value
    return value if day >= _FIRST_DAY else None


def _must(code: int) -> None:
    # The library answers a cell that it did not write, or cut, with a number only.
    if code != 0:
        raise RuntimeError(f"a cell could not be written (code {code})")
