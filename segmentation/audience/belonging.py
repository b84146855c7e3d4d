"""Which of many rule trees one customer matches. It asks the very conditions that counting asks, of one customer, and
looks at nobody else's facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from segmentation import limits
from segmentation.audience.engines import Snapshot
from segmentation.audience.matching import Question
from segmentation.audience.scope import Scope
from segmentation.rules.dialects import Numbers
from segmentation.rules.references import size
from segmentation.rules.tree import Group

Key = TypeVar("Key")
CONDITIONS_AT_ONCE = limits.REFERRED_CONDITIONS  # as many as one tree may have, so every engine takes the statement
TREES_AT_ONCE = 500


def matching_trees(
    scope: Scope, trees: Mapping[Key, Group], now: datetime, snapshot: Snapshot, number: int
) -> Iterator[tuple[Key, bool]]:
    """Of each tree whether the customer of that number matches it, as far as the snapshot's deadline allows."""
    for some in _portions(trees):
        question = Question(scope, now, replace(snapshot.facts, only=Numbers((number,))))
        tests = [f"CASE WHEN {question.compiler.group(tree)} THEN 1 ELSE 0 END" for tree in some.values()]
        row = question.ask(snapshot, question.text(", ".join(tests))).one_or_none()
        if row is None:
            return
        yield from ((key, bool(matches)) for key, matches in zip(some, row, strict=True))


def _portions(trees: Mapping[Key, Group]) -> Iterator[dict[Key, Group]]:
    """The trees in portions that are asked about in one statement each."""
    portion: dict[Key, Group] = {}
    conditions = 0
    for key, tree in trees.items():
        conditions += size(tree)
        if portion and (conditions > CONDITIONS_AT_ONCE or len(portion) == TREES_AT_ONCE):
            yield portion
            portion, conditions = {}, size(tree)
        portion[key] = tree
    if portion:
        yield portion
