"""The writer: SQL text under construction, with the values it binds and the named sets of customers it asks about.

It knows columns and predicates, not fields or trees. Names in the text come from our own code alone; values are always
bound, so the text depends on the shape of a question and not on what is asked for (but for counts and sums, of which
it matters whether 0 would pass). A comparison may be unknown (NULL) where a column has no value; whoever uses it takes
unknown for no, and `places` sees to it that no is right there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from segmentation.rules.dialects import Dialect, Numbers
from segmentation.rules.grouping import Grouped, selects
from segmentation.rules.predicates import Equal, OneOf, Piece, Predicate, Span

NOBODY = Numbers()
SETS = "WITH "  # how a statement with sets begins


@dataclass(frozen=True)
class Facts:
    """Where the facts of one store are read from: an engine's dialect; the tables have the names of the models'.

    `only`: the numbers of the customers who are asked about, where these are few. Then nobody else's facts are looked
    at. `but`: the numbers of those who are not asked about.
    """

    dialect: Dialect
    only: Numbers | None = None
    but: Numbers = NOBODY


class Writer:
    """One statement's text in the making. `store` is the parameter that holds the store's id."""

    store = ":store"

    def __init__(self, facts: Facts, store_id: Any) -> None:
        self.dialect = facts.dialect
        self.values: dict[str, Any] = {"store": facts.dialect.bind(store_id)}
        self.instants: set[str] = set()  # the names of those values that are instants
        self.sets: dict[str, str | Grouped] = {}
        self._distinct: set[str] = set()
        self._few = self.bind(facts.only) if facts.only is not None and len(facts.only) != 1 else None
        self._only = None if facts.only is None else self._numbers(facts.only, self._few)
        self._but = self._numbers(facts.but) if facts.but else None

    def bind(self, value: Any) -> str:
        """The parameter that holds `value`."""
        name = f"v{len(self.values)}"
        self.values[name] = self.dialect.bind(value)
        if isinstance(value, datetime):
            self.instants.add(name)
        return f":{name}"

    def of_customer(self, column: str) -> str:
        """What narrows a select to the customers who are asked about, where these are few, by their number's column."""
        return "" if self._only is None else f" AND {self._only.format(column=column)}"

    def looked_up(self, table: str, column: str, index: str) -> str | None:
        """The table, its rows looked up by `column` in the index, for each of the few customers who are asked about;
        None where all are, or where the engine takes that way by itself.
        """
        if self._few is None or self.dialect.look_up is None:
            return None
        return self.dialect.look_up.format(value=self._few, table=table, column=column, index=index)

    def asked_about(self, column: str) -> str:
        """What narrows the customers themselves to those who are asked about."""
        return f"{self.of_customer(column)}{self.besides(column)}"

    def besides(self, column: str) -> str:
        """What leaves out the few who are not asked about; a set that was narrowed `of_customer` may hold them still.
        """
        return "" if self._but is None else f" AND NOT ({self._but.format(column=column)})"

    def test(self, column: str, predicate: Predicate, wanted: bool = True) -> str:
        """Whether the column's value passes (or fails, if not `wanted`); unknown where it has none."""
        match predicate:
            case Equal(value):
                return f"{column} {'=' if wanted else '<>'} {self.bind(value)}"
            case Span(start, end):
                return self._span(column, start, end, wanted)
            case OneOf(values):
                text = self._fill(self.dialect.in_list, column, values)
            case Piece(where, part):
                text = self._fill(getattr(self.dialect, where), column, part)
            case _:
                raise TypeError(predicate)
        return text if wanted else f"NOT ({text})"

    def member(self, select: str | Grouped, wanted: bool = True, *, distinct: bool = True) -> str:
        """Whether the customer is among those whose `number` the select yields (each once, if `distinct`)."""
        return self.member_of(self.add_set(select, distinct=distinct), wanted)

    def add_set(self, select: str | Grouped, *, distinct: bool = True) -> str:
        """The name of a set of customers, computed once for the whole statement."""
        name = f"set_{len(self.sets) + 1}"
        self.sets[name] = select
        if distinct:
            self._distinct.add(name)
        return name

    def lone_set(self, condition: str) -> tuple[str, bool] | None:
        """The set, if the condition asks nothing but to be in it (True) or not (False), and it holds each once."""
        for name in self._distinct if len(self.sets) == 1 else ():
            for wanted in (True, False):
                if condition == self.member_of(name, wanted):
                    return name, wanted
        return None

    def member_of(self, name: str, wanted: bool = True) -> str:
        """Whether the customer is in that set."""
        template = self.dialect.member if wanted else self.dialect.not_member
        return template.format(column="customers.number", set=name)

    def with_sets(self) -> str:
        """The sets, as they stand before a statement."""
        how = "MATERIALIZED " if self.dialect.materialized else ""
        made = [f"{name} AS {how}({select})" for name, select in selects(self.sets)]
        return f"{SETS}{', '.join(made)} " if made else ""

    def segment(self, reference: Any) -> str:
        """The name of the set of a segment's members. Whoever knows trees says how."""
        raise NotImplementedError

    def _numbers(self, numbers: Numbers, bound: str | None = None) -> str:
        """The test of a `{column}` for being one of the numbers, which may be `bound` already."""
        if len(numbers) == 1:
            return f"{{column}} = {self.bind(numbers[0])}"
        return self.dialect.among.replace("{value}", bound or self.bind(numbers))

    def _fill(self, template: str, column: str, value: Any) -> str:
        return template.format(column=column, value=self.bind(value))

    def _span(self, column: str, start: Any, end: Any, wanted: bool) -> str:
        below, above = ("<", ">=") if wanted else (">=", "<")
        parts = [] if start is None else [f"{column} {above} {self.bind(start)}"]
        parts += [] if end is None else [f"{column} {below} {self.bind(end)}"]
        if not parts:
            return f"{column} IS NOT NULL" if wanted else "FALSE"
        return parts[0] if len(parts) == 1 else f"({(' AND ' if wanted else ' OR ').join(parts)})"
