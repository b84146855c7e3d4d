"""Opening a CSV file that somebody sent: encoding, separator, header, and rows that can be told apart.

Nothing here knows customers or orders. A file that cannot be read at all raises errors.Invalid. A row that cannot is
a Row with a fault. Memory is bounded by `LINE_LENGTH` times `RECORD_LINES`, whatever the file holds.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from segmentation.errors import Invalid
from segmentation.translations import Filled, Listing
from segmentation.values.text import has_control_characters

LINE_LENGTH = 131_072
SHOWN = 1_000  # characters of a line that cannot be read
RECORD_LINES = 20  # further on, a quotation mark was opened by mistake
GIVEN_BACK = 100_000  # lines read again after such a mistake, in all, lest a file of mistakes take for ever
SEPARATORS = ",;\t"
UNCLOSED = "A quotation mark is opened and not closed."
MISPLACED = "A quotation mark stands where none may, or is not doubled."
DAMAGED = "\ufffd"  # what bytes that make no character are decoded to
_CHUNK = 1 << 20
_QUOTED = re.compile('"[^"]*"')
_HIGH_BYTES = bytes(range(128, 256))
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Row(NamedTuple):
    """A record: the line it begins on (from 1), its cells, and why it cannot be read, if it cannot."""

    line: int
    cells: list[str]
    fault: str | None


class CsvFile:
    """An open file, and how it was read: its encoding and separator, the header, and in `names` the header's names,
    trimmed and in lower case; `digest` is the SHA-256 of its bytes.
    """

    def __init__(self, binary: BinaryIO) -> None:
        self.encoding, self.digest, self.size = _survey(binary)
        binary.seek(0)
        self._binary = binary
        self._lines = _Lines(io.TextIOWrapper(binary, self.encoding, errors="replace", newline=""))
        line = self._first_line()
        self.separator = max(SEPARATORS, key=_QUOTED.sub("", line).count)
        try:
            self.header = next(csv.reader([line], delimiter=self.separator, strict=True))
        except csv.Error as error:
            reason = _said(_words(error))
            raise Invalid(Filled("The file's first line cannot be read. {reason}", reason=reason)) from None
        self.names = [name.strip().lower() for name in self.header]

    @property
    def position(self) -> int:
        """How many bytes have been read; asks the operating system."""
        return self._binary.tell()

    @property
    def characters(self) -> int:
        """How many characters have been read; quick."""
        return self._lines.characters

    def rows(self) -> Iterator[Row]:
        """The records after the header, in order; blank lines are left out."""
        lines = self._lines
        reader = csv.reader(lines, delimiter=self.separator, strict=True)
        width = len(self.header)
        while True:
            line = lines.begin()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _LineFault) as fault:
                yield Row(line, [lines.give_back()], _words(fault))
                continue
            if len(cells) == width:
                yield Row(line, cells, None)
            elif cells:
                yield Row(line, cells, Filled(
                    "The row has {cells} cells, the header {width}.", cells=len(cells), width=width))

    def _first_line(self) -> str:
        line = ""
        try:
            while not line.strip():
                self._lines.begin()
                line = next(self._lines)
        except StopIteration:
            raise Invalid("The file is empty: its first line must name the columns.") from None
        except _LineFault as fault:
            reason = _said(_words(fault))
            raise Invalid(Filled("This is not a CSV file. Its first line: {reason}", reason=reason)) from None
        if has_control_characters(line.strip().replace("\t", "")):
            raise Invalid("This is not a CSV file: its first line holds control characters.")
        return line


@contextmanager
def opened(path: Path) -> Iterator[CsvFile]:
    """The CSV file at `path`, open. Raises errors.Invalid when it cannot be read or is no CSV file."""
    with _binary(path) as binary:
        file = CsvFile(binary)  # held here, so that it lasts as long as the block
        yield file


def _binary(path: Path) -> BinaryIO:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait
            raise Invalid(f"{path} is not a file.")
        return path.open("rb")
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.") from error


class _LineFault(Exception):
    """A line that the CSV reader should not see."""


class _Lines:
    """The lines of a text, bounded, for `csv.reader`; those of a record that fails are given again, except its first.
    """

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self.characters = 0
        self._number = 0
        self._given_back = 0
        self._record: list[str] = []
        self._again: deque[str] = deque()

    def begin(self) -> int:
        """A record begins; the number of its first line."""
        self._record.clear()
        return self._number + 1

    def give_back(self) -> str:
        """Take the record back except for its first line, of which the beginning is returned."""
        first, *others = self._record
        if self._given_back < GIVEN_BACK:
            self._again.extendleft(reversed(others))
            self._number -= len(others)
            self._given_back += len(others)
        return first[:SHOWN].rstrip("\r\n")

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._stream.readline(LINE_LENGTH + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self.characters += len(line)
        self._record.append(line)
        if len(line) > LINE_LENGTH:
            self._skip_rest(line)
            raise _LineFault(Filled("The line is longer than {most:,} characters.", most=LINE_LENGTH))
        if len(self._record) > RECORD_LINES:
            raise _LineFault(UNCLOSED)
        if DAMAGED in line or "\0" in line:
            raise _LineFault("The line holds bytes that are no text.")
        return line

    def _skip_rest(self, line: str) -> None:
        self._record[-1] = line + "\n"  # so that there is no rest to skip when it is given again
        while line and line[-1] not in "\r\n":
            line = self._stream.readline(LINE_LENGTH)


def _words(fault: Exception) -> str:
    if isinstance(fault, _LineFault):
        words: str = fault.args[0]
        return words
    return MISPLACED if "expected after" in str(fault) else UNCLOSED


def _said(words: str) -> Listing:
    return Listing([words], are_ours=True)


def _survey(binary: BinaryIO) -> tuple[str, str, int]:
    """Read the file once: its encoding, its SHA-256 in hexadecimal, its size in bytes."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    start = b""
    size = high = damaged = 0
    while chunk := binary.read(_CHUNK):
        start = start or chunk[:4]
        size += len(chunk)
        digest.update(chunk)
        high += 0 if chunk.isascii() else len(chunk) - len(chunk.translate(None, _HIGH_BYTES))
        damaged += decoder.decode(chunk).count(DAMAGED)
    return _encoding(start, high, damaged), digest.hexdigest(), size


def _encoding(start: bytes, high: int, damaged: int) -> str:
    """From the first four bytes, the bytes above ASCII, and how many places are no UTF-8."""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if len(start) == 4 and start[1::2] == b"\0\0":
        return "utf-16-le"
    if len(start) == 4 and start[::2] == b"\0\0":
        return "utf-16-be"
    # In Windows-1256 hardly any letter is UTF-8 by chance; in damaged UTF-8 most still are.
    return "cp1256" if damaged * 2 > high else "utf-8"
