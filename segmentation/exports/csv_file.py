"""Rows to a CSV file (RFC 4180): UTF-8, CRLF, no text that a spreadsheet would run.

Every cell is in quotation marks, because a reader may split at semicolons and tabs as well, and
only they keep it from cutting a text there. None and the empty text are both an empty cell.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from segmentation.exports.columns import Column, Header, Value, checked, headings
from segmentation.exports.files import Written, appearing
from segmentation.exports.spelling import holdable, spell
from segmentation.facts.csv_cells import guard


class _Sink:
    """Encodes what `csv` writes, and measures the bytes on their way."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, text: str) -> None:
        data = text.encode()
        self._file.write(data)
        self.size += len(data)
        self.digest.update(data)


def write_csv(path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Value]], *,
              header: Header = "keys", bom: bool = True) -> Written:
    """Write the file whole, taking one row at a time; `bom` is what makes Excel read it as UTF-8.

    TypeError or ValueError for a value that does not fit its column. No error leaves a file behind.
    """
    count = 0
    with appearing(path) as file:
        sink = _Sink(file)
        if bom:
            sink.write("\ufeff")
        writer = csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(guard(holdable(heading)) for heading in headings(columns, header))
        for row in checked(columns, rows):
            writer.writerow(map(_cell, columns, row))
            count += 1
    return Written(count, sink.size, sink.digest.digest(), truncated=0)


def _cell(column: Column, value: Value) -> str:
    text = spell(column.kind, value)
    return guard(text) if column.kind == "text" else text
