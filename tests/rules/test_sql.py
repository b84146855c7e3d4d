"""The SQL of rules: its text depends on shape alone, unknown counts as no, and the largest legal trees run everywhere.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from random import Random
from time import process_time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from segmentation import limits
from segmentation.audience import matching
from segmentation.audience.engines import snapshot
from segmentation.audience.explaining import explain
from segmentation.audience.matching import Question
from segmentation.audience.scope import Scope
from segmentation.audience.tally import tally
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.json import dumps
from segmentation.models import Attribute, Store
from segmentation.rules.dialects import POSTGRESQL, SQLITE, Dialect
from segmentation.rules.fields import DeclaredAttribute, StoreSettings, catalogue
from segmentation.rules.reading import read_rules
from segmentation.rules.tree import Condition, Group, Reference, reference_depth, walk
from segmentation.rules.writing import Facts
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
        return question.counting(read_rules(rules, scope.catalogue))


def test_the_text_depends_on_the_shape_alone(store: Store) -> None:
    settings, now = AWKWARD_MOMENTS[0]
    attributes = tuple(DeclaredAttribute(key, key, kind) for key, kind in settings.attributes.items())
    scope, rng = Scope(store.id, replace(SETTINGS, attributes=attributes), "en", "viewer", None), Random(5)
    people = awkward_people(rng, now=now, store=settings)
    for _ in range(300):
        rules = random_tree(rng, people, now, settings)
        assert sql_text(scope, rules) == sql_text(scope, other_values(rules, rng))


@pytest.mark.parametrize(("wheres", "looks"), [
    ([], 1), ([None], 1), ([None, "ordered_at"], 1), (["ordered_at", "amount", "ordered_at"], 1),
    ([None, "city"], 2), (["city", "city"], 3)])
def test_aggregates_that_read_the_same_orders_share_one_look(
    store: Store, wheres: list[str | None], looks: int
) -> None:
    asked = {"ordered_at": {"operator": "in_last", "value": 9, "unit": "days"},
             "amount": {"operator": "less_than", "value": 9}, "city": {"operator": "equals", "value": "Riyadh"}}
    conditions = [{"field": "orders.amount_sum", "operator": "greater_than", "value": 1, **({"where": {
        "logic": "AND", "conditions": [{"field": f"order.{where}", **asked[where]}]}} if where else {})}
        for where in wheres]
    text = sql_text(Scope.of(store, "viewer", None), {"logic": "AND", "conditions": [
        {"field": "orders.count", "operator": "greater_than", "value": 1}, *conditions]})
    assert text.count("FROM orders") == looks


def other_values(group: dict[str, Any], rng: Random) -> dict[str, Any]:
    """The same tree with every id and every value replaced by another of its type.

    But for birthdays, whose values are few, and for counts and sums, of which it matters whether 0 would pass.
    """
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
        kept = node["field"] == "birthday" or node["field"] in language.AGGREGATES.keys() & language.NEVER_MISSING
        slots = {key: other(node[key]) for key in ("value", "value2") if key in node and not kept}
        if "value2" in slots:
            slots["value"], slots["value2"] = sorted(slots.values())
        if "where" in node:
            slots["where"] = other_values(node["where"], rng)
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


SETTINGS = StoreSettings(ZoneInfo("Asia/Riyadh"), 6, "SAR", "SA", attributes=(DeclaredAttribute("tier", "T", "text"),))
CATALOGUE = catalogue(SETTINGS)
NAMES = [f"n{number}" for number in range(limits.LIST_VALUES)]
HEAVY = {"field": "first_name", "operator": "not_in", "value": NAMES}
LIGHT = {"field": "cltv", "operator": "not_between", "value": 1, "value2": Decimal("2.5"), "include_empty": False}
ITEM = {"field": "item.category", "operator": "not_starts_with", "value": "x"}
AVERAGE = {"field": "orders.amount_average", "operator": "not_between", "value": 1, "value2": 5, "include_empty": False}
PIECES = {"field": "items.products_count", "operator": "between", "value": 1, "value2": 5}


def nested(
    deepest: dict[str, Any], conditions: Sequence[dict[str, Any]], depth: int = limits.RULE_DEPTH
) -> dict[str, Any]:
    """Groups of these conditions in one another, AND in OR, some negated, with the deepest at the given depth."""
    group = deepest
    for level in range(depth - 1):
        logic = "AND" if level % 2 else "OR"
        group = {"logic": logic, "conditions": list(conditions), "groups": [group], "negate": level % 3 == 0}
    return group


def largest_trees() -> dict[str, dict[str, Any]]:
    """The widest and the deepest legal trees, of the heaviest conditions."""
    one = {"logic": "AND", "conditions": [ITEM]}
    where = nested({"logic": "OR", "conditions": [ITEM, ITEM]}, [ITEM, ITEM], limits.RULE_DEPTH - 1)
    groups = limits.RULE_GROUPS - 1
    return {
        "wide": {"logic": "OR", "conditions": [HEAVY if n % 20 == 0 else LIGHT for n in range(limits.RULE_CONDITIONS)]},
        "bushy": {"logic": "AND", "groups": [{"logic": "OR", "conditions": [LIGHT] * 3}] * groups},
        "deep": nested({"logic": "OR", "conditions": [LIGHT, HEAVY], "negate": True}, [LIGHT] * 20),
        "aggregates": {"logic": "OR", "conditions": [PIECES] * limits.RULE_CONDITIONS},
        "averages": {"logic": "AND", "conditions": [AVERAGE] * limits.RULE_CONDITIONS},
        "aggregates with where": {"logic": "AND", "conditions": [{**PIECES, "where": one}] * groups},
        "deep where": {"logic": "AND", "conditions": [{**PIECES, "where": where}] * (groups // limits.RULE_DEPTH)},
        "deep aggregates": nested({"logic": "OR", "conditions": [AVERAGE]}, [AVERAGE] * 28),
        "sets of all sorts": {"logic": "OR", "conditions": [
            {"field": "tags", "operator": "not_has_all", "value": NAMES[:100], "include_empty": False},
            {"field": "attributes.tier", "operator": "not_in", "value": NAMES[:100], "include_empty": False}] * 100},
    }


@pytest.mark.parametrize("name", largest_trees())
def test_the_largest_legal_trees_run(store: Store, name: str) -> None:
    with writing() as session:
        session.add(Attribute(store_id=store.id, key="tier", label="Tier", kind="text"))
    scope = Scope.of(db.session.get_one(Store, store.id), "viewer", None)
    rules = largest_trees()[name]
    assert len(dumps(rules)) <= limits.BODY_BYTES
    tree = read_rules(rules, scope.catalogue)
    with snapshot(30) as facts, upstream_limits(facts.connection.connection.driver_connection):
        assert matching.count(scope, tree, NOW, facts) == 0
        counted = tally(scope, NOW, facts, lambda compiler: {
            node.id: compiler.condition(node) for node in walk(tree) if isinstance(node, Condition)})
        assert counted.count(counted.every) == 0
        assert explain(scope, tree, NOW, facts, uuid.uuid4()) is None


@pytest.mark.parametrize("name", largest_trees())
@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=lambda dialect: dialect.name)
def test_the_largest_legal_trees_compile_in_no_time(name: str, dialect: Dialect) -> None:
    tree = read_rules(largest_trees()[name], CATALOGUE)
    scope = Scope(uuid.uuid4(), SETTINGS, "en", "viewer", None)
    assert min(compiling(tree, scope, dialect) for _ in range(5)) < 0.020


def compiling(tree: Group, scope: Scope, dialect: Dialect) -> float:
    """Seconds from a tree to the statement as the driver gets it."""
    started = process_time()
    dialect.as_driver(Question(scope, NOW, Facts(dialect)).counting(tree))
    return process_time() - started


class Chain:
    """Segments that each refer to the next, as deep as they may, in the deepest group of trees as large as they may be.
    """

    def __init__(self) -> None:
        size = limits.REFERRED_CONDITIONS // (limits.REFERENCE_DEPTH + 1) // (limits.RULE_DEPTH - 1) - 1
        self.members = ([PIECES, LIGHT, AVERAGE] * size)[:size]

    def rules(self, number: int) -> dict[str, Any]:
        """The rules of segment `number`; the last one refers to none."""
        refers = {"field": "in_segment", "operator": "not_in", "value": [str(uuid.UUID(int=number + 1))]}
        deepest = refers if number < limits.REFERENCE_DEPTH else LIGHT
        return nested({"logic": "OR", "conditions": [deepest, LIGHT]}, self.members)

    def find(self, segment_id: uuid.UUID) -> Reference:
        tree = read_rules(self.rules(segment_id.int), CATALOGUE, segments=self)
        return Reference(segment_id, str(segment_id), tree, reference_depth(tree))


def test_the_deepest_references_run_and_compile_in_no_time(store: Store) -> None:
    scope, chain = Scope.of(store, "viewer", None), Chain()
    tree = read_rules(chain.rules(0), CATALOGUE, segments=chain)
    assert reference_depth(tree) == limits.REFERENCE_DEPTH
    with snapshot(30) as facts, upstream_limits(facts.connection.connection.driver_connection):
        assert matching.count(scope, tree, NOW, facts) == 0
        assert explain(scope, tree, NOW, facts, uuid.uuid4()) is None
        assert min(compiling(tree, scope, facts.facts.dialect) for _ in range(10)) < 0.020


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
