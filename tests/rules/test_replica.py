"""Answers with a replica, against the oracle: random trees while customers and orders are written, moved and erased.

The replica is of the people as they were; each tree is asked after more of them have changed. `SEGMENTATION_TEST_TREES`
sets how many trees are tried and `SEGMENTATION_TEST_SEED` which (`make replica-oracle` tries 20,000).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from segmentation import replication
from segmentation.answers import Asking, counts
from segmentation.audience import matching, remembering
from segmentation.audience.engines import Part, Snapshot, snapshot
from segmentation.audience.matching import PageRequest, Question
from segmentation.audience.scope import Scope
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.facts.erase import erase_customer
from segmentation.facts.versions import next_version
from segmentation.models import Customer, CustomerAttribute, CustomerTag, Order, OrderLine, Store
from segmentation.replication import renew
from segmentation.rules.dialects import Numbers
from segmentation.rules.tree import Group
from tests.oracle.evaluator import matches
from tests.oracle.language import StoreSettings
from tests.oracle.people import AWKWARD_MOMENTS, awkward_people
from tests.oracle.trees import every_field_operator, random_segments, random_tree
from tests.rules import populace
from tests.rules.populace import read, settle

TREES = int(os.environ.get("SEGMENTATION_TEST_TREES", "68"))
SEED = int(os.environ.get("SEGMENTATION_TEST_SEED", "1998"))
MOMENTS = AWKWARD_MOMENTS if TREES >= 1_000 else AWKWARD_MOMENTS[::6]  # a town takes a second
EVERY = 10  # trees to a change of the people
RENEWED = 4  # changes to a new replica
PAGED = ("id", "city", "orders_amount", "last_order_at", "email")


class Town:
    """People in a store that has a replica, and what has become of them since. Whoever is None was erased."""

    def __init__(self, rng: Random, settings: StoreSettings, now: datetime) -> None:
        self.rng, self.settings, self.now = rng, settings, now
        self.people: list[dict[str, Any] | None] = list(awkward_people(rng, now=now, store=settings))
        self.spare = list(awkward_people(rng, now=now, store=settings))
        self.segments = random_segments(rng, self.living, now, settings)
        self.scope = settle(self.living, settings, self.segments)
        with writing() as session:
            store = session.get_one(Store, self.scope.store_id)
            store.data_version, store.last_customer_number = 1, len(self.people)
        self.renew()

    @property
    def living(self) -> list[dict[str, Any]]:
        return [each for each in self.people if each is not None]

    def renew(self) -> None:
        renew(self.scope.store_id)
        db.session.remove()

    def theirs(self, rules: dict[str, Any]) -> set[int]:
        setting = {"now": self.now, "store": self.settings, "segments": self.segments}
        return {n for n, person in enumerate(self.people) if person is not None and matches(rules, person, **setting)}

    def change(self) -> None:
        """Replace some, add one, erase one, and give somebody's orders to another."""
        rng, numbers = self.rng, [n for n, each in enumerate(self.people) if each is not None]
        for number in rng.sample(numbers, 3):
            self.people[number] = {**rng.choice(self.spare), "external_id": f"again-{number}-{rng.random()}"}
            self._write(number)
        self.people.append({**rng.choice(self.spare), "external_id": f"new-{len(self.people)}"})
        self._write(len(self.people) - 1)
        gone, giver, taker = rng.sample(numbers, 3)
        with writing() as session:
            erase_customer(session, self.scope.store_id, gone)
        self.people[gone] = None
        self._move_orders(giver, taker)
        db.session.remove()

    def _write(self, number: int) -> None:
        """Write a person over whoever has their number."""
        person, store_id = self.people[number], self.scope.store_id
        assert person is not None
        with writing() as session:
            version = next_version(session, store_id)
            known = session.get(Customer, (store_id, number))
            if known is None:
                session.add(Customer(store_id=store_id, number=number, id=populace.new_id(), version=version,
                                     **populace._columns(person)))
            else:
                for name, value in {**populace._columns(person), "version": version}.items():
                    setattr(known, name, value)
            session.flush()
            for model in (CustomerTag, CustomerAttribute, Order):
                session.execute(delete(model).where(model.store_id == store_id, model.customer_number == number))
            orders = session.query(Order.number).filter(Order.store_id == store_id).order_by(
                Order.number.desc()).limit(1).scalar() or 0
            _insert(session, store_id, number, person, self.settings, orders)

    def _move_orders(self, giver: int, taker: int) -> None:
        store_id, one, other = self.scope.store_id, self.people[giver], self.people[taker]
        assert one is not None
        assert other is not None
        # The statistics stay as they are: to the oracle they are facts of their own.
        self.people[taker] = {**other, "orders": [*other["orders"], *one["orders"]]}
        self.people[giver] = {**one, "orders": []}
        with writing() as session:
            version = next_version(session, store_id)
            session.execute(update(Order).where(Order.store_id == store_id, Order.customer_number == giver)
                            .values(customer_number=taker))
            session.execute(update(Customer).where(Customer.store_id == store_id, Customer.number.in_([giver, taker]))
                            .values(version=version))


def _insert(session: Any, store_id: Any, number: int, person: dict[str, Any], settings: StoreSettings,
            orders: int) -> None:
    session.add_all(CustomerTag(store_id=store_id, customer_number=number, tag=tag, tag_folded=populace.fold(tag))
                    for tag in person["tags"])
    session.add_all(CustomerAttribute(**populace._attribute(store_id, number, key, settings.attributes[key], value))
                    for key, value in person["attributes"].items())
    for place, order in enumerate(person["orders"], start=orders + 1):
        session.add(Order(**populace._order(store_id, place, number, order)))
        session.flush()
        session.add_all(OrderLine(**populace._line(store_id, place, line, each))
                        for line, each in enumerate(order["lines"], start=1))


def towns(rng: Random) -> Iterator[Town]:
    for settings, now in MOMENTS:
        yield Town(rng, settings, now)
        db.session.remove()


def asked(town: Town, rules: dict[str, Any], facts: Snapshot, trusted: bool = True) -> set[int]:
    """The numbers of those who match, which the parts tell; the replica must be one of them."""
    tree, engines = read(town.scope, rules), []

    def ask(part: Part) -> list[int]:
        question = Question(town.scope, town.now, part.facts)
        engines.append(part.facts.dialect.name)
        rows = part.run(question.text("customers.number", question.compiler.group(tree)), question.compiler.values)
        return [row[0] for row in rows]

    found = [number for numbers in facts.gather(town.scope.store_id, ask) for number in numbers]
    assert engines[0] == "duckdb", "the replica did not answer"
    assert len(engines) <= 2, engines
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.timeout(7200)
def test_random_trees_while_people_change(app: Flask) -> None:
    rng, tried, divided = Random(SEED), 0, 0
    for town in towns(rng):
        for turn in range(-(-TREES // len(MOMENTS))):
            if turn % EVERY == 1:
                town.change()
            if turn % (EVERY * RENEWED) == EVERY * RENEWED - 1:
                town.renew()
            rules = random_tree(rng, town.living, town.now, town.settings, segments=town.segments)
            with snapshot(600) as facts:
                ours, theirs = asked(town, rules, facts), town.theirs(rules)
                assert ours == theirs, (rules, town.now, [town.people[n] for n in sorted(ours ^ theirs)[:3]])
                if turn % EVERY == 3:
                    check_answers(town, rules, facts)
            tried += 1
            divided += 0 < len(ours) < len(town.living)
    assert divided > tried / 3


def check_answers(town: Town, rules: dict[str, Any], facts: Snapshot) -> None:
    """Every other answer is the primary's."""
    tree = read(town.scope, rules)
    other = read(town.scope, random_tree(town.rng, town.living, town.now, town.settings, segments=town.segments))
    sort = PageRequest(7, town.rng.choice(PAGED), town.rng.random() < 0.5, offset=town.rng.choice((0, 3)))
    with_replica = every_answer(town, tree, other, sort, facts)
    alone = replace(facts, _sources={town.scope.store_id: None})
    assert with_replica == every_answer(town, tree, other, sort, alone), rules


def every_answer(town: Town, tree: Group, other: Group, sort: PageRequest, facts: Snapshot) -> list[Any]:
    remembering.forget_everything()
    scope, now = town.scope, town.now
    found = counts(Asking(scope, tree, facts, now), ("nodes", "empty"), other)
    rows = matching.page(scope, tree, now, facts, sort)
    counted_rows, total = matching.page_and_total(scope, tree, now, facts, sort)
    assert (counted_rows, total) == (rows, found.count)
    after = matching.position(rows[-1], sort.sort) if rows else None
    next_rows = matching.page(scope, tree, now, facts, replace(sort, offset=0, after=after))
    return [found.count, found.everyone, found.nodes, found.empty, found.difference,
            matching.count(scope, tree, now, facts), matching.count_each(scope, [tree, other], now, facts),
            [tuple(row) for row in (*rows, *next_rows)],
            [tuple(row) for rows in matching.stream(scope, tree, now, facts, ("id", "created_at", "birthday"))
             for row in rows]]


def test_every_field_and_operator_on_the_replica(app: Flask) -> None:
    town = Town(Random(SEED), *AWKWARD_MOMENTS[0])
    town.change()
    with snapshot(600) as facts:
        for rules in list(every_field_operator())[::9]:
            assert asked(town, rules, facts) == town.theirs(rules), rules


def test_a_renewed_replica_holds_what_one_made_anew_does(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where people were erased all is read anew, because what is deleted from a file may still lie in it; but somebody
    # may be erased after that was decided.
    monkeypatch.setattr(replication, "_holds_erased", lambda _row: False)
    town = Town(Random(SEED + 1), *AWKWARD_MOMENTS[1])
    for _ in range(2):
        town.change()
    row = renew(town.scope.store_id)
    assert row.renewed > 0
    renewed = contents(town.scope)
    row = renew(town.scope.store_id, whole=True)
    assert row.renewed == 0
    assert renewed == contents(town.scope)
    assert db.session.scalars(select(Customer.number).where(Customer.store_id == town.scope.store_id)).all()


def contents(scope: Scope) -> list[Any]:
    """All that is in the replica."""
    found: list[Any] = []

    def ask(part: Part) -> list[Any]:
        assert part.facts.dialect.name == "duckdb"
        for table in ("customers", "customer_tags", "customer_attributes", "orders", "order_lines"):
            found.append(sorted(map(str, part.run(f"FROM {table}", {}))))
        return []

    with snapshot(60) as facts:
        facts.gather(scope.store_id, ask)
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the other plans by how many rows there are
def test_whoever_changed_is_looked_up_and_nobody_else(app: Flask) -> None:
    town = Town(Random(SEED), *AWKWARD_MOMENTS[0])
    seen: set[str] = set()
    with snapshot(600) as facts:
        some = replace(facts.facts, only=Numbers((1, 2, 3)))
        for rules in every_field_operator():
            question = Question(town.scope, town.now, some)
            written = question.text("count(*)", question.compiler.group(read(town.scope, rules)))
            rows = facts.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {written}", question.compiler.values)
            seen |= {row[-1] for row in rows}
    tables = re.compile(r"(SEARCH|SCAN) (customer\w*|order\w*)\b")
    walked = {step for step in seen if tables.match(step) and not re.search(r"(number|customer_number)=\?", step)}
    assert not walked
    assert any("customer_number=?" in step for step in seen)
