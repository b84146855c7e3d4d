"""What a column of an exported file is, and the check that a value fits it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Kind = Literal["text", "integer", "money", "decimal", "boolean", "instant", "date"]
Header = Literal["keys", "labels"]
Value = str | int | Decimal | bool | datetime | date | None

# Exact types: to Python a bool is an int and a datetime a date, but neither may pass for the other.
_TYPES: dict[Kind, frozenset[type]] = {
    "text": frozenset({str}), "integer": frozenset({int}), "money": frozenset({Decimal, int}),
    "decimal": frozenset({Decimal, int}), "boolean": frozenset({bool}),
    "instant": frozenset({datetime}), "date": frozenset({date}),
}


@dataclass(frozen=True)
class Column:
    """One column: stable `key` for programs, `label` for people, and the kind of all its values."""

    key: str
    label: str
    kind: Kind

    def check(self, value: Value) -> None:
        """TypeError or ValueError if it cannot hold the value, which the message never shows."""
        if value is None:
            return
        if type(value) not in _TYPES[self.kind]:
            raise TypeError(f"column {self.key!r} ({self.kind}) cannot hold {type(value).__name__}")
        if isinstance(value, datetime) and value.utcoffset() is None:
            raise ValueError(f"column {self.key!r} needs instants with a time zone")
        if isinstance(value, Decimal) and not value.is_finite():
            raise ValueError(f"column {self.key!r} needs finite numbers")


def headings(columns: Sequence[Column], header: Header) -> list[str]:
    """The header row. ValueError when there is nothing to head."""
    if not columns:
        raise ValueError("an export needs at least one column")
    return [column.key if header == "keys" else column.label for column in columns]


def checked(columns: Sequence[Column],
            rows: Iterable[Sequence[Value]]) -> Iterator[Sequence[Value]]:
    """The same rows, lazily, each as wide as the columns and every value of its column's kind."""
    for number, row in enumerate(rows, start=1):
        if len(row) != len(columns):
            raise ValueError(f"row {number} has {len(row)} values for {len(columns)} columns")
        for column, value in zip(columns, row, strict=True):
            column.check(value)
        yield row
