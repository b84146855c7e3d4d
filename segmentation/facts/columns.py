"""Columns: how a value stands in a cell of a CSV file and how in JSON. What it may be is judged once, by `readers`.

In a cell everything is text, guarded against spreadsheets, and blank is no value. In JSON values are typed and never
coerced, and null is no value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from segmentation import limits
from segmentation.facts import readers
from segmentation.facts.csv_cells import unguard
from segmentation.facts.readers import Reader
from segmentation.models.types import MONEY_UNITS
from segmentation.rules.kinds import Boolean, Fault, Number

Schema = Mapping[str, Any]
SEPARATOR = "|"  # of tags in a cell


@dataclass(frozen=True)
class Column:
    """One column: `cell` reads a cell's text, `json` a value from JSON, `schema` is the JSON Schema of the latter."""

    cell: Callable[[str], Any]
    json: Callable[[Any], Any]
    schema: Schema

    def required(self) -> Column:
        """The column, where there must be a value."""
        kinds = [kind for kind in self.schema["type"] if kind != "null"]
        return Column(_required(self.cell), _required(self.json), {**self.schema, "type": kinds[0]})


def written(read: Reader, **schema: Any) -> Column:
    """A column whose values are written as text in JSON too."""

    def string(raw: Any) -> Any:
        if not isinstance(raw, str):
            raise Fault("not_a_text", "Give a text.")
        return read(raw)

    return _column(read, string, {"type": ["string", "null"], **schema})


def decimal(largest: int) -> Column:
    """A column of numbers with up to four decimals, within ±`largest` units of 1/10000."""

    def number(raw: Any) -> int:
        stored = Number().stored(Number().read(raw))
        if not stored.is_storable:
            raise Fault("too_precise", "Give a number with at most four decimals.")
        return readers.within(stored.floor, largest)

    bound = largest // MONEY_UNITS
    return _column(readers.decimal(largest), number, {"type": ["number", "null"], "minimum": -bound, "maximum": bound})


def text() -> Column:
    """A column of texts."""
    return written(readers.text, maxLength=limits.TEXT_LENGTH)


def key() -> Column:
    """A column of texts that name something, such as an order."""
    return written(readers.key, maxLength=limits.KEY_LENGTH)


def instant(zone: ZoneInfo) -> Column:
    """A column of instants; those without an offset are local times of `zone`."""
    return written(readers.instant(zone), description="RFC 3339; a time without an offset is local to the store")


def birthday(today: date) -> Column:
    """A column of days up to `today`."""
    return written(readers.birthday(today), format="date")


def quantity() -> Column:
    """A column of numbers of pieces."""

    def whole(raw: Any) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise Fault("not_a_whole_number", "Give a whole number.")
        return readers.pieces(raw)

    return _column(readers.quantity, whole,
                   {"type": ["integer", "null"], "minimum": 0, "maximum": readers.LARGEST_QUANTITY})


def boolean() -> Column:
    """A column of yes and no."""
    return _column(readers.boolean, Boolean().read, {"type": ["boolean", "null"]})


def tags() -> Column:
    """A column of tags: a list in JSON, and in a cell what stands between bars."""

    def listed(raw: Any) -> tuple[str, ...]:
        if not isinstance(raw, list) or not all(isinstance(tag, str) for tag in raw):
            raise Fault("not_a_list", "Give a list of texts.")
        return readers.tags(raw)

    items = {"type": "string", "maxLength": limits.KEY_LENGTH}
    found = _column(lambda cell: readers.tags(cell.split(SEPARATOR)), listed,
                    {"type": ["array", "null"], "items": items, "maxItems": limits.TAGS})
    return replace(found, json=lambda raw: () if raw is None else listed(raw))


def _column(read: Reader, typed: Callable[[Any], Any], schema: Schema) -> Column:
    def cell(written: str) -> Any:
        return read(unguard(written) if "'" in written else written)

    return Column(cell, lambda raw: None if raw is None else typed(raw), schema)


def _required(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read_required(given: Any) -> Any:
        value = read(given)
        if value is None:
            raise Fault("required", "A value is required.")
        return value

    return read_required
