"""Random drafts, most no sensible rules: nested groups, `where`s, ids and texts that mean something to others."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from segmentation.pages.builder.draft import DraftCondition, DraftGroup, every

IDS = ("a=b", "a", "a=", "=", "c:1", "g:", "/c", "/g", "node", "name", "a.value", "a.value2", "a.", "<img src=x>",
       '"', "'", "&amp;", "ا", "أحمد", "x" * 64, "\u202e", "🙂", "%00", "%s", "{0}", "{{7*7}}", "c-1", "c1-field",
       "c1", "n-c1", "+", "a b", "--", "x-count", "x")
TEXTS = ("5", "0", "-1", "1,234.5", "١٢", "أحمد", "O'Neil", "<img src=x onerror=alert(1)>", '" hx-on:load="x', "a=b",
         "{{7*7}}", "%", "\\", "</script>", "days", "\u202egpj", "🙂", "x" * 300, "&lt;", "2024-02-30", " a ", "{name}")
FIELDS = ("", "gone", "orders_count", "orders_amount", "city", "tags", "segment", "country", "birthday", "in_segment",
          "accepts_marketing", "last_order_at", "orders.count", "items.orders_count", "mobile", "cltv")
INSIDE = ("", "order.status", "order.amount", "order.ordered_at", "item.category", "item.quantity", "order.city")
OPERATORS = ("", "gone", "equals", "in", "not_in", "between", "greater_than", "in_last", "between_ago", "in_this",
             "is_empty", "is_not_empty", "contains", "not_contains", "in_month", "has_all", "not_between")
UNITS = ("", "days", "months", "hours", "eons")


class Drawing:
    """One draft in the making, which gives every node an id of its own."""

    def __init__(self, rng: Random, hostile: bool) -> None:
        self.rng = rng
        self.ids = self._ids(hostile)

    def _ids(self, hostile: bool) -> Iterator[str]:
        if hostile:
            yield from self.rng.sample(IDS, len(IDS))
        yield from (f"n{place}" for place in range(10_000))

    def group(self, depth: int, fields: tuple[str, ...] = FIELDS) -> DraftGroup:
        """A group with groups inside it down to a depth."""
        rng = self.rng
        identifier, size = next(self.ids), rng.choice((0, 1, 1, 2, 3))
        conditions = tuple(self.condition(depth, fields) for _ in range(size))
        below = rng.choice((0, 1, 1, 2)) if depth else 0
        return DraftGroup(identifier, rng.choice(("AND", "OR")), rng.random() < 0.2, conditions,
                          tuple(self.group(depth - 1, fields) for _ in range(below)))

    def condition(self, depth: int, fields: tuple[str, ...]) -> DraftCondition:
        """A condition, whether or not it says anything."""
        rng, identifier = self.rng, next(self.ids)
        values = tuple(dict.fromkeys(rng.choice(TEXTS) for _ in range(rng.choice((0, 1, 1, 1, 3)))))
        where = self.group(depth - 1, INSIDE) if depth and rng.random() < 0.25 else None
        return DraftCondition(
            identifier, rng.choice(fields), rng.choice(OPERATORS), values, rng.choice(("", *TEXTS)), rng.choice(UNITS),
            rng.choice(("", "", *TEXTS)), rng.random() < 0.7, rng.random() < 0.2, where)


def random_draft(rng: Random, *, hostile: bool = True, depth: int = 3) -> DraftGroup:
    """A draft; with ids that are meant to break something if `hostile`."""
    return Drawing(rng, hostile).group(rng.randint(0, depth))


def random_drafts(seed: int, number: int, *, hostile: bool = True, depth: int = 3) -> Iterator[DraftGroup]:
    """So many drafts, the same for a seed."""
    rng = Random(seed)
    yield from (random_draft(rng, hostile=hostile, depth=depth) for _ in range(number))


def ids_of(draft: DraftGroup) -> list[str]:
    """The ids in the order of the page."""
    return [node.id for node in every(draft)]


def conditions_of(draft: DraftGroup) -> dict[str, DraftCondition]:
    """Every condition by its id, those inside `where` too."""
    return {node.id: node for node in every(draft) if isinstance(node, DraftCondition)}
