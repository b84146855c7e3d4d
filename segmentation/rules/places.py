"""Places: how a test reaches a field's values. One class per way; each writes a condition over the row that is asked
about (a customer; inside `where` an order or an order line).

A place says what holds where there is no value, so that nothing above has to think of NULL: what it writes is true
exactly where it should be, and false or unknown elsewhere. That is enough, because negation never stands above it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from segmentation.models.facts import ORDERS_BY_CUSTOMER
from segmentation.rules.grouping import Grouped
from segmentation.rules.predicates import AllOf, Equal, OneOf, Predicate, Span
from segmentation.rules.writing import Writer


@dataclass(frozen=True)
class Where:
    """A `where` group: how to write its condition, and the columns of orders and lines that it asks about."""

    write: Callable[[], str]
    columns: frozenset[str]


class Place(Protocol):
    """Where a field's value is found. `nullable`: there may be none."""

    @property
    def nullable(self) -> bool:
        """Whether there may be no value."""

    def holds(self, w: Writer, where: Where | None, predicate: Predicate, wanted: bool, when_missing: bool) -> str:
        """True where the value passes (or fails, if not `wanted`); `when_missing` where there is none."""

    def missing(self, w: Writer, where: Where | None, wanted: bool) -> str:
        """True where there is no value (or where there is one, if not `wanted`)."""

    def value(self, w: Writer, where: Where | None) -> str:
        """The value itself, as people know it (not folded)."""


@dataclass(frozen=True)
class Column:
    """A column of the very row that is asked about. `shown` is the column that holds it as people wrote it."""

    table: str
    column: str
    nullable: bool = True
    shown: str | None = None

    def holds(self, w: Writer, where: Where | None, predicate: Predicate, wanted: bool, when_missing: bool) -> str:
        """The test on the column, with those who have no value put where they belong."""
        column = f"{self.table}.{self.column}"
        tested = w.test(column, predicate, wanted)
        if self.nullable and when_missing:
            return f"({column} IS NULL OR {tested})"
        if self.nullable and not wanted:  # an empty list holds nothing, not even an unknown value
            return f"({column} IS NOT NULL AND {tested})"
        return tested

    def missing(self, w: Writer, where: Where | None, wanted: bool) -> str:
        """Whether the column is NULL."""
        if not self.nullable:
            return "FALSE" if wanted else "TRUE"
        return f"{self.table}.{self.column} IS {'' if wanted else 'NOT '}NULL"

    def value(self, w: Writer, where: Where | None) -> str:
        """The column."""
        return f"{self.table}.{self.shown or self.column}"


class _Elsewhere:
    """Base of places in other tables: a set holds the customers whose value passes, another those who have one."""

    nullable = True

    def holds(self, w: Writer, where: Where | None, predicate: Predicate, wanted: bool, when_missing: bool) -> str:
        """Membership in the set of those who pass, with those who have no value put where they belong."""
        passing = self.passing(w, where, predicate, wanted)
        if not self.nullable or wanted != when_missing:
            return passing
        joint = "OR" if when_missing else "AND"
        return f"({passing} {joint} {self.missing(w, where, when_missing)})"

    def passing(self, w: Writer, where: Where | None, predicate: Predicate, wanted: bool) -> str:
        """Whether the value passes; those who have none do not."""
        raise NotImplementedError

    def missing(self, w: Writer, where: Where | None, wanted: bool) -> str:
        """Whether there is no value."""
        raise NotImplementedError


@dataclass(frozen=True)
class TagSet(_Elsewhere):
    """The tags of a customer."""

    def passing(self, w: Writer, where: Where | None, predicate: Predicate, wanted: bool) -> str:
        """Whether any, or all, of the tags are there."""
        match predicate:
            case Equal(tag):
                tags, how_many = (tag,), None
            case OneOf(tags):
                how_many = None
            case AllOf(tags):
                how_many = len(tags)
            case _:
                raise TypeError(predicate)
        rows = f"{self._rows(w)} AND {w.test('customer_tags.tag_folded', OneOf(tags))}"
        if how_many is not None:
            rows += f" GROUP BY customer_tags.customer_number HAVING count(*) = {w.bind(how_many)}"
        return w.member(rows, wanted, distinct=False)

    def missing(self, w: Writer, where: Where | None, wanted: bool) -> str:
        """Whether there is no tag at all."""
        return w.member(self._rows(w), not wanted, distinct=False)

    def value(self, w: Writer, where: Where | None) -> str:
        """The tags, as a JSON list."""
        return (f"(SELECT {w.dialect.texts.format(column='customer_tags.tag')} FROM customer_tags"
                f" WHERE customer_tags.store_id = {w.store} AND customer_tags.customer_number = customers.number)")

    def _rows(self, w: Writer) -> str:
        return ("SELECT customer_tags.customer_number AS number FROM customer_tags"
                f" WHERE customer_tags.store_id = {w.store}{w.of_customer('customer_tags.customer_number')}")


@dataclass(frozen=True)
class AttributeValue(_Elsewhere):
    """A custom attribute: one row per customer who has a value, which is in the column of its kind."""

    key: str
    column: str
    shown: str

    def passing(self, w: Writer, where: Where | None, predicate: Predicate, wanted: bool) -> str:
        """Whether there is a value that passes."""
        return w.member(f"{self._rows(w)} AND {w.test(f'customer_attributes.{self.column}', predicate)}", wanted)

    def missing(self, w: Writer, where: Where | None, wanted: bool) -> str:
        """Whether there is no row."""
        return w.member(self._rows(w), not wanted)

    def value(self, w: Writer, where: Where | None) -> str:
        """The value."""
        return (f"(SELECT customer_attributes.{self.shown} FROM customer_attributes"
                f" WHERE customer_attributes.store_id = {w.store} AND customer_attributes.key = {w.bind(self.key)}"
                " AND customer_attributes.customer_number = customers.number)")

    def _rows(self, w: Writer) -> str:
        return ("SELECT customer_attributes.customer_number AS number FROM customer_attributes"
                f" WHERE customer_attributes.store_id = {w.store} AND customer_attributes.key = {w.bind(self.key)}"
                f"{w.of_customer('customer_attributes.customer_number')}")


@dataclass(frozen=True)
class Source:
    """Which rows an aggregate runs over. `covered`: the columns that an index by customer holds. `further`: what
    joins to an order found already the rows that belong to it.
    """

    tables: str
    rows: str
    covered: frozenset[str] = frozenset()
    further: str = ""

    def covers(self, where: Where | None) -> bool:
        """Whether that index alone answers."""
        return bool(self.covered) and (where is None or where.columns <= self.covered)


@dataclass(frozen=True)
class Aggregate(_Elsewhere):
    """An aggregate over a customer's orders or lines, those that `where` lets count. `nullable`: none without rows.

    One that is never missing is 0 where no row counts; such customers appear in no group of the select, so a test
    that 0 passes is asked the other way round.
    """

    source: Source
    expression: str
    nullable: bool

    def passing(self, w: Writer, where: Where | None, predicate: Predicate, wanted: bool) -> str:
        """Whether the aggregate passes."""
        around = not self.nullable and _accepts_zero(predicate)
        tested = w.test(self.expression, predicate, not around)
        return w.member(self._groups(w, where, tested), wanted != around)

    def missing(self, w: Writer, where: Where | None, wanted: bool) -> str:
        """Whether no row counts."""
        if not self.nullable:
            return "FALSE" if wanted else "TRUE"
        return w.member(self._groups(w, where, None), not wanted)

    def value(self, w: Writer, where: Where | None) -> str:
        """The aggregate of one customer."""
        value = self.expression if self.nullable else f"COALESCE({self.expression}, 0)"
        own = " AND orders.customer_number = customers.number"
        rows = f"{self.source.tables} WHERE {self._own(w)}{own}"
        return f"(SELECT {value} FROM {rows} AND ({where.write()}))" if where else f"(SELECT {value} FROM {rows})"

    def _groups(self, w: Writer, where: Where | None, test: str | None) -> Grouped:
        key, covered = "orders.customer_number", self.source.covers(where)
        if not covered:
            key = w.dialect.group_unindexed.format(column=key)
        found = w.looked_up("orders", "orders.customer_number", ORDERS_BY_CUSTOMER)
        tables = f"{found}{self.source.further}" if found else self.source.tables
        narrowed = "" if found else w.of_customer("orders.customer_number")
        rows = f"{tables} WHERE {self._own(w)}{narrowed}"
        return Grouped(rows, where.write() if where else None, key, test, shares=covered)

    def _own(self, w: Writer) -> str:
        return self.source.rows.format(store=w.store)


@dataclass(frozen=True)
class Membership(_Elsewhere):
    """Being in one of some segments."""

    nullable: bool = False

    def passing(self, w: Writer, where: Where | None, predicate: Predicate, wanted: bool) -> str:
        """Whether the customer is in any of them."""
        if not isinstance(predicate, OneOf):
            raise TypeError(predicate)
        joint = " OR " if wanted else " AND "
        return f"({joint.join(w.member_of(w.segment(each), wanted) for each in predicate.values)})"

    def missing(self, w: Writer, where: Where | None, wanted: bool) -> str:
        """Never: one is in a segment or not."""
        return "FALSE" if wanted else "TRUE"

    def value(self, w: Writer, where: Where | None) -> str:
        """Nothing: `passing` of each single segment tells which ones a customer is in."""
        return "NULL"


def _accepts_zero(predicate: Predicate) -> bool:
    if isinstance(predicate, Span | Equal | OneOf):
        return predicate.accepts(0)
    raise TypeError(predicate)
