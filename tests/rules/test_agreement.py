"""Our compiler against the oracle: the same people must match, tree by tree, on each engine.

`SEGMENTATION_TEST_TREES` sets how many random trees are tried on each engine (`make oracle` tries 20,000), and
`SEGMENTATION_TEST_SEED` which. A mismatch prints the tree, the moment and the people in dispute.
"""

from __future__ import annotations

import os
from random import Random

import pytest
from flask import Flask

from segmentation.audience.engines import snapshot
from tests.oracle.evaluator import matches
from tests.oracle.people import AWKWARD_MOMENTS, awkward_people
from tests.oracle.trees import NEGATIVE_OF, every_field_operator, random_tree
from tests.rules.populace import asked, settle

TREES = int(os.environ.get("SEGMENTATION_TEST_TREES", "2000"))
SEED = int(os.environ.get("SEGMENTATION_TEST_SEED", "1997"))


@pytest.mark.timeout(3600)
def test_random_trees(app: Flask) -> None:
    rng = Random(SEED)
    share = -(-TREES // len(AWKWARD_MOMENTS))
    matched_some = 0
    for settings, now in AWKWARD_MOMENTS:
        people = awkward_people(rng, now=now, store=settings)
        scope = settle(people, settings)
        with snapshot(3600) as facts:
            for _ in range(share):
                rules = random_tree(rng, people, now, settings)
                ours = asked(scope, rules, now, facts)
                theirs = {n for n, person in enumerate(people) if matches(rules, person, now=now, store=settings)}
                assert ours == theirs, (rules, now, settings, [people[n] for n in sorted(ours ^ theirs)[:3]])
                matched_some += 0 < len(ours) < len(people)
    # Trees that match nobody or everybody would prove little.
    assert matched_some > share * len(AWKWARD_MOMENTS) / 3


def test_every_field_and_operator_alone(app: Flask) -> None:
    for settings, now in AWKWARD_MOMENTS[::4]:
        people = awkward_people(Random(SEED), now=now, store=settings)
        scope = settle(people, settings)
        with snapshot(600) as facts:
            for rules in every_field_operator():
                ours = asked(scope, rules, now, facts)
                theirs = {n for n, person in enumerate(people) if matches(rules, person, now=now, store=settings)}
                assert ours == theirs, (rules, now, settings)


def test_an_operator_and_its_negative_split_everyone_in_two(app: Flask) -> None:
    settings, now = AWKWARD_MOMENTS[0]
    people = awkward_people(Random(SEED), now=now, store=settings)
    scope, everyone = settle(people, settings), set(range(len(people)))
    with snapshot(600) as facts:
        for rules in every_field_operator():
            condition = rules["conditions"][0]
            matching = asked(scope, rules, now, facts)
            flipped = asked(scope, {**rules, "negate": True}, now, facts)
            assert (matching | flipped, matching & flipped) == (everyone, set())
            if condition["operator"] in NEGATIVE_OF:
                opposite = {**rules, "conditions": [{**condition, "operator": NEGATIVE_OF[condition["operator"]]}]}
                assert asked(scope, opposite, now, facts) == flipped
