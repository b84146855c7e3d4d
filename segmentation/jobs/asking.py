"""Asking for long work, and seeing what has become of it. Use cases: what was asked is committed before it is queued.

Asking for the same again, while it is not finished, gives the job that is there.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from segmentation import json, leases, limits
from segmentation.audience.scope import Scope
from segmentation.audit import record
from segmentation.database import writing
from segmentation.disk import sync
from segmentation.errors import Conflict, NotFound, TooMany
from segmentation.exports.segment import Wanted
from segmentation.extensions import db
from segmentation.imports import Kind, check_file
from segmentation.jobs import files
from segmentation.leases import CANCELLED, QUEUED, UNFINISHED
from segmentation.models import Job
from segmentation.models.types import new_id, utc_now
from segmentation.queue import enqueue
from segmentation.segments import get_segment, rules_of


def ask_export(scope: Scope, segment_id: uuid.UUID, wanted: Wanted) -> Job:
    """Have a segment's customers written to a file. Raises NotFound, Invalid when its rules no longer fit, TooMany."""
    rules_of(scope, get_segment(scope, segment_id))
    return _ask(scope, "export", {"segment_id": str(segment_id), "wanted": asdict(wanted)})


def ask_refresh(scope: Scope, segment_id: uuid.UUID) -> Job:
    """Have a segment counted again. Raises NotFound, Invalid when its rules no longer fit, TooMany."""
    rules_of(scope, get_segment(scope, segment_id))
    return _ask(scope, "refresh", {"segment_id": str(segment_id)})


def ask_import(scope: Scope, kind: Kind, save: Callable[[Path], None], mapping: Mapping[str, str], name: str) -> Job:
    """Have an uploaded file imported, which `save` puts at a path. Raises Invalid when it does not fit, TooMany.

    `mapping` says which of our columns stands under a heading that is not its name; `name` is the file's own.
    """
    job_id = new_id()
    path = files.folder(job_id) / files.UPLOAD
    try:
        save(path)
        check_file(scope.store_id, kind, path, mapping)
        sync(path, path.parent)
        return _ask(scope, f"import_{kind}", {"mapping": dict(mapping), "name": name}, job_id)
    except BaseException:
        files.remove(job_id)
        raise


def find_jobs(scope: Scope, *, kind: str | None = None, state: str | None = None, before: uuid.UUID | None = None,
              limit: int = 25) -> Sequence[Job]:
    """The store's jobs, newest first; those older than `before`."""
    query = select(Job).where(Job.store_id == scope.store_id).order_by(Job.number.desc()).limit(limit)
    if kind is not None:
        query = query.where(Job.kind == kind)
    if state is not None:
        query = query.where(Job.state == state)
    if before is not None:
        query = query.where(Job.number < get_job(scope, before).number)
    return db.session.scalars(query).all()


def get_job(scope: Scope, job_id: uuid.UUID) -> Job:
    """A job of the store. Raises NotFound."""
    job = db.session.scalar(select(Job).where(Job.store_id == scope.store_id, Job.id == job_id))
    if job is None:
        raise NotFound()
    return job


def cancel_job(scope: Scope, job_id: uuid.UUID) -> Job:
    """Have a job stop: at once if it waits, at its next checkpoint if it runs. Raises NotFound, Conflict if it ended.

    What an import has written by then stays; files of the job go.
    """
    get_job(scope, job_id)
    with writing() as session:
        job = session.scalars(select(Job).where(Job.id == job_id).with_for_update()).one()
        if job.state not in UNFINISHED:
            raise Conflict("The job has ended already.", code="already_ended")
        if job.state == QUEUED:
            job.state, job.finished_at = CANCELLED, utc_now()
        job.cancelling = True
        record(session, "job_cancel", user_id=scope.user_id, store_id=scope.store_id, job_id=str(job_id), kind=job.kind)
    if job.state == CANCELLED:
        files.remove(job_id)
    return job


def _ask(scope: Scope, kind: str, params: Mapping[str, Any], job_id: uuid.UUID | None = None) -> Job:
    """A new job. One that brings no upload, and so no `job_id`, is found by what it asks for while it is unfinished."""
    key = "" if job_id else hashlib.sha256(json.dumps(params)).hexdigest()
    with writing() as session:
        job = _same(session, scope, kind, key) if key else None
        if job is None:
            _check_room(session, scope, kind)
            job = leases.add(session, scope.store_id, kind, params, key=key, user_id=scope.user_id, job_id=job_id)
    enqueue(job.id)
    return job


def _same(session: Session, scope: Scope, kind: str, key: str) -> Job | None:
    return session.scalar(select(Job).where(
        Job.store_id == scope.store_id, Job.kind == kind, Job.key == key, Job.user_id == scope.user_id,
        Job.state.in_(UNFINISHED)).limit(1))


def _check_room(session: Session, scope: Scope, kind: str) -> None:
    unfinished = select(func.count()).select_from(Job).where(
        Job.store_id == scope.store_id, Job.kind == kind, Job.state.in_(UNFINISHED))
    if session.execute(unfinished).scalar_one() >= limits.UNFINISHED_JOBS:
        raise TooMany("Too many jobs of this kind are waiting in this store. Try again later.",
                      code="too_many_jobs", headers={"Retry-After": "60"})
