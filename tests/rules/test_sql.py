"""The SQL of rules: its text depends on shape alone, unknown counts as no, and the largest legal trees run everywhere.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

import pytest
from flask import Flask

from segmentation import limits
from segmentation.audience import matching
from segmentation.audience.engines import snapshot
from segmentation.audience.matching import Question
from segmentation.audience.scope import Scope
from segmentation.models import Store
from segmentation.rules.reading import read_rules
from tests.oracle import language
from tests.oracle.people import AWKWARD_MOMENTS, awkward_people
from tests.oracle.trees import random_tree
from tests.rules.populace import settle

NOW = datetime(2024, 5, 15, 9, 30, tzinfo=UTC)
# SQLite as it comes from its makers; Linux distributions raise some of these.
UPSTREAM_LIMITS = {
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 32_766,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 1_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50_000,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 500,
    sqlite3.SQLITE_LIMIT_COLUMN: 2_000,
}
CHOICES = {each for choices in language.CHOICES.values() for each in choices}


def sql_text(scope: Scope, rules: dict[str, Any]) -> str:
    """The statement that counts `rules`, as the database would get it."""
    with snapshot(10) as facts:
        question = Question(scope, NOW, facts.facts)
        return question.text("count(*)", question.compiler.group(read_rules(rules, scope.catalogue)))


def test_the_text_depends_on_the_shape_alone(store: Store) -> None:
    scope, rng = Scope.of(store, "viewer", None), Random(5)
    settings, now = AWKWARD_MOMENTS[0]
    people = awkward_people(rng, now=now, store=settings)
    for _ in range(300):
        rules = random_tree(rng, people, now, settings)
        assert sql_text(scope, rules) == sql_text(scope, other_values(rules, rng))


def other_values(group: dict[str, Any], rng: Random) -> dict[str, Any]:
    """The same tree with every id and every value replaced by another of its type."""
    numbers = count()

    def other(value: Any) -> Any:
        if isinstance(value, bool):
            return not value
        if isinstance(value, list):
            return [other(value[0])] * rng.randint(1, 40)
        if isinstance(value, int | Decimal):
            return value + 10 if abs(value) < limits.NUMBER else type(value)(12)
        try:
            return date.fromisoformat(value).replace(day=9, month=3).isoformat()
        except ValueError:
            return "'; DROP TABLE customers; --" if value not in CHOICES else value

    def replaced(node: dict[str, Any]) -> dict[str, Any]:
        slots = {key: other(node[key]) for key in ("value", "value2") if key in node}
        if "value2" in slots:
            slots["value"], slots["value2"] = sorted(slots.values())
        return {**node, "id": f"{next(numbers)}-{rng.random()}", **slots}

    return {**group, "id": f"{next(numbers)}-{rng.random()}",
            "conditions": [replaced(node) for node in group["conditions"]],
            "groups": [other_values(inner, rng) for inner in group["groups"]]}


def test_a_tree_and_its_negation_split_everyone_in_two(app: Flask) -> None:
    settings, now = AWKWARD_MOMENTS[0]
    rng = Random(6)
    people = awkward_people(rng, now=now, store=settings)
    scope = settle(people, settings)
    with snapshot(60) as facts:
        for _ in range(150):
            rules = random_tree(rng, people, now, settings)
            tree = read_rules(rules, scope.catalogue)
            opposite = read_rules({**rules, "negate": not rules.get("negate", False)}, scope.catalogue)
            both = [matching.count(scope, each, now, facts) for each in (tree, opposite)]
            assert sum(both) == len(people), rules


def largest_trees() -> dict[str, dict[str, Any]]:
    """The widest and the deepest legal trees, of the heaviest conditions."""
    names = [f"name {number}" for number in range(limits.LIST_VALUES)]
    heavy = {"field": "first_name", "operator": "not_in", "value": names}
    light = {"field": "cltv", "operator": "not_between", "value": 1, "value2": Decimal("2.5"), "include_empty": False}
    wide = {"logic": "OR", "conditions": [heavy if n % 10 == 0 else light for n in range(limits.RULE_CONDITIONS)]}
    groups = [{"logic": "OR", "conditions": [light] * 3} for _ in range(limits.RULE_GROUPS - 1)]
    deep: dict[str, Any] = {"logic": "OR", "conditions": [light, heavy], "negate": True}
    for level in range(limits.RULE_DEPTH - 1):
        logic = "AND" if level % 2 else "OR"
        deep = {"logic": logic, "conditions": [light] * 20, "groups": [deep], "negate": level % 3 == 0}
    return {"wide": wide, "bushy": {"logic": "AND", "groups": groups}, "deep": deep}


@pytest.mark.parametrize("name", ["wide", "bushy", "deep"])
def test_the_largest_legal_trees_run(store: Store, name: str) -> None:
    scope = Scope.of(store, "viewer", None)
    tree = read_rules(largest_trees()[name], scope.catalogue)
    with snapshot(30) as facts, upstream_limits(facts.connection.connection.driver_connection):
        assert matching.count(scope, tree, NOW, facts) == 0


@contextmanager
def upstream_limits(connection: Any) -> Iterator[None]:
    """SQLite's own default limits, inside the block."""
    if not isinstance(connection, sqlite3.Connection):
        yield
        return
    before = {limit: connection.setlimit(limit, value) for limit, value in UPSTREAM_LIMITS.items()}
    yield
    for limit, value in before.items():
        connection.setlimit(limit, value)
