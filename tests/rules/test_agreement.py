"""Our compiler against the oracle: the same people must match, tree by tree, on each engine.

`SEGMENTATION_TEST_TREES` sets how many random trees are tried on SQLite (`make oracle` tries 100,000; a fifth of them
on PostgreSQL), and `SEGMENTATION_TEST_SEED` which. A mismatch prints the tree, the moment and the people in dispute.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import pytest
from flask import Flask

from segmentation.answers import Asking, counts
from segmentation.audience.engines import Snapshot, snapshot
from segmentation.audience.explaining import explain
from segmentation.audience.scope import Scope
from segmentation.extensions import db
from segmentation.models import Customer
from segmentation.rules.lint import lint
from segmentation.rules.tree import Condition, Group, walk
from tests.oracle import nodes as oracle
from tests.oracle.evaluator import matches
from tests.oracle.language import StoreSettings
from tests.oracle.people import AWKWARD_MOMENTS, awkward_people
from tests.oracle.text import fold
from tests.oracle.trees import NEGATIVE_OF, every_field_operator, numbered, random_segments, random_tree
from tests.rules.populace import asked, read, settle

TREES = int(os.environ.get("SEGMENTATION_TEST_TREES", "600"))
ANSWERS = TREES // 10
SEED = int(os.environ.get("SEGMENTATION_TEST_SEED", "1997"))
Rules = dict[str, Any]
# What the index of orders by customer answers alone, and what it does not.
WHERES: Sequence[Rules] = [{}, *({"where": {"logic": "AND", "conditions": [each], "groups": []}} for each in (
    {"field": "order.ordered_at", "operator": "in_last", "value": 90, "unit": "days"},
    {"field": "order.ordered_at", "operator": "more_than_ago", "value": 2, "unit": "months"},
    {"field": "order.amount", "operator": "greater_than", "value": 50},
    {"field": "order.amount", "operator": "equals", "value": 0},
    {"field": "order.city", "operator": "is_not_empty"}))]


@dataclass
class Town:
    """People, settled in a store of ours at an awkward moment, and the oracle's view of them."""

    people: Sequence[dict[str, Any]]
    settings: StoreSettings
    now: datetime
    segments: Mapping[str, Rules]
    scope: Scope
    facts: Snapshot

    def theirs(self, rules: Rules) -> set[int]:
        """Who matches, by the oracle."""
        return {n for n, person in enumerate(self.people) if matches(rules, person, **self.setting)}

    def ours(self, rules: Rules) -> set[int]:
        """Who matches, by us."""
        return asked(self.scope, rules, self.now, self.facts)

    @property
    def setting(self) -> dict[str, Any]:
        return {"now": self.now, "store": self.settings, "segments": self.segments}

    def random_tree(self, rng: Random) -> Rules:
        return random_tree(rng, self.people, self.now, self.settings, segments=self.segments)


def towns(rng: Random, moments: Sequence[tuple[StoreSettings, datetime]] = AWKWARD_MOMENTS) -> Iterator[Town]:
    """A town at each moment."""
    for settings, now in moments:
        people = awkward_people(rng, now=now, store=settings)
        segments = random_segments(rng, people, now, settings)
        scope = settle(people, settings, segments)
        with snapshot(3600) as facts:
            yield Town(people, settings, now, segments, scope, facts)
        db.session.remove()


def share(trees: int) -> int:
    """How many of so many trees are tried at each moment; fewer on PostgreSQL, which is asked the same by and large."""
    engines = 1 if db.engine.dialect.name == "sqlite" or trees <= 2000 else 5
    return -(-trees // len(AWKWARD_MOMENTS) // engines)


@pytest.mark.timeout(7200)
def test_random_trees(app: Flask) -> None:
    rng, tried, divided = Random(SEED), 0, 0
    for town in towns(rng):
        for _ in range(share(TREES)):
            rules = town.random_tree(rng)
            ours, theirs = town.ours(rules), town.theirs(rules)
            disputed = [town.people[n] for n in sorted(ours ^ theirs)[:3]]
            assert ours == theirs, (rules, town.now, town.settings, town.segments, disputed)
            check_warnings(town, read(town.scope, rules))
            tried += 1
            divided += 0 < len(ours) < len(town.people)
    # Trees that match nobody or everybody would prove little.
    assert divided > tried / 3


@pytest.mark.timeout(7200)
def test_answers_about_random_trees(app: Flask) -> None:
    rng = Random(SEED + 1)
    for town in towns(rng):
        for _ in range(share(ANSWERS)):
            rules, other = town.random_tree(rng), town.random_tree(rng)
            tree = read(town.scope, rules)
            asking = Asking(town.scope, tree, town.facts, town.now)
            found = counts(asking, ("nodes", "empty", "difference"), read(town.scope, other))
            assert found.nodes is not None
            assert {key: (node.count, node.without) for key, node in found.nodes.items()} == node_counts(
                town, rules, tree), rules
            assert found.empty == missing_counts(town, rules, tree), rules
            mine, theirs = town.theirs(rules), town.theirs(other)
            assert found.difference is not None
            assert (found.difference["entering"].count, found.difference["leaving"].count) == (
                len(mine - theirs), len(theirs - mine)), (rules, other)
            check_explanations(town, rng, rules, tree)


def node_counts(town: Town, rules: Rules, tree: Group) -> dict[str, tuple[int, int | None]]:
    """Each node's count, and without each condition, by the oracle."""
    truths = [oracle.node_truths(rules, person, **town.setting) for person in town.people]
    conditions = {node.id for node in walk(tree) if isinstance(node, Condition)}
    return {key: (sum(truth[key] for truth in truths),
                  len(town.theirs(oracle.without(rules, key))) if key in conditions else None) for key in truths[0]}


def missing_counts(town: Town, rules: Rules, tree: Group) -> dict[str, int]:
    """How many have no value, by the oracle."""
    return {condition["id"]: sum(oracle.has_no_value(condition, person, **town.setting) for person in town.people)
            for condition in wire_conditions(rules) if oracle.can_be_missing(condition["field"])}


def wire_conditions(group: Rules) -> Iterator[Rules]:
    yield from group["conditions"]
    for inner in group["groups"]:
        yield from wire_conditions(inner)


def check_warnings(town: Town, tree: Group) -> None:
    """A warning is never a false alarm: what it says holds of everybody here."""
    asking = Asking(town.scope, tree, town.facts, town.now)
    notices = lint(tree, asking.clock)
    found = (counts(asking, ("nodes",), None).nodes if notices else None) or {}
    for notice in notices:
        if notice.id not in found:
            continue  # inside `where`
        count = found[notice.id].count
        if notice.code in ("always_true", "matches_everyone"):
            assert count == len(town.people), (notice, tree)
        if notice.code in ("always_false", "matches_no_one"):
            assert count == 0, (notice, tree)
        if notice.code == "implied" and found[notice.id].without is not None:
            assert found[notice.id].without == found[tree.id].count, (notice, tree)


def check_explanations(town: Town, rng: Random, rules: Rules, tree: Group) -> None:
    """For a few people, each node's truth and each condition's value."""
    for number in rng.sample(range(len(town.people)), 2):
        person = town.people[number]
        key = db.session.get_one(Customer, (town.scope.store_id, number)).id
        found = explain(town.scope, tree, town.now, town.facts, key)
        assert found is not None
        assert found.matches == oracle.node_truths(rules, person, **town.setting)
        for condition in wire_conditions(rules):
            value = oracle.actual_value(condition, person, **town.setting)
            if condition["field"] == "email_domain":  # which is kept folded alone
                value = value and fold(value)
            assert same(found.values[condition["id"]], value), (condition, person)


def same(ours: Any, theirs: Any) -> bool:
    """Equal, but for how sets and dates are written."""
    if isinstance(ours, list) or isinstance(theirs, tuple | list):
        return sorted(ours or ()) == sorted(theirs or ())
    if hasattr(theirs, "isoformat") and not hasattr(theirs, "hour"):
        return bool(ours == theirs.isoformat())
    return bool(ours == theirs)


def test_every_field_and_operator_alone(app: Flask) -> None:
    # PostgreSQL takes twice as long, most of it to plan.
    every = 4 if db.engine.dialect.name == "sqlite" else 12
    for town in towns(Random(SEED), AWKWARD_MOMENTS[::every]):
        for rules in every_field_operator():
            assert town.ours(rules) == town.theirs(rules), (rules, town.now, town.settings)


@pytest.mark.timeout(7200)
def test_several_aggregates_from_one_look_at_the_orders(app: Flask) -> None:
    rng, divided, tried = Random(SEED + 2), 0, 0
    conditions = [condition for rules in every_field_operator() for condition in rules["conditions"]
                  if condition["field"].startswith(("orders.", "all_orders."))]
    for town in towns(rng, AWKWARD_MOMENTS[::4]):
        for _ in range(4 * share(ANSWERS)):
            some = [deepcopy({**rng.choice(conditions), **rng.choice(WHERES)}) for _ in range(rng.randint(2, 6))]
            rules = numbered({"logic": rng.choice(("AND", "OR")), "conditions": some[:-1], "groups": [
                {"logic": "AND", "negate": rng.random() < 0.5, "conditions": some[-1:], "groups": []}]})
            ours, theirs = town.ours(rules), town.theirs(rules)
            assert ours == theirs, (rules, town.now, town.settings)
            tried += 1
            divided += 0 < len(ours) < len(town.people)
    assert divided > tried / 4


def test_an_operator_and_its_negative_split_everyone_in_two(app: Flask) -> None:
    for town in towns(Random(SEED), AWKWARD_MOMENTS[:1]):
        everyone = set(range(len(town.people)))
        for rules in every_field_operator():
            condition = rules["conditions"][0]
            matching = town.ours(rules)
            flipped = town.ours({**rules, "negate": True})
            assert (matching | flipped, matching & flipped) == (everyone, set())
            if condition["operator"] in NEGATIVE_OF:
                opposite = {**rules, "conditions": [{**condition, "operator": NEGATIVE_OF[condition["operator"]]}]}
                assert town.ours(opposite) == flipped
