"""Which saved segments have a count that is out of date, and counting them in as few looks at the data as possible."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import or_, select

from segmentation.audience.scope import Scope
from segmentation.counting import Counted, Subject, count, count_together, subject_of
from segmentation.errors import Abandoned, DomainError
from segmentation.extensions import db
from segmentation.models import Segment
from segmentation.references import StoredSegments
from segmentation.rules.reading import RulesError
from segmentation.rules.sql import meaning
from segmentation.rules.tree import Group, conditions_of, references_of
from segmentation.rules.windows import Clock
from segmentation.segments import data_version

AT_ONCE = 50  # segments to a statement
CONDITIONS_AT_ONCE = 400  # a wider statement would be longer than SQLite takes


@dataclass(frozen=True)
class Due:
    """A segment that is to be counted again. `still`: the count that is known to hold still, if there is one."""

    subject: Subject
    still: Counted | None


def due_segments(scope: Scope, now: datetime) -> list[Due]:
    """The active segments whose data changed since they were counted, or whose count is of an earlier local day.

    Those whose rules no longer fit are left out. Where neither data nor dates moved on, the old count holds still.
    """
    version, clock = data_version(scope), _clock(scope, now)
    rows = db.session.scalars(select(Segment).where(
        Segment.store_id == scope.store_id, Segment.deleted_at.is_(None), Segment.is_active,
        or_(Segment.counted_version.is_(None), Segment.counted_version != version,
            Segment.count_cached_at < clock.start(clock.today))).order_by(Segment.created_at, Segment.id)).all()
    stored, found = StoredSegments(scope, db.session()), []
    for row in rows:
        try:
            subject = subject_of(scope, row, stored.tree(row))
        except RulesError:
            continue
        holds = row.counted_version == version and _same_dates(scope, row, subject, now)
        found.append(Due(subject, Counted(row.cached_count, now, version) if holds else None))
    return found


def fingerprint(scope: Scope, due: Sequence[Due], now: datetime) -> str:
    """What is due, of which data, on which day, as a key: the same again is not worth another try."""
    day = _clock(scope, now).today
    told = [f"{data_version(scope)} {day}", *sorted(str(sorted(each.subject.versions.items())) for each in due)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def batches(due: Sequence[Due]) -> Iterator[list[Due]]:
    """Those that fit into one statement, in turn."""
    batch: list[Due] = []
    width = 0
    for each in due:
        own = 0 if each.still is not None else sum(1 for _ in _all_conditions(each.subject.rules))
        if batch and (len(batch) == AT_ONCE or width + own > CONDITIONS_AT_ONCE):
            yield batch
            batch, width = [], 0
        batch.append(each)
        width += own
    if batch:
        yield batch


def count_batch(scope: Scope, batch: Sequence[Due]) -> list[tuple[Subject, Counted]]:
    """The counts of a batch. When they cannot be had together each is tried alone, and those that fail are left out.

    Raises Abandoned when nobody wants them any more.
    """
    moved = [each.subject for each in batch if each.still is None]
    known = [(each.subject, each.still) for each in batch if each.still is not None]
    try:
        return known + _counted(scope, moved)
    except Abandoned:
        raise
    except DomainError:
        return known + [pair for each in moved for pair in _tried(scope, each)]


def _counted(scope: Scope, subjects: Sequence[Subject]) -> list[tuple[Subject, Counted]]:
    seconds = current_app.config["REFRESH_SECONDS"]
    if len(subjects) > 1:
        return count_together(scope, subjects, seconds)
    return [(each, count(scope, each.rules, seconds)) for each in subjects]


def _tried(scope: Scope, subject: Subject) -> list[tuple[Subject, Counted]]:
    try:
        return _counted(scope, [subject])
    except Abandoned:
        raise
    except DomainError:
        return []


def _same_dates(scope: Scope, row: Segment, subject: Subject, now: datetime) -> bool:
    if row.count_cached_at is None:
        return False
    then, today = (_dates(subject.rules, _day(scope, at)) for at in (row.count_cached_at, now))
    return then == today


def _dates(rules: Group, day: Clock) -> list[Any]:
    """What the comparisons accept when that day begins; dates that move with the hours move with the days too."""
    return [meaning(node, day) for node in _all_conditions(rules) if node.field.kind.name != "segment_reference"]


def _all_conditions(rules: Group) -> Iterator[Any]:
    yield from conditions_of(rules)
    for reference in references_of(rules).values():
        yield from _all_conditions(reference.tree)


def _clock(scope: Scope, now: datetime) -> Clock:
    return Clock(now, scope.settings.zone, scope.settings.week_start)


def _day(scope: Scope, now: datetime) -> Clock:
    clock = _clock(scope, now)
    return _clock(scope, clock.start(clock.today))
