"""The questions taken apart into their filters, for two ways of answering that others have.

`correlated` is the shape of Mautic's SQL: contact fields are compared as they are, and each filter on another table is
an EXISTS (or NOT EXISTS) of its own that refers to the contact. `passes` is Dittofeed's: each filter is a pass of its
own over the data, which writes down for whom it holds, and the rules are resolved from what is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_ORDERS = "orders AS o WHERE o.store_id = {{store}} AND o.is_counted{where}"
_LINES = ("order_lines AS i JOIN orders AS o ON o.store_id = i.store_id AND o.number = i.order_number"
          " WHERE i.store_id = {{store}} AND o.is_counted{where}")


@dataclass(frozen=True)
class Leaf:
    """A filter: a test of a customer's column; or one of their orders, those for which `where` holds, by `having`."""

    test: str = ""
    having: str = ""
    where: str = ""
    lines: bool = False
    wanted: bool = True

    def correlated(self) -> str:
        """The filter as a condition on the customer `c`."""
        if self.test:
            return self.test
        groups = f"GROUP BY o.customer_number{self._having()}"
        own = f"SELECT 1 FROM {self._rows()} AND o.customer_number = c.number {groups}"
        return f"{'' if self.wanted else 'NOT '}EXISTS ({own})"

    def passing(self) -> str:
        """What selects the numbers of those who pass."""
        if self.test:
            return f"SELECT c.number AS number FROM customers AS c WHERE c.store_id = {{store}} AND {self.test}"
        return f"SELECT o.customer_number AS number FROM {self._rows()} GROUP BY o.customer_number{self._having()}"

    def _rows(self) -> str:
        return (_LINES if self.lines else _ORDERS).format(where=f" AND {self.where}" if self.where else "")

    def _having(self) -> str:
        return f" HAVING {self.having}" if self.having else ""


@dataclass(frozen=True)
class Apart:
    """A question's filters by name, and how they are joined."""

    joined: str
    leaves: Mapping[str, Leaf]

    def correlated(self) -> str:
        """The one statement, after SELECT."""
        where = self.joined.format(**{name: leaf.correlated() for name, leaf in self.leaves.items()})
        return (f"count(*) FROM (SELECT DISTINCT c.number FROM customers AS c WHERE c.store_id = {{store}}"
                f" AND ({where})) AS those")

    def passes(self) -> tuple[list[tuple[str, str]], str]:
        """The selects to write down, by the name of the table; and the last statement, after SELECT."""
        tests = {name: f"c.number {'' if leaf.wanted else 'NOT '}IN (SELECT number FROM pass_{name})"
                 for name, leaf in self.leaves.items()}
        last = f"count(*) FROM customers AS c WHERE c.store_id = {{store}} AND ({self.joined.format(**tests)})"
        return [(f"pass_{name}", leaf.passing()) for name, leaf in self.leaves.items()], last


_LOYAL = {"loyal": Leaf("c.segment = 'Loyal Customers'"), "champion": Leaf("c.segment = 'Champions'")}
_FIVE = {"five": Leaf("c.orders_count >= 5")}
_APP = Leaf(having="count(*) >= 2", where="o.channel_folded = 'app'")
APART: dict[str, Apart] = {
    "five orders or more": Apart("{five}", _FIVE),
    "the VIPs of the contract": Apart("{five} AND ({loyal} OR {champion})", _FIVE | _LOYAL),
    "VIPs who bought nothing for 60 days": Apart(
        "{five} AND {quiet} AND ({loyal} OR {champion})",
        _FIVE | _LOYAL | {"quiet": Leaf("c.last_order_at < {ago_60}")}),
    "spent 500 or more, not in Riyadh": Apart("{spent} AND {away}", {
        "spent": Leaf("c.orders_amount >= 5000000"),
        "away": Leaf("(c.city_folded <> 'riyadh' OR c.city_folded IS NULL)")}),
    "name holds a piece": Apart("{name}", {"name": Leaf("{contains}")}),
    "any of ten cities": Apart("{cities}", {"cities": Leaf(
        "c.city_folded IN ('riyadh', 'jeddah', 'dammam', 'makkah', 'abha')")}),
    "six conditions, nested": Apart(
        "{cltv} OR ({recent} AND {rare}) OR ({willing} AND {once} AND {young})", {
            "cltv": Leaf("c.cltv > 50000000"), "recent": Leaf("c.recency_score >= 4"),
            "rare": Leaf("c.frequency_score < 3"), "willing": Leaf("c.accepts_marketing = {true}"),
            "once": Leaf("c.orders_count = 1"), "young": Leaf("c.created_at >= {ago_365}")}),
    "everyone": Apart("{everyone}", {"everyone": Leaf("{true} = {true}")}),
    "three orders or more, from the orders": Apart("{three}", {"three": Leaf(having="count(*) >= 3")}),
    "spent 500 in the last year": Apart("{spent}", {
        "spent": Leaf(having="sum(o.amount) >= 5000000", where="o.ordered_at >= {ago_365}")}),
    "two orders or more by the app": Apart("{app}", {"app": _APP}),
    "three pairs of shoes or more": Apart("{shoes}", {
        "shoes": Leaf(having="sum(i.quantity) >= 3", where="i.category_folded = 'shoes'", lines=True)}),
    "never bought shoes": Apart("{shoes}", {
        "shoes": Leaf(where="i.category_folded = 'shoes'", lines=True, wanted=False)}),
    "Champions with two orders by the app": Apart("{champion} AND {app}", {
        "champion": Leaf("c.segment = 'Champions'"), "app": _APP}),
}
# Those that ask the orders and lines; the others look at customers alone.
AGGREGATES = frozenset(name for name, apart in APART.items() if any(not leaf.test for leaf in apart.leaves.values()))
