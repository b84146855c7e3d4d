"""Rows to a CSV file (RFC 4180): UTF-8, CRLF, no text that a spreadsheet would run.

Every cell is in quotation marks, because a reader may split at semicolons and tabs as well, and
only they keep it from cutting a text there. None and the empty text are both an empty cell.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from segmentation.exports.columns import Column, Header, Kind, blocks, headings
from segmentation.exports.files import Written, appearing
from segmentation.exports.spelling import holdable, spell_all
from segmentation.facts.csv_cells import guard

_NEVER = ";\t\r\n\x00-\x1f\ud800-\udfff\ufffe\uffff"
_SEPARATOR = "\x1f"  # among those
# Most texts: they begin with a letter or a digit and hold nothing that would be changed; and phone numbers.
_HARMLESS = re.compile(
    rf"(?:(?:[^\W_][^{_NEVER}]*+|\+[0-9]{{6,15}}+)?+{_SEPARATOR})*+").fullmatch


class _Sink:
    """Encodes what is written, and measures the bytes on their way."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, text: str) -> None:
        data = text.encode()
        self._file.write(data)
        self.size += len(data)
        self.digest.update(data)


def write_csv(path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Any]], *,
              header: Header = "keys", bom: bool = True) -> Written:
    """Write the file whole, taking some rows at a time; `bom` is what makes Excel read it as UTF-8.

    TypeError or ValueError for a value that does not fit its column. No error leaves a file behind.
    """
    count = 0
    with appearing(path) as file:
        sink = _Sink(file)
        if bom:
            sink.write("\ufeff")
        sink.write(_lines([_escaped([guard(holdable(heading))]) for heading in headings(columns, header)]))
        for block in blocks(columns, rows):
            sink.write(_lines([_quotable(column.kind, values) for column, values in zip(columns, block, strict=True)]))
            count += len(block[0])
    return Written(count, sink.size, sink.digest.digest(), truncated=0)


def text_cells(texts: Sequence[str | None]) -> list[str]:
    """The cells of texts, which no spreadsheet runs. One look tells whether all of them can stay as they are."""
    cells = [text or "" for text in texts]
    joined = _SEPARATOR.join([*cells, ""])
    if _HARMLESS(joined) and joined.count(_SEPARATOR) == len(cells):
        return cells
    return [guard(holdable(cell)) if cell else "" for cell in cells]


def _quotable(kind: Kind, values: Sequence[Any]) -> list[str]:
    """The cells of a column, which can be put in quotation marks; nothing but text holds any."""
    return _escaped(text_cells(values)) if kind == "text" else spell_all(kind, values)


def _escaped(cells: list[str]) -> list[str]:
    return [cell.replace('"', '""') for cell in cells] if '"' in "".join(cells) else cells


def _lines(columns: Sequence[Sequence[str]]) -> str:
    """Rows of quoted cells."""
    rows = map('","'.join, zip(*columns, strict=True))
    return '"' + '"\r\n"'.join(rows) + '"\r\n'
