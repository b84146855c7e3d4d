"""Customers as they come in, and rows of a customers file -> customers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from segmentation.facts import columns, readers
from segmentation.facts.columns import Column
from segmentation.facts.csv_files import Row
from segmentation.facts.entries import Entry, RowFault, places
from segmentation.facts.readers import Reader
from segmentation.rules.kinds import Fault

TEXTS = ("first_name", "last_name", "city", "region", "source")
VALUES = (*TEXTS, "email", "mobile", "gender", "birthday", "country", "language", "accepts_marketing", "created_at")
ATTRIBUTE = "attributes."


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A customer to store. What is not said stays as stored: a column that is no key of `values`, tags that are None.

    `values`: a column of VALUES -> its value, None to clear it. `attributes` the same, by the key of the attribute; a
    value is a text, a boolean, an instant, or a number in units of 1/10000, according to the attribute's kind.
    """

    external_id: str
    values: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


def customer_columns(zone: ZoneInfo, country: str | None, today: date) -> dict[str, Column]:
    """The columns of a customer; those of attributes beside them. `today`: birthdays may not lie after it."""
    return {
        "external_id": columns.key().required(), **dict.fromkeys(TEXTS, columns.text()),
        "email": columns.written(readers.email, format="email"), "mobile": columns.written(readers.phone(country)),
        "gender": columns.written(readers.gender), "birthday": columns.birthday(today),
        "country": columns.written(readers.country), "language": columns.written(readers.language),
        "accepts_marketing": columns.boolean(), "tags": columns.tags(), "created_at": columns.instant(zone)}


def attribute_column(kind: str, zone: ZoneInfo) -> Column:
    """The column of a custom attribute of that kind."""
    return {"text": columns.text(), "number": columns.decimal(readers.LARGEST_NUMBER), "boolean": columns.boolean(),
            "instant": columns.instant(zone)}[kind]


class CustomerReader:
    """Reads the rows of a file with such a header. Raises errors.Invalid when the header does not fit.

    `attributes`: key -> kind, as the store declared them. `today`: birthdays may not lie after it.
    """

    def __init__(
        self, names: Sequence[str], zone: ZoneInfo, country: str | None, attributes: Mapping[str, str], today: date
    ) -> None:
        keys = {ATTRIBUTE + key.lower(): key for key in attributes}
        known = customer_columns(zone, country, today)
        known |= {name: attribute_column(attributes[key], zone) for name, key in keys.items()}
        found = places(names, known, ["external_id"])
        self._columns = [(name, place, known[name].cell) for name, place in found.items()]
        self._values = [name for name in VALUES if name in found]
        self._attributes = {keys[name]: name for name in found if name in keys}

    def entries(self, rows: Iterable[Row]) -> Iterator[Entry[CustomerRecord]]:
        """Customers and rejected rows, in the order of the file."""
        for row in rows:
            try:
                yield Entry([row], self._record(row))
            except RowFault as fault:
                yield Entry([row], None, [fault])

    def _record(self, row: Row) -> CustomerRecord:
        if row.fault:
            raise RowFault("", "unreadable", row.fault)
        read = {name: _value(name, reader, row.cells[place]) for name, place, reader in self._columns}
        return CustomerRecord(
            read["external_id"], {name: read[name] for name in self._values}, read.get("tags"),
            {key: read[name] for key, name in self._attributes.items()})


def _value(column: str, read: Reader, cell: str) -> Any:
    try:
        return read(cell)
    except Fault as fault:
        raise RowFault(column, fault.code, fault.message) from None
