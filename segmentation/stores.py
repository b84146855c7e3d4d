"""The settings of a store: reading them, and changing them together with all that follows from them.

What answers depend on changes in one transaction: which statuses count with the orders, the statistics of their
customers and the scores; the time zone with the scores, which go by local days. Whoever asks gets the store as it was
before or as it is after, never something between. Stored counts are out of date from then on. What takes long is left
to a job, which does the same in one transaction of its own. These use cases commit.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from segmentation import leases, limits
from segmentation.accounts import StoreDraft, check
from segmentation.audience.scope import Scope
from segmentation.audit import record
from segmentation.database import writing
from segmentation.errors import Conflict, Stale
from segmentation.extensions import db
from segmentation.facts.recounting import recount_orders
from segmentation.facts.versions import lock_facts, next_version
from segmentation.imports import JOB_KINDS
from segmentation.leases import UNFINISHED
from segmentation.models import Job, Order, Store
from segmentation.models.types import utc_now
from segmentation.queue import enqueue
from segmentation.scoring import score_within

JOB = "settings"
SETTINGS = ("name", "timezone", "currency", "country", "week_start", "language", "counted_statuses")
ANSWERS_DEPEND_ON = frozenset({"timezone", "week_start", "counted_statuses"})
SCORES_DEPEND_ON = frozenset({"timezone", "counted_statuses"})
READING_DEPENDS_ON = frozenset({"timezone", "country", "currency"})  # what a file says without saying it
Progress = Callable[[int, int], None]


def get_store(scope: Scope) -> Store:
    """The store."""
    return db.session.get_one(Store, scope.store_id)


def coming_change(scope: Scope) -> Job | None:
    """The job that is changing the settings, or will, if there is one."""
    found: Job | None = db.session.scalar(_unfinished(scope.store_id, (JOB,)))
    return found


def change_store(scope: Scope, changes: Mapping[str, Any], expected: set[int] | None) -> Job | None:
    """Change the settings given; the job that does it, where that takes long or an import has to end first.

    `expected` are the versions the caller may overwrite (None: any). Raises Invalid with every problem, Stale, and
    Conflict for another currency when there are orders, or while another change is being made.
    """
    with writing() as session:
        lock_facts(session, scope.store_id)
        store = session.get_one(Store, scope.store_id, populate_existing=True)
        if expected is not None and store.settings_version not in expected:
            raise Stale(extra={"store": store})
        changed = _checked(session, store, changes)
        if not changed:
            return None
        if not _takes_long(session, store, changed.keys()):
            apply_changes(session, store.id, changed, scope.user_id)
            return None
        _check_currency(session, store.id, changed)
        job = leases.add(session, store.id, JOB, {"changes": changed}, user_id=scope.user_id)
    enqueue(job.id)
    return job


def apply_changes(
    session: Session, store_id: uuid.UUID, changes: Mapping[str, Any], user_id: uuid.UUID | None,
    progress: Progress = lambda _done, _total: None,
) -> dict[str, int]:
    """Change the settings in the running transaction, with all that follows; how many orders and customers did.

    Raises Invalid when the amounts of somebody's orders that count now add up to more than can be stored, and Conflict
    for another currency when there are orders.
    """
    lock_facts(session, store_id)
    _check_currency(session, store_id, changes)
    version = next_version(session, store_id) if changes.keys() & ANSWERS_DEPEND_ON else None
    store = session.get_one(Store, store_id, populate_existing=True)
    for key, value in changes.items():
        setattr(store, key, value)
    store.settings_version += 1
    session.flush()
    figures = {} if version is None else _follow(session, store, version, changes, progress)
    record(session, "store_change", user_id=user_id, store_id=store_id, keys=sorted(changes), **figures)
    return figures


def _follow(
    session: Session, store: Store, version: int, changes: Mapping[str, Any], progress: Progress
) -> dict[str, int]:
    """What depends on the settings, now that they are others."""
    figures: dict[str, int] = {}
    owners = 0
    if "counted_statuses" in changes:
        orders, owners = recount_orders(session, store.id, store.counted_statuses, version, progress)
        figures = {"orders_changed": orders, "customers_changed": owners}
    if changes.keys() & SCORES_DEPEND_ON and store.rfm is not None:
        scored = score_within(session, store.id, version, utc_now(),
                              lambda done, buyers: progress(owners + done, owners + buyers))
        figures["scores_changed"] = scored.changed
    leases.add_once(session, store.id, "refresh")
    return figures


def _checked(session: Session, store: Store, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that would differ, checked. Raises Invalid, and Conflict while another change is being made."""
    before = StoreDraft(**{key: getattr(store, key) for key in SETTINGS})
    after = check(replace(before, **changes))
    changed = {key: getattr(after, key) for key in SETTINGS if getattr(after, key) != getattr(store, key)}
    if changed and session.execute(_unfinished(store.id, (JOB,))).first() is not None:
        raise Conflict("The settings are being changed already. Wait for that to end.", code="already_changing")
    return changed


def _check_currency(session: Session, store_id: uuid.UUID, changes: Mapping[str, Any]) -> None:
    orders = select(Order.number).where(Order.store_id == store_id).limit(1)
    if "currency" in changes and session.execute(orders).first() is not None:
        raise Conflict("There are orders in the store's currency, so it stays.", code="currency_in_use")


def _takes_long(session: Session, store: Store, changed: Any) -> bool:
    if changed & READING_DEPENDS_ON and session.execute(_unfinished(store.id, JOB_KINDS)).first() is not None:
        return True  # a file is read by the settings it was begun with
    recounts = "counted_statuses" in changed or (changed & SCORES_DEPEND_ON and store.rfm is not None)
    return bool(recounts) and max(store.last_order_number, store.last_customer_number) > limits.CHANGED_AT_ONCE


def _unfinished(store_id: uuid.UUID, kinds: tuple[str, ...]) -> Any:
    return select(Job).where(Job.store_id == store_id, Job.kind.in_(kinds), Job.state.in_(UNFINISHED)).limit(1)
