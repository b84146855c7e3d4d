"""The values that people have of each field, for drawing rule values that tell some of them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .language import AGGREGATES, FIELDS, ITEM_FIELDS, ORDER_FIELDS
from .rows import aggregate, rows_of


class Known:
    """Values by field; of texts and the like those of everyone who has one."""

    def __init__(self, people: Sequence[dict[str, Any]]) -> None:
        self._people = people
        self._values: dict[str, list[Any]] = {}

    def values(self, field: str) -> list[Any]:
        """Return all values of a field that are not missing."""
        if field not in self._values:
            self._values[field] = [value for value in self._all(field) if value is not None]
        return self._values[field]

    def _all(self, field: str) -> list[Any]:
        if field in AGGREGATES:
            return [aggregate(field, rows_of(person, field.split(".")[0])) for person in self._people]
        if field in ORDER_FIELDS | ITEM_FIELDS:
            source = "items" if field in ITEM_FIELDS else "all_orders"
            return [row[field] for person in self._people for row in rows_of(person, source)]
        if field == "tags":
            return [tag for person in self._people for tag in person["tags"]]
        if field.startswith("attributes."):
            return [person["attributes"].get(field.removeprefix("attributes.")) for person in self._people]
        return [person[field] for person in self._people] if field in FIELDS else []


_LAST: list[tuple[Sequence[dict[str, Any]], Known]] = []


def known_of(people: Sequence[dict[str, Any]]) -> Known:
    """Return what is known of these people; asked again for the same list, the same."""
    if not _LAST or _LAST[0][0] is not people:
        _LAST[:] = [(people, Known(people))]
    return _LAST[0][1]
