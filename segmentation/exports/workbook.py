"""A workbook being written: sheets, and values put into cells as spreadsheets can hold them.

What goes where is decided by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, count
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.worksheet import Worksheet

from segmentation.exports.cells import Cell, Cells, cut
from segmentation.exports.columns import Column, Value
from segmentation.exports.spelling import holdable

COLUMNS = 16_384
"""The most columns of a sheet."""

_TITLE = 31
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
        formats = {name: self._book.add_format(look) for name, look in _FORMATS.items()}
        self._cells = Cells(formats, zone)
        self._right_to_left = right_to_left
        # Excel keeps this title for itself.
        self._titles = {"history"}

    def add_sheet(self, title: str, widths: Sequence[int]) -> Worksheet:
        """A new last sheet, its title made fit and unlike the others'. Widths are in characters."""
        sheet = self._book.add_worksheet(sheet_title(title, self._titles))
        self._titles.add(sheet.name.casefold())
        if self._right_to_left:
            sheet.right_to_left()
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        return sheet

    def rows(self, columns: Sequence[Column], block: Sequence[Sequence[Value]]) -> Iterator[Sequence[Cell | None]]:
        """Rows of cells, of checked values column by column."""
        cells = [self._cells.column(column.kind, values) for column, values in zip(columns, block, strict=True)]
        return zip(*cells, strict=True)

    def put_row(self, sheet: Worksheet, row: int, cells: Sequence[Cell | None]) -> None:
        """Write a row."""
        for place, cell in enumerate(cells):
            # The library answers a cell that it did not write, or cut, with a number only.
            if cell is not None and (code := cell[0](sheet, row, place, cell[1], cell[2])):
                raise RuntimeError(f"a cell could not be written (code {code})")

    def put_texts(self, sheet: Worksheet, row: int, texts: Sequence[str], looks: Sequence[str]) -> None:
        """Write a row of texts, each with a look."""
        self.put_row(sheet, row, [self._cells.text(text, look) for text, look in zip(texts, looks, strict=True)])

    @property
    def truncated(self) -> int:
        """How many texts were cut."""
        return self._cells.truncated

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


def sheet_title(wanted: str, taken: set[str]) -> str:
    """A title like `wanted` that spreadsheets accept, not among the (casefolded) ones taken."""
    plain = " ".join(re.sub(r"[\[\]:*?/\\]", " ", holdable(wanted)).split()).strip("' ")
    endings = chain([""], (f" ({number})" for number in count(2)))
    titles = ((cut(plain, _TITLE - len(end)).strip("' ") or "Sheet") + end for end in endings)
    return next(title for title in titles if title.casefold() not in taken)
