"""Who some customers are, in a few figures: how many and how much they spent, by label, by orders, by two scores.

Every figure of a portrait comes from one statement; it groups, where `matching` counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from itertools import pairwise
from typing import Any

from segmentation.audience.engines import Part, Rows, Snapshot
from segmentation.audience.matching import Question
from segmentation.audience.remembering import remembered
from segmentation.audience.scope import Scope
from segmentation.rules.tree import Group

# The fewest orders of each band; a band ends where the next one begins.
BANDS = (0, 1, 2, 3, 5, 10)
_BAND = "CASE " + " ".join(f"WHEN orders_count < {end} THEN {start}" for start, end in pairwise(BANDS))
GROUPED = ("segment", f"{_BAND} ELSE {BANDS[-1]} END", "recency_score", "frequency_score")


@dataclass(frozen=True)
class Share:
    """Some of the customers: how many, how many of them have ordered, and what they spent, in stored money."""

    people: int = 0
    buyers: int = 0
    amount: int = 0
    orders: int = 0

    def __add__(self, other: Share) -> Share:
        return Share(self.people + other.people, self.buyers + other.buyers, self.amount + other.amount,
                     self.orders + other.orders)


@dataclass(frozen=True)
class Portrait:
    """The figures. Labels and scores are None for those who have none; cells are (recency score, frequency score)."""

    everyone: Share
    labels: dict[str | None, Share]
    bands: dict[int, Share]
    cells: dict[tuple[int | None, int | None], Share]


def portrait(scope: Scope, tree: Group, now: datetime, snapshot: Snapshot) -> Portrait:
    """The portrait of the customers who match."""
    columns = ", ".join((*GROUPED, "count(*)", "SUM(CASE WHEN orders_count > 0 THEN 1 ELSE 0 END)",
                         "CAST(SUM(orders_amount) AS BIGINT)", "SUM(orders_count)"))

    def write(question: Question) -> str:
        return question.text(columns, question.compiler.group(tree), " GROUP BY 1, 2, 3, 4")

    def ask(part: Part) -> Portrait:
        question = Question(scope, now, part.facts)
        return _drawn(part.run(write(question), question.compiler.values))

    question = Question(scope, now, snapshot.facts)
    # The portrait is kept, and not the rows, of which there are ten times as many figures.
    return reduce(_together, remembered(snapshot, scope.store_id, now, write(question), question.compiler, ask))


def _drawn(found: Rows) -> Portrait:
    rows = [(row[:4], Share(*map(int, row[4:]))) for row in found]
    return Portrait(sum((share for _, share in rows), Share()), _by(rows, lambda key: key[0]),
                    _by(rows, lambda key: int(key[1])), _by(rows, lambda key: (key[2], key[3])))


def _together(one: Portrait, other: Portrait) -> Portrait:
    def added(some: dict[Any, Share], more: dict[Any, Share]) -> dict[Any, Share]:
        return {key: some.get(key, Share()) + more.get(key, Share()) for key in {**some, **more}}

    return Portrait(one.everyone + other.everyone, added(one.labels, other.labels), added(one.bands, other.bands),
                    added(one.cells, other.cells))


def _by(rows: Iterable[tuple[Sequence[Any], Share]], key: Callable[[Sequence[Any]], Any]) -> dict[Any, Share]:
    found: dict[Any, Share] = {}
    for group, share in rows:
        found[key(group)] = found.get(key(group), Share()) + share
    return found
