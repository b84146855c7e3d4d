"""Segments: saved rules with a name. Create, change, delete, restore, duplicate, count, refresh. These use cases
commit.

How a count is taken, and when it may be stored, is in `counting`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from segmentation import leases, limits, metrics
from segmentation.audience import matching
from segmentation.audience.engines import snapshot
from segmentation.audience.scope import Scope
from segmentation.audit import record
from segmentation.counting import Counted, are_of_now, count, forget_counts, store_counts, subject_of
from segmentation.database import writing
from segmentation.errors import Conflict, Invalid, NotFound, Stale, Unavailable
from segmentation.extensions import db
from segmentation.models import Segment, SegmentRevision, Store
from segmentation.models.types import new_id, utc_now
from segmentation.queue import enqueue
from segmentation.references import StoredSegments, referring
from segmentation.repeats import ANY_TIME, AnyTime
from segmentation.rules.reading import RulesError
from segmentation.rules.sentences import sentence
from segmentation.rules.tree import Group, references_of
from segmentation.rules.wire import to_wire
from segmentation.translations import Filled, Listing, Words
from segmentation.values.text import fold
from segmentation.walls import across

SECONDS_WITH_A_WRITE = 1.0


@dataclass(frozen=True)
class Draft:
    """What a segment is made of."""

    name: str
    description: str
    rules: Group
    is_active: bool = True


def preview(scope: Scope, rules: Group) -> int:
    """How many customers match, now."""
    with metrics.preview(), snapshot(current_app.config["PREVIEW_SECONDS"]) as facts:
        return matching.count(scope, rules, utc_now(), facts)


def rules_of(scope: Scope, segment: Segment) -> Group:
    """The segment's rules, read afresh. Raises Invalid, with the problems, if they no longer fit."""
    try:
        return StoredSegments(scope, db.session()).tree(segment)
    except RulesError as error:
        raise Invalid("The rules of this segment no longer fit. Edit them.", error.problems,
                      code="invalid_segment") from error


def find_segments(scope: Scope, is_active: bool | None = None, search: str | None = None) -> Sequence[Segment]:
    """The store's segments, newest first; `search` is found in the name, folded."""
    query = select(Segment).where(Segment.store_id == scope.store_id, Segment.deleted_at.is_(None))
    if is_active is not None:
        query = query.where(Segment.is_active == is_active)
    found = db.session.scalars(query.order_by(Segment.created_at.desc(), Segment.id.desc())).all()
    return [row for row in found if fold(search) in fold(row.name)] if search else found


def archived_segments(scope: Scope) -> Sequence[Segment]:
    """The deleted segments that can still be restored, the last deleted first."""
    oldest = utc_now() - timedelta(days=limits.RESTORE_DAYS)
    return db.session.scalars(
        select(Segment).where(Segment.store_id == scope.store_id, Segment.deleted_at > oldest)
        .order_by(Segment.deleted_at.desc())).all()


def data_version(scope: Scope) -> int:
    """The version of the store's facts."""
    return db.session.execute(select(Store.data_version).where(Store.id == scope.store_id)).scalar_one()


def get_segment(scope: Scope, segment_id: uuid.UUID) -> Segment:
    """A segment of the store. Raises NotFound."""
    return _get(db.session(), scope, segment_id)


def create_segment(scope: Scope, draft: Draft, once: AnyTime = ANY_TIME) -> Segment:
    """Save a new segment, counted if that takes less than a second. Raises Conflict at the store's limit."""
    counted = _try_count(scope, draft.rules)
    now = utc_now()
    with writing() as session:
        once.begin(session)
        _check_room(session, scope)
        _check_references(session, scope, draft.rules, None)
        counted = counted if are_of_now(session, scope) else None
        row = Segment(
            store_id=scope.store_id, id=new_id(), name=draft.name, description=draft.description,
            rules=to_wire(draft.rules), is_active=draft.is_active, version=1, cached_count=0, created_at=now,
            updated_at=now)
        _store_count(row, counted)
        session.add(row)
        session.flush()
        _add_revision(session, scope, row)
        record(session, "segment_create", user_id=scope.user_id, store_id=scope.store_id, segment_id=str(row.id))
        waiting = None if counted else _count_later(session, scope, row)
        once.end(session, row)
    _wake(waiting)
    return row


def change_segment(scope: Scope, segment_id: uuid.UUID, changes: dict[str, Any], expected: set[int] | None) -> Segment:
    """Change the keys given (name, description, rules, is_active); a new revision if anything differs.

    `expected` are the versions the caller may overwrite (None: any). Raises NotFound, Stale.
    """
    counted = _try_count(scope, changes["rules"]) if "rules" in changes else None
    values = {key: to_wire(value) if key == "rules" else value for key, value in changes.items()}
    with writing() as session:
        _lock_store(session, scope)
        row = _get(session, scope, segment_id, lock=True)
        if expected is not None and row.version not in expected:
            raise Stale(extra={"segment": row})
        if "rules" in changes:
            _check_references(session, scope, changes["rules"], row)
        changed = {key: value for key, value in values.items() if getattr(row, key) != value}
        for key, value in changed.items():
            setattr(row, key, value)
        if "rules" in changed:
            counted = counted if are_of_now(session, scope) else None
            _store_count(row, counted)
            session.flush()
            forget_counts(session, scope, segment_id)
        if changed:
            row.version += 1
            row.updated_at = utc_now()
            _add_revision(session, scope, row)
            record(session, "segment_change", user_id=scope.user_id, store_id=scope.store_id,
                   segment_id=str(row.id), keys=sorted(changed))
        waiting = _count_later(session, scope, row) if "rules" in changed and counted is None else None
    _wake(waiting)
    return row


def delete_segment(scope: Scope, segment_id: uuid.UUID, expected: set[int] | None) -> None:
    """Put a segment away; it can be restored for 30 days. Raises NotFound, Stale, Conflict while others refer to it."""
    with writing() as session:
        _lock_store(session, scope)
        row = _get(session, scope, segment_id, lock=True)
        if expected is not None and row.version not in expected:
            raise Stale(extra={"segment": row})
        _check_unused(session, scope, row)
        row.deleted_at = utc_now()
        record(session, "segment_delete", user_id=scope.user_id, store_id=scope.store_id, segment_id=str(row.id))


def restore_segment(scope: Scope, segment_id: uuid.UUID) -> Segment:
    """Bring a deleted segment back. Raises NotFound past 30 days, Conflict at the store's limit."""
    with writing() as session:
        row = session.get(Segment, (scope.store_id, segment_id), with_for_update=True)
        oldest = utc_now() - timedelta(days=limits.RESTORE_DAYS)
        if row is None or (row.deleted_at is not None and row.deleted_at < oldest):
            raise NotFound()
        if row.deleted_at is not None:
            _check_room(session, scope)
            row.deleted_at = None
            record(session, "segment_restore", user_id=scope.user_id, store_id=scope.store_id,
                   segment_id=str(row.id))
    return row


def duplicate_segment(scope: Scope, segment_id: uuid.UUID) -> Segment:
    """A copy of a segment, of its own from then on."""
    row = get_segment(scope, segment_id)
    name = f"{row.name[:limits.NAME_LENGTH - 4]} (2)"
    return create_segment(scope, Draft(name, row.description, rules_of(scope, row), row.is_active))


def revisions(scope: Scope, segment_id: uuid.UUID) -> Sequence[SegmentRevision]:
    """What the segment was at each of its versions, newest first."""
    row = get_segment(scope, segment_id)
    return db.session.scalars(
        select(SegmentRevision)
        .where(SegmentRevision.store_id == scope.store_id, SegmentRevision.segment_id == row.id)
        .order_by(SegmentRevision.version.desc())).all()


def restore_revision(scope: Scope, segment_id: uuid.UUID, version: int) -> Segment:
    """Make a segment again what it was at a version. Raises NotFound; Invalid when its rules no longer fit."""
    row = get_segment(scope, segment_id)
    if not 0 < version <= row.version:
        raise NotFound()
    old = db.session.get(SegmentRevision, (scope.store_id, row.id, version))
    if old is None:
        raise NotFound()
    name, description = old.name, old.description
    try:
        rules = StoredSegments(scope, db.session()).check(old.rules, row)
    except RulesError as error:
        raise Invalid("The rules of that version no longer fit.", error.problems, code="invalid_segment") from error
    return change_segment(scope, segment_id, {"name": name, "description": description, "rules": rules}, None)


def sentence_of(scope: Scope, rules: Any) -> Words | None:
    """Stored rules in words; None when they no longer fit."""
    try:
        return sentence(StoredSegments(scope, db.session()).check(rules, None), scope.settings.currency)
    except RulesError:
        return None


def refresh_segment(scope: Scope, segment_id: uuid.UUID) -> Segment:
    """Count a segment again. The count is stored only if its rules are still those counted. Raises Invalid."""
    row = get_segment(scope, segment_id)
    subject = subject_of(scope, row, rules_of(scope, row))
    counted = count(scope, subject.rules, current_app.config["REFRESH_SECONDS"])
    with writing() as session:
        store_counts(session, scope, [(subject, counted)])
    return get_segment(scope, segment_id)


def store_ids() -> Sequence[uuid.UUID]:
    """Every store, oldest first. For the operator's commands, never for requests."""
    with across("sweep"):
        return db.session.scalars(select(Store.id).order_by(Store.created_at)).all()


def _get(session: Session, scope: Scope, segment_id: uuid.UUID, lock: bool = False) -> Segment:
    row = session.get(Segment, (scope.store_id, segment_id), with_for_update=lock)
    if row is None or row.deleted_at is not None:
        raise NotFound()
    return row


def _try_count(scope: Scope, rules: Group) -> Counted | None:
    try:
        return count(scope, rules, SECONDS_WITH_A_WRITE)
    except Unavailable:
        return None


def _store_count(row: Segment, counted: Counted | None) -> None:
    row.cached_count = counted.count if counted else 0
    row.count_cached_at = counted.at if counted else None
    row.counted_version = counted.data_version if counted else None


def _count_later(session: Session, scope: Scope, row: Segment) -> uuid.UUID:
    return leases.add(session, scope.store_id, "refresh", {"segment_id": str(row.id)}, user_id=scope.user_id).id


def _wake(job_id: uuid.UUID | None) -> None:
    if job_id is not None:
        enqueue(job_id)


def _lock_store(session: Session, scope: Scope) -> None:
    """Have changes of a store's segments wait for one another: two at once could both take the last place, or make
    each refer to the other."""
    session.execute(select(Store.id).where(Store.id == scope.store_id).with_for_update())


def _check_references(session: Session, scope: Scope, rules: Group, row: Segment | None) -> None:
    if not references_of(rules):
        return
    session.expire_all()  # what was read before the lock may be old
    try:
        StoredSegments(scope, session).check(to_wire(rules), row)
    except RulesError as error:
        raise Invalid("The rules refer to segments in a way they cannot.", error.problems,
                      code="invalid_rules") from error


def _check_unused(session: Session, scope: Scope, row: Segment) -> None:
    users = [each for each in referring(session, scope.store_id, row.id) if each.id != row.id]
    if users:
        names = Listing([f"“{each.name}”" for each in users])
        raise Conflict(Filled("Other segments refer to it: {names}.", names=names), code="segment_in_use",
                       extra={"segments": [{"id": str(each.id), "name": each.name} for each in users]})


def _check_room(session: Session, scope: Scope) -> None:
    _lock_store(session, scope)
    living = select(func.count()).select_from(Segment).where(
        Segment.store_id == scope.store_id, Segment.deleted_at.is_(None))
    if session.execute(living).scalar_one() >= limits.SEGMENTS:
        raise Conflict(Filled("A store has at most {most} segments.", most=limits.SEGMENTS), code="too_many_segments")


def _add_revision(session: Session, scope: Scope, row: Segment) -> None:
    session.add(SegmentRevision(
        store_id=row.store_id, segment_id=row.id, version=row.version, name=row.name, description=row.description,
        rules=row.rules, is_active=row.is_active, changed_by=scope.user_id, changed_at=row.updated_at))
