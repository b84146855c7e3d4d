"""What a worker sees to by itself: jobs that lost their holder, files past their day, counts that are out of date, and
what once let people in and does no more.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from time import time
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select

from segmentation import leases, replication
from segmentation.auth import operator_scope
from segmentation.database import let_go, writing
from segmentation.extensions import db
from segmentation.jobs import files
from segmentation.leases import CANCELLED, UNFINISHED
from segmentation.models import ApiToken, Invite, Job, Segment, Session, SignInFailures, Store
from segmentation.models.types import Instant, utc_now
from segmentation.queue import enqueue, queue
from segmentation.refreshing import due_segments, fingerprint
from segmentation.rules.windows import start_of_day
from segmentation.walls import across

LOOKED_AT = 100  # waiting jobs
STORES_AT_ONCE = 20
REMEMBERED = timedelta(days=30)
LAPSED = timedelta(days=1)
# Unfinished ones bring one themselves.
BEFORE_A_REFRESH = ("import_customers", "import_orders", "score", "settings", "refresh")
log = logging.getLogger("segmentation.jobs")


def look_after() -> None:
    """Take back the jobs whose holders are gone, and have the waiting ones looked at, should the queue have lost them.
    """
    if leases.recover():
        log.warning("jobs lost the process that ran them")
    if queue().is_empty():
        for job_id in leases.waiting(LOOKED_AT):
            enqueue(job_id)


def sweep() -> None:
    """What is due every minute. Raises nothing."""
    for chore in (_remove_folders, _forget_jobs, _forget_access, replication.sweep, ask_replicas, ask_refreshes):
        try:
            chore()
        except Exception:
            log.exception("a chore failed; it is tried again in a minute")
        finally:
            let_go()
            db.session.remove()


def ask_refreshes() -> Sequence[uuid.UUID]:
    """Have the stores refreshed that have segments to count again; the jobs that were added, a bounded number."""
    now, added = utc_now(), []
    for store_id in _stores_to_look_at(now):
        job_id = _ask_refresh(store_id, now)
        added += [job_id] if job_id else []
        if len(added) == STORES_AT_ONCE:
            break
    for job_id in added:
        enqueue(job_id)
    return added


def ask_replicas() -> Sequence[uuid.UUID]:
    """Have the replicas made that are due; the jobs that were added."""
    added = []
    for store_id in islice(replication.due_stores(), STORES_AT_ONCE):
        with writing() as session:
            added.append(leases.add(session, store_id, "replica", {}).id)
    for job_id in added:
        enqueue(job_id)
    return added


def _ask_refresh(store_id: uuid.UUID, now: datetime) -> uuid.UUID | None:
    scope = operator_scope(store_id)
    due = due_segments(scope, now)
    if not due:
        return None
    key = fingerprint(scope, due, now)
    with writing() as session:
        tried = select(Job.number).where(Job.store_id == store_id, Job.kind == "refresh", Job.key == key).limit(1)
        if session.execute(tried).first() is not None:
            return None
        return leases.add(session, store_id, "refresh", {}, key=key).id


def _stores_to_look_at(now: datetime) -> Sequence[uuid.UUID]:
    """Stores in which nothing is going on that would end in a refresh, and some active segment may be out of date."""
    with across("sweep"):
        return _out_of_date(now)


def _out_of_date(now: datetime) -> Sequence[uuid.UUID]:
    busy = exists().where(Job.store_id == Store.id, Job.state.in_(UNFINISHED), Job.kind.in_(BEFORE_A_REFRESH))
    return db.session.scalars(
        select(Store.id).join(Segment, Segment.store_id == Store.id)
        .where(Segment.is_active, Segment.deleted_at.is_(None), _may_be_stale(now), ~busy)
        .group_by(Store.id).order_by(func.min(Segment.count_cached_at))).all()


def _may_be_stale(now: datetime) -> ColumnElement[bool]:
    zones = db.session.scalars(select(Store.timezone).distinct())
    yesterdays = [and_(Store.timezone == zone, Segment.count_cached_at < _midnight(zone, now)) for zone in zones]
    return or_(Segment.counted_version.is_(None), Segment.counted_version != Store.data_version, *yesterdays)


def _midnight(zone: str, now: datetime) -> datetime:
    return start_of_day(now.astimezone(ZoneInfo(zone)).date(), ZoneInfo(zone))


def _remove_folders() -> None:
    """Remove the folders of jobs that were cancelled or ended a day ago, and old ones that belong to none."""
    for job_id, age in _folders():
        with across("jobs"):
            job = db.session.scalar(select(Job).where(Job.id == job_id))
        ended = job.finished_at if job is not None else None
        gone = job is None and age > files.KEPT
        if gone or (job and job.state == CANCELLED) or (ended and ended + files.KEPT < utc_now()):
            files.remove(job_id)


def _folders() -> Iterator[tuple[uuid.UUID, timedelta]]:
    for path in files.folders().iterdir():
        with suppress(ValueError, FileNotFoundError):
            yield uuid.UUID(path.name), timedelta(seconds=time() - path.stat().st_mtime)


def _forget_jobs() -> None:
    """Forget old jobs; never the newest, because orders remember the number of the import that wrote them."""
    with across("jobs"), writing() as session:
        newest = select(func.max(Job.number)).scalar_subquery()
        session.execute(delete(Job).where(Job.finished_at < utc_now() - REMEMBERED, Job.number < newest)
                        .execution_options(synchronize_session=False))


def _forget_access() -> None:
    """Forget sign-ins with their refresh tokens and invites a day after they expired, however they ended; API tokens a
    month after their end; failed sign-ins once they are no more counted. The audit log keeps what was done.
    """
    now = utc_now()
    ended = func.coalesce(ApiToken.revoked_at, ApiToken.expires_at, type_=Instant)
    old = ((Session, Session.expires_at < now - LAPSED), (Invite, Invite.expires_at < now - LAPSED),
           (ApiToken, ended < now - REMEMBERED), (SignInFailures, SignInFailures.since < now - LAPSED))
    with across("sweep"):
        found = [(model, which) for model, which in old if db.session.execute(select(1).where(which).limit(1)).first()]
        if not found:
            return  # a write would have others wait, every minute
        with writing() as session:
            for model, which in found:
                session.execute(delete(model).where(which).execution_options(synchronize_session=False))
