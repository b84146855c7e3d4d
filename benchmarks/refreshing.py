"""Counting a hundred saved segments together against counting them one by one."""

from __future__ import annotations

import time
from random import Random
from typing import Any

from sqlalchemy import update

from segmentation.audience.remembering import forget_everything
from segmentation.auth import operator_scope
from segmentation.counting import count, store_counts, subject_of
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.models import Segment
from segmentation.models.types import utc_now
from segmentation.refreshing import batches, count_batch, due_segments
from segmentation.rules.reading import read_rules
from segmentation.segments import Draft, create_segment, find_segments, rules_of
from segmentation.values.codes import RFM_LABELS

SEGMENTS = 100
SECONDS = 60.0


def make_segments(store_id: Any) -> None:
    """A hundred segments, as different as those of shops are; each eighth looks into orders."""
    scope, rng = operator_scope(store_id), Random(100)
    for number in range(SEGMENTS):
        rules = {"logic": rng.choice(("AND", "OR")), "conditions": [_condition(rng) for _ in range(rng.randint(1, 3))]}
        if number % 8 == 0:
            rules["conditions"] = [*rules["conditions"], _of_orders(rng)]
        create_segment(scope, Draft(f"Segment {number}", "", read_rules(rules, scope.catalogue)))


def compare_refreshes(store_id: Any) -> tuple[float, float]:
    """Seconds to count all segments, one by one and together."""
    scope = operator_scope(store_id)
    forget_everything()
    started = time.perf_counter()
    alone = {}
    for row in find_segments(scope):
        subject = subject_of(scope, row, rules_of(scope, row))
        counted = count(scope, subject.rules, SECONDS)
        with writing() as session:
            store_counts(session, scope, [(subject, counted)])
        alone[subject.id] = counted.count
    between = time.perf_counter()
    with writing() as session:
        session.execute(update(Segment).values(counted_version=None, cached_count=0))
    forget_everything()
    began = time.perf_counter()
    for batch in batches(due_segments(scope, utc_now())):
        counts = count_batch(scope, batch)
        with writing() as session:
            store_counts(session, scope, counts)
    seconds = time.perf_counter() - began
    db.session.expire_all()
    if {row.id: row.cached_count for row in find_segments(scope)} != alone:
        raise SystemExit("counted together the segments have other counts")
    return between - started, seconds


def _condition(rng: Random) -> dict[str, Any]:
    return rng.choice((
        {"field": "orders_count", "operator": "greater_than_or_equals", "value": rng.randint(0, 9)},
        {"field": "orders_amount", "operator": "greater_than", "value": rng.randint(0, 5_000)},
        {"field": "last_order_at", "operator": "more_than_ago", "value": rng.randint(5, 400), "unit": "days"},
        {"field": "segment", "operator": "in", "value": rng.sample(RFM_LABELS, 3)},
        {"field": "city", "operator": "equals", "value": rng.choice(("Riyadh", "Jeddah", "Abha"))},
        {"field": "first_name", "operator": "contains", "value": rng.choice(("احم", "sar", "خال"))},
        {"field": "created_at", "operator": "in_last", "value": rng.randint(1, 24), "unit": "months"},
        {"field": "gender", "operator": "is_empty"}))


def _of_orders(rng: Random) -> dict[str, Any]:
    return {"field": "orders.count", "operator": "greater_than_or_equals", "value": rng.randint(1, 3), "where": {
        "logic": "AND", "conditions": [
            {"field": "order.ordered_at", "operator": "in_last", "value": rng.randint(30, 300), "unit": "days"}]}}
