"""Counts of saved segments: taken in a read of their own, together with the data version they belong to.

A count is stored only with the rules it was taken for, those of the segments they lead to included, and never over one
of newer data; nor when the store's settings have changed since, its time zone perhaps.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from segmentation.audience import matching
from segmentation.audience.engines import snapshot
from segmentation.audience.scope import Scope
from segmentation.extensions import db
from segmentation.models import Segment, Store
from segmentation.models.types import utc_now
from segmentation.references import referring
from segmentation.rules.tree import Group, references_of


@dataclass(frozen=True)
class Counted:
    """An exact count, the instant it was taken at, and the data version it belongs to."""

    count: int
    at: datetime
    data_version: int


@dataclass(frozen=True)
class Subject:
    """A saved segment as it was read: its id, its rules, and the versions of all that these depend on, its own too."""

    id: uuid.UUID
    rules: Group
    versions: Mapping[uuid.UUID, int]


def subject_of(scope: Scope, row: Segment, rules: Group) -> Subject:
    """The segment of `row`, whose rules have just been read."""
    session = db.session()
    referred = (session.get_one(Segment, (scope.store_id, each)) for each in _led_to(rules))
    return Subject(row.id, rules, {each.id: each.version for each in (row, *referred)})


def count(scope: Scope, rules: Group, seconds: float) -> Counted:
    """The exact count with its instant and data version, from one snapshot. Raises Unavailable past `seconds`."""
    now = utc_now()
    with snapshot(seconds) as facts:
        return Counted(matching.count(scope, rules, now, facts), now, facts.version(scope.store_id))


def count_together(scope: Scope, subjects: Sequence[Subject], seconds: float) -> list[tuple[Subject, Counted]]:
    """The counts of several segments, from one statement: every customer is looked at once for all of them."""
    now = utc_now()
    with snapshot(seconds) as facts:
        found = matching.count_each(scope, [each.rules for each in subjects], now, facts)
        version = facts.version(scope.store_id)
    return [(each, Counted(number, now, version)) for each, number in zip(subjects, found, strict=True)]


def store_counts(session: Session, scope: Scope, counts: Iterable[tuple[Subject, Counted]]) -> int:
    """Keep the counts whose rules, and the settings, are still those counted by; how many these are."""
    counts = list(counts)
    if not are_of_now(session, scope):
        return 0
    if any(len(subject.versions) > 1 for subject, _ in counts):
        # Whoever changes rules holds the store: what we lead to stays as it is until we are done.
        session.execute(select(Store.id).where(Store.id == scope.store_id).with_for_update())
    living = select(Segment.id, Segment.version).where(Segment.store_id == scope.store_id, Segment.deleted_at.is_(None))
    versions = {row.id: row.version for row in session.execute(living)}
    return sum(_store(session, scope, subject, counted) for subject, counted in counts
               if subject.versions.items() <= versions.items())


def are_of_now(session: Session, scope: Scope) -> bool:
    """Whether the store's settings are still those of the scope. What was counted by others belongs to no version."""
    settings = select(Store.settings_version).where(Store.id == scope.store_id)
    return session.connection().execute(settings).scalar_one() == scope.settings_version


def forget_counts(session: Session, scope: Scope, segment_id: uuid.UUID) -> None:
    """Mark the counts of all segments that lead to that one as out of date."""
    found, new = {segment_id}, [segment_id]
    while new:
        leading = {row.id for each in new for row in referring(session, scope.store_id, each)}
        new = list(leading - found)
        found |= leading
    session.execute(
        update(Segment).where(Segment.store_id == scope.store_id, Segment.id.in_(found - {segment_id}))
        .values(counted_version=None))


def _store(session: Session, scope: Scope, subject: Subject, counted: Counted) -> int:
    older = or_(Segment.counted_version.is_(None), Segment.counted_version <= counted.data_version)
    stored = session.connection().execute(
        update(Segment)
        .where(Segment.store_id == scope.store_id, Segment.id == subject.id,
               Segment.version == subject.versions[subject.id], older)
        .values(cached_count=counted.count, count_cached_at=counted.at, counted_version=counted.data_version))
    return stored.rowcount


def _led_to(rules: Group) -> Iterator[uuid.UUID]:
    for reference in references_of(rules).values():
        yield reference.id
        yield from _led_to(reference.tree)
