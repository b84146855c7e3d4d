"""Customers and their orders as a shop's own programs keep them: writing them in batches, which segments one is in, and
erasing one. These use cases commit.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from segmentation.audience.belonging import matching_trees
from segmentation.audience.engines import snapshot
from segmentation.audience.people import find_person
from segmentation.audience.scope import Scope
from segmentation.audit import record
from segmentation.database import writing
from segmentation.errors import Invalid, NotFound, Unavailable
from segmentation.extensions import db
from segmentation.facts.customer_rows import CustomerRecord
from segmentation.facts.customers import upsert_customers
from segmentation.facts.erase import erase_customer
from segmentation.facts.objects import Batch
from segmentation.facts.order_drafts import OrderChange
from segmentation.facts.orders import upsert_orders
from segmentation.facts.writing import Written
from segmentation.models import Customer, Segment
from segmentation.models.types import utc_now
from segmentation.references import StoredSegments
from segmentation.repeats import ANY_TIME, AnyTime
from segmentation.rules.reading import RulesError
from segmentation.rules.tree import Group
from segmentation.segments import find_segments

INVALID, TOO_SLOW = "invalid", "too_slow"


@dataclass
class Belonging:
    """The active segments that a customer is in, those they are not in, and those of which that cannot be told, with
    the reason.
    """

    inside: list[Segment] = field(default_factory=list)
    outside: list[Segment] = field(default_factory=list)
    untold: list[tuple[Segment, str]] = field(default_factory=list)


def write_customers(scope: Scope, batch: Batch[CustomerRecord], once: AnyTime = ANY_TIME) -> Written:
    """Store the customers of a batch, all or none. Raises Invalid with every problem."""
    return _write(scope, "customers_write", batch, once,
                  lambda session: upsert_customers(session, scope.store_id, list(batch.records.values())))


def write_orders(scope: Scope, batch: Batch[OrderChange], once: AnyTime = ANY_TIME) -> Written:
    """Store the orders of a batch, all or none, creating customers that are unknown. Raises Invalid with every problem.
    """
    return _write(scope, "orders_write", batch, once,
                  lambda session: upsert_orders(session, scope.store_id, list(batch.records.values()), None))


def belonging(scope: Scope, customer: Customer) -> Belonging:
    """Which active segments the customer is in, now."""
    found, rows = Belonging(), list(find_segments(scope, True))
    trees = _trees(scope, rows, found)
    matches = _matches(scope, trees, customer.number)
    for row in rows:
        if row.id in trees and row.id not in matches:
            found.untold.append((row, TOO_SLOW))
        elif row.id in matches:
            (found.inside if matches[row.id] else found.outside).append(row)
    return found


def erase(scope: Scope, customer_id: uuid.UUID) -> None:
    """Erase a customer with everything of theirs. Raises NotFound."""
    with writing() as session:
        customer = find_person(scope, customer_id)
        if customer is None:
            raise NotFound()
        version = erase_customer(session, scope.store_id, customer.number)
        record(session, "customer_erase", user_id=scope.user_id, store_id=scope.store_id,
               customer_id=str(customer_id), data_version=version)


def _write(
    scope: Scope, action: str, batch: Batch[Any], once: AnyTime, upsert: Callable[[Session], Written]
) -> Written:
    with writing() as session:
        once.begin(session)
        written = upsert(session)
        problems = batch.refused(written.refused)
        if problems:
            raise Invalid("Some values cannot be used. Nothing was stored.", problems)
        if written.created or written.changed:
            record(session, action, user_id=scope.user_id, store_id=scope.store_id, created=written.created,
                   changed=written.changed, unchanged=written.unchanged, data_version=written.version)
        once.end(session, written)
    return written


def _trees(scope: Scope, rows: list[Segment], found: Belonging) -> dict[uuid.UUID, Group]:
    """The rules of the segments, by id; those that no longer fit are noted."""
    stored, trees = StoredSegments(scope, db.session()), {}
    for row in rows:
        try:
            trees[row.id] = stored.tree(row)
        except RulesError:
            found.untold.append((row, INVALID))
    return trees


def _matches(scope: Scope, trees: Mapping[uuid.UUID, Group], number: int) -> dict[uuid.UUID, bool]:
    """Of each segment whether the customer matches; of none past the deadline."""
    matches: dict[uuid.UUID, bool] = {}
    try:
        with snapshot(current_app.config["PAGE_SECONDS"]) as facts:
            matches.update(matching_trees(scope, trees, utc_now(), facts, number))
    except Unavailable:
        pass
    return matches
