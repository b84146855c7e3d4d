"""Where rejected rows go: nowhere, or into a CSV file that survives a killed import without losing or doubling a row.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from segmentation.errors import Conflict, Invalid
from segmentation.facts.csv_cells import guard, unguard
from segmentation.facts.entries import REJECTED_COLUMNS

BOM = "\ufeff"  # so that Excel reads UTF-8


class Rejection(NamedTuple):
    """A row that was not taken: its line in the file, the column at fault (empty for the whole row), why, its cells."""

    line: int
    column: str
    reason: str
    cells: Sequence[str]


class RejectedSink(Protocol):
    """Takes rejected rows as an import goes on. Its size goes into the checkpoint of each batch."""

    def begin(self, header: Sequence[str], size: int | None) -> None:
        """An import of a file with that header begins (size None), or goes on where so much had been kept."""

    def append(self, rejections: Sequence[Rejection]) -> int:
        """Keep the rejections, for good; the size then."""


class NoFile:
    """Keeps nothing."""

    def begin(self, header: Sequence[str], size: int | None) -> None:
        """Nothing to prepare."""

    def append(self, rejections: Sequence[Rejection]) -> int:
        """Nothing is kept."""
        return 0


class RejectedFile:
    """A CSV file: line, column and reason, then the columns of the original. Once mended it can be imported as it is.

    What a killed import wrote after its last checkpoint is cut off when it goes on.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, header: Sequence[str], size: int | None) -> None:
        """Prepare the file. Raises Invalid when it cannot be written, Conflict when it is not the one to go on with."""
        first = (BOM + _line((*REJECTED_COLUMNS, *header))).encode()
        try:
            if size is None:
                self._path.write_bytes(first)
            else:
                self._cut(first, size)
        except OSError as error:
            raise Invalid(f"{self._path} cannot be written: {error.strerror}.") from error

    def append(self, rejections: Sequence[Rejection]) -> int:
        """Write the rejections to the disk; the size of the file in bytes."""
        text = "".join(_line((str(line), column, reason, *map(_safe, cells)))
                       for line, column, reason, cells in rejections)
        with self._path.open("ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def _cut(self, first: bytes, size: int) -> None:
        with self._path.open("r+b") if self._path.exists() else io.BytesIO() as file:
            if file.read(len(first)) != first or not len(first) <= size <= file.seek(0, os.SEEK_END):
                raise Conflict(
                    f"{self._path} is not the file of rejected rows that the interrupted import was writing. "
                    "Give that one, or none to finish without it.")
            file.truncate(size)


def _safe(cell: str) -> str:
    # Read as an import reads it, so that what was guarded in the original is guarded once.
    return guard(unguard(cell))


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
