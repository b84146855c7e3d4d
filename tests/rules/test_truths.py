"""Truths of nodes for many cases at once, against evaluating each case by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

from segmentation.rules.fields import StoreSettings, catalogue
from segmentation.rules.operators import find
from segmentation.rules.tree import Condition, Group, Logic, walk
from segmentation.rules.truths import truths, without_each

FIELD = catalogue(StoreSettings(ZoneInfo("UTC"), 0, "USD", None)).fields["orders_count"]
FOUND = find("integer", "equals")
assert FOUND is not None
OPERATOR = FOUND[0]
CASES = 40


def some_group(rng: Random, names: Iterator[int], depth: int = 1) -> Group:
    """A group of up to four members, and groups below it, none empty."""
    groups = tuple(some_group(rng, names, depth + 1) for _ in range(rng.choice((0, 0, 1, 2)) if depth < 5 else 0))
    size = rng.randint(0 if groups else 1, 3)
    conditions = tuple(Condition(f"c{next(names)}", FIELD, OPERATOR, False, 1) for _ in range(size))
    return Group(f"g{next(names)}", rng.choice(list(Logic)), conditions, groups, rng.random() < 0.3)


def holds(node: Group | Condition, answers: dict[str, bool]) -> bool:
    """One case, evaluated as it reads."""
    if isinstance(node, Condition):
        return answers[node.id]
    members = [holds(member, answers) for member in (*node.conditions, *node.groups)]
    met = not members or (all(members) if node.logic is Logic.AND else any(members))
    return met is not node.negate


def left_out(group: Group, key: str) -> Group | None:
    """The group without that condition; None when nothing is left of it."""
    conditions = tuple(node for node in group.conditions if node.id != key)
    groups = tuple(inner for inner in (left_out(each, key) for each in group.groups) if inner is not None)
    return replace(group, conditions=conditions, groups=groups) if conditions or groups else None


def test_every_case_is_answered_as_if_alone() -> None:
    rng = Random(3)
    for _ in range(300):
        tree = some_group(rng, count())
        nodes = list(walk(tree))
        keys = [node.id for node in nodes if isinstance(node, Condition)]
        cases = [{key: rng.random() < 0.6 for key in keys} for _ in range(CASES)]
        bits = {key: sum(case[key] << place for place, case in enumerate(cases)) for key in keys}
        every = (1 << CASES) - 1
        found = truths(tree, bits, every)
        without = without_each(tree, found, every)
        assert without.keys() == set(keys)
        for place, case in enumerate(cases):
            assert {node.id: bool(found[node.id] >> place & 1) for node in nodes} == {
                node.id: holds(node, case) for node in nodes}
            for key in keys:
                rest = left_out(tree, key)
                assert bool(without[key] >> place & 1) is (rest is None or holds(rest, case)), (tree, key)


def test_an_empty_tree_holds_always() -> None:
    assert truths(Group("root", Logic.OR), {}, 0b111) == {"root": 0b111}
    assert truths(Group("root", Logic.AND, negate=True), {}, 0b111) == {"root": 0}
    assert without_each(Group("root", Logic.AND), {"root": 0b111}, 0b111) == {}
