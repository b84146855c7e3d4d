"""Which of many rule trees one customer matches. It asks the very conditions that counting asks, of one customer, and
looks at nobody else's facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TypeVar

from segmentation.audience.engines import Snapshot
from segmentation.audience.matching import Question
from segmentation.audience.scope import Scope
from segmentation.rules.tree import Group

Key = TypeVar("Key")
TREES_AT_ONCE = 50  # a statement of the largest trees is still one that every engine parses


def matching_trees(
    scope: Scope, trees: Mapping[Key, Group], now: datetime, snapshot: Snapshot, number: int
) -> Iterator[tuple[Key, bool]]:
    """Of each tree whether the customer of that number matches it, as far as the snapshot's deadline allows."""
    waiting = iter(trees.items())
    while some := dict(islice(waiting, TREES_AT_ONCE)):
        question = Question(scope, now, replace(snapshot.facts, only=number))
        tests = [f"CASE WHEN {question.compiler.group(tree)} THEN 1 ELSE 0 END" for tree in some.values()]
        own = f"customers.number = {question.compiler.bind(number)}"
        row = question.ask(snapshot, question.text(", ".join(tests), own)).one_or_none()
        if row is None:
            return
        yield from ((key, bool(matches)) for key, matches in zip(some, row, strict=True))
