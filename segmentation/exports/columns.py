"""What a column of an exported file is, and its values, some rows at a time, checked that they fit it.

Files are written column by column within a block of rows: what is done for each value takes most of the time, and
done for a list of them it takes a third.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from types import NoneType
from typing import Any, Literal

# `units` is money as a whole number of 1/10000. An instant is an aware datetime, or microseconds since 1970 in UTC.
Kind = Literal["text", "integer", "money", "units", "decimal", "boolean", "instant", "date"]
Header = Literal["keys", "labels"]
Value = str | int | Decimal | bool | datetime | date | None

# Exact types: to Python a bool is an int and a datetime a date, but neither may pass for the other.
_TYPES: dict[Kind, frozenset[type]] = {
    "text": frozenset({str}), "integer": frozenset({int}), "money": frozenset({Decimal, int}),
    "decimal": frozenset({Decimal, int}), "boolean": frozenset({bool}),
    "instant": frozenset({datetime, int}), "date": frozenset({date}), "units": frozenset({int}),
}
ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Column:
    """One column: stable `key` for programs, `label` for people, and the kind of all its values; `read` makes them of
    what the rows hold, unless that is None.
    """

    key: str
    label: str
    kind: Kind
    read: Callable[[Any], Value] | None = None

    def values(self, given: Sequence[Any]) -> Sequence[Value]:
        """The values, of which every one fits. TypeError or ValueError; the message never shows a value."""
        if self.read is not None:
            read = self.read
            given = [None if value is None else read(value) for value in given]
        types = {*map(type, given)} - {NoneType}
        for wrong in types - _TYPES[self.kind]:
            raise TypeError(f"column {self.key!r} ({self.kind}) cannot hold {wrong.__name__}")
        if datetime in types and any(isinstance(value, datetime) and value.utcoffset() is None for value in given):
            raise ValueError(f"column {self.key!r} needs instants with a time zone")
        if Decimal in types and not all(value.is_finite() for value in given if isinstance(value, Decimal)):
            raise ValueError(f"column {self.key!r} needs finite numbers")
        return given


def headings(columns: Sequence[Column], header: Header) -> list[str]:
    """The header row. ValueError when there is nothing to head."""
    if not columns:
        raise ValueError("an export needs at least one column")
    return [column.key if header == "keys" else column.label for column in columns]


def blocks(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Value]]]:
    """The values of ROWS_AT_ONCE rows after the others, column by column. Raises what `Column.values` does, and
    ValueError for a row that is not as wide as the columns.
    """
    rows, done = iter(rows), 0
    while block := list(islice(rows, ROWS_AT_ONCE)):
        if {*map(len, block)} != {len(columns)}:
            number, width = next((n, len(row)) for n, row in enumerate(block, done + 1) if len(row) != len(columns))
            raise ValueError(f"row {number} has {width} values for {len(columns)} columns")
        done += len(block)
        yield [column.values(given) for column, given in zip(columns, zip(*block, strict=True), strict=True)]
