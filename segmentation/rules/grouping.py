"""Sets of customers that are groups of their orders, and how several of them come from one look at the orders.

Alone, a set reads the rows that its `where` lets count and keeps the groups that pass. To read the orders is most of
the work, so those that read the same ones share it: each row is read once, and every aggregate takes those rows that
are its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# An aggregate over columns of orders, as `order_fields` writes them; none has parentheses inside.
_AGGREGATE = re.compile(r"\b(?:count|SUM|MIN|MAX)\([^()]*\)")
_NUMBER = "orders.customer_number AS number"


@dataclass(frozen=True)
class Grouped:
    """The customers who have such `rows` (tables and conditions), those that pass `where` if there is one, which are
    grouped by `key` and as a group pass `test` if there is one. Such a test is never passed by a group of no rows.

    `shares`: whether it may come from a look that is shared; not where its own rows are found sooner than all.
    """

    rows: str
    where: str | None
    key: str
    test: str | None
    shares: bool

    def alone(self) -> str:
        """What selects the set."""
        where = f" AND ({self.where})" if self.where else ""
        having = f" HAVING {self.test}" if self.test else ""
        return f"SELECT {_NUMBER} FROM {self.rows}{where} GROUP BY {self.key}{having}"

    def shared(self) -> str:
        """Whether a group of all the rows is in the set."""
        test = self.test or "count(*) > 0"
        if not self.where:
            return test
        own = f" FILTER (WHERE {self.where})"
        return _AGGREGATE.sub(lambda call: call[0] + own, test)


Sets = Mapping[str, str | Grouped]


def selects(sets: Sets) -> Iterator[tuple[str, str]]:
    """What selects each of the sets, by name, with what they come from before them."""
    looks: dict[tuple[str, str], dict[str, Grouped]] = {}
    for name, one in sets.items():
        if isinstance(one, Grouped) and one.shares:
            looks.setdefault((one.rows, one.key), {})[name] = one
    come_from: dict[str, str] = {}
    for (rows, key), sharing in looks.items():
        if len(sharing) > 1:
            look = f"groups_of_{next(iter(sharing))}"
            come_from |= dict.fromkeys(sharing, look)
            tests = ", ".join(f"{one.shared()} AS in_{name}" for name, one in sharing.items())
            yield look, f"SELECT {_NUMBER}, {tests} FROM {rows} GROUP BY {key}"
    for name, one in sets.items():
        if name in come_from:
            yield name, f"SELECT number FROM {come_from[name]} WHERE in_{name}"
        else:
            yield name, one if isinstance(one, str) else one.alone()
