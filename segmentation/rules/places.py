"""Places: how a test reaches a field's values from a customer. One class per way; each yields a two-valued SQL
condition.

A test alone would be unknown for a customer without a value; a place says what holds for them, so that nothing above
has to think of NULL. `Facts` are the selectables to read from, so the same rules run on the primary tables or on a
copy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, FromClause, and_, false, not_, or_, true

Test = Callable[[ColumnElement[Any]], ColumnElement[bool]]


@dataclass(frozen=True)
class Facts:
    """What to read from: selectables with the columns of the models of the same names."""

    customers: FromClause


class Place(Protocol):
    """Where a field's value is found. `nullable`: a customer may have none."""

    @property
    def nullable(self) -> bool:
        """Whether a customer may have no value."""

    def holds(self, facts: Facts, test: Test, wanted: bool, when_missing: bool) -> ColumnElement[bool]:
        """True where the value passes `test` (or fails it, if not `wanted`); `when_missing` where there is none."""

    def missing(self, facts: Facts, wanted: bool) -> ColumnElement[bool]:
        """True where there is no value (or where there is one, if not `wanted`)."""


@dataclass(frozen=True)
class CustomerColumn:
    """A column of the customer."""

    column: str
    nullable: bool

    def holds(self, facts: Facts, test: Test, wanted: bool, when_missing: bool) -> ColumnElement[bool]:
        """The test on the column, with the customers who have no value put where they belong."""
        column = facts.customers.c[self.column]
        tested = test(column) if wanted else not_(test(column))
        if not self.nullable:
            return tested
        return or_(column.is_(None), tested) if when_missing else and_(column.is_not(None), tested)

    def missing(self, facts: Facts, wanted: bool) -> ColumnElement[bool]:
        """Whether the column is NULL."""
        column = facts.customers.c[self.column]
        if not self.nullable:
            return false() if wanted else true()
        return column.is_(None) if wanted else column.is_not(None)
