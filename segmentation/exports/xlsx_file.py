"""Rows to an Excel workbook: data under frozen headings, then one sheet that tells about them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from xlsxwriter.worksheet import Worksheet

from segmentation.exports.columns import Column, Header, Kind, blocks, headings
from segmentation.exports.files import Written, appearing, scratch_beside
from segmentation.exports.workbook import COLUMNS, Workbook, new_workbook

ROWS_PER_SHEET = 1_048_575
"""The most data rows of a sheet: its last row number less the heading."""

About = Callable[[int], Sequence[tuple[str, str]]]

_WIDTHS: dict[Kind, int] = {
    "text": 22, "integer": 10, "money": 14, "units": 14, "decimal": 12, "boolean": 10, "instant": 24, "date": 12,
}
_WIDEST = 60


def write_xlsx(path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Any]], *,
               header: Header = "keys", sheet_name: str, right_to_left: bool, zone: ZoneInfo,
               about: About, about_name: str = "About",
               rows_per_sheet: int = ROWS_PER_SHEET) -> Written:
    """Write the file whole, taking some rows at a time; `about(rows)` gives the last sheet's lines.

    Needs free space beside the file for the unpacked sheets, several times its size. TypeError or
    ValueError for a value that does not fit its column, or for more columns than a sheet has. Any
    error leaves no file behind.
    """
    top = headings(columns, header)
    if len(columns) > COLUMNS:
        raise ValueError(f"a sheet has {COLUMNS} columns, not {len(columns)}")
    with appearing(path) as file:
        with (scratch_beside(path) as folder,
              new_workbook(file, folder, zone, right_to_left) as book):
            count = _write_rows(book, sheet_name, columns, top, rows,
                                rows_per_sheet)
            _write_about(book, about_name, about(count))
        # Packing goes back and forth in the file, so only the finished one can be measured.
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").digest()
        size = file.tell()
    return Written(count, size, digest, book.truncated)


def _write_rows(book: Workbook, title: str, columns: Sequence[Column], top: Sequence[str],
                rows: Iterable[Sequence[Any]], rows_per_sheet: int) -> int:
    sheet = _data_sheet(book, title, columns, top)
    count = 0
    for block in blocks(columns, rows):
        for row in book.rows(columns, block):
            at = count % rows_per_sheet
            if count and at == 0:
                sheet = _data_sheet(book, title, columns, top)
            book.put_row(sheet, at + 1, row)
            count += 1
    return count


def _data_sheet(book: Workbook, title: str, columns: Sequence[Column],
                top: Sequence[str]) -> Worksheet:
    widths = [min(max(_WIDTHS[column.kind], len(heading) + 2), _WIDEST)
              for column, heading in zip(columns, top, strict=True)]
    sheet = book.add_sheet(title, widths)
    sheet.freeze_panes(1, 0)
    book.put_texts(sheet, 0, top, ["heading"] * len(top))
    return sheet


def _write_about(book: Workbook, title: str, lines: Sequence[tuple[str, str]]) -> None:
    sheet = book.add_sheet(title, [_WIDTHS["text"], _WIDEST])
    for row, line in enumerate(lines):
        book.put_texts(sheet, row, line, ["heading", "text"])
