"""Holding a job: a lease that must be renewed, and an attempt number that fences off whoever held it before.

A job is running while somebody holds its lease. A holder on this machine whose process is gone has lost it at once, one
elsewhere when the lease runs out. A waiting job is left alone until `lease_until`. What is saved commits with the data
it speaks of, and only for the newest attempt.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from segmentation.database import writing
from segmentation.errors import Cancelled, Conflict, NotFound
from segmentation.extensions import db
from segmentation.limits import RUNNING_EXPORTS, RUNNING_IMPORTS
from segmentation.models import Job, Store
from segmentation.models.types import new_id, utc_now
from segmentation.walls import across, keep_to

LEASE = timedelta(seconds=20)
PATIENCE = timedelta(minutes=2)  # with a process that is there, and kept from renewing by another's long transaction
REST = timedelta(seconds=5)  # after each failure that may pass
DEATHS = 3  # processes that one job may cost, at one place, before it is given up
QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
UNFINISHED = (QUEUED, RUNNING)
# Which kinds share how many places: so many run in a store at a time, the others wait.
LANES = ((("import_customers", "import_orders", "settings"), RUNNING_IMPORTS), (("export",), RUNNING_EXPORTS),
         (("refresh",), 1), (("score",), 1), (("replica",), 1))


@dataclass(frozen=True)
class Lease:
    """A job that is ours: its number, which attempt at it this is (from 1), and the checkpoint to go on from."""

    job: int
    attempt: int
    checkpoint: Mapping[str, Any]


@dataclass(frozen=True)
class Meter:
    """How far a job is: `done` of `total` (None: not known), and how many it does in a second."""

    done: int = 0
    total: int | None = None
    rate: float | None = None


def add(session: Session, store_id: uuid.UUID, kind: str, params: Mapping[str, Any], *, key: str = "",
        user_id: uuid.UUID | None = None, job_id: uuid.UUID | None = None) -> Job:
    """A new job, waiting. Enqueue it once the transaction is committed; if that is forgotten a worker finds it."""
    job = Job(id=job_id or new_id(), store_id=store_id, kind=kind, params=dict(params), key=key, user_id=user_id,
              state=QUEUED)
    session.add(job)
    session.flush()
    return job


def add_once(session: Session, store_id: uuid.UUID, kind: str) -> None:
    """A new job that takes all there is, unless one of its kind waits already."""
    found = select(Job.number).where(Job.store_id == store_id, Job.kind == kind, Job.state == QUEUED, Job.key == "")
    if session.execute(found.limit(1)).first() is None:
        add(session, store_id, kind, {})


def claim(store_id: uuid.UUID, kind: str, key: str, exclusive: Sequence[str]) -> Lease:
    """Take the unfinished job of that kind and key, or a new one with an empty checkpoint.

    For commands, which run a job themselves. Raises Conflict while somebody runs a job of the kinds `exclusive` in the
    store; NotFound without such a store.
    """
    keep_to(store_id)
    with writing() as session:
        if session.get(Store, store_id, with_for_update=True) is None:
            raise NotFound(f"There is no store {store_id}.")
        _refuse_while_held(session, store_id, exclusive)
        job = session.scalar(
            select(Job).where(Job.store_id == store_id, Job.kind == kind, Job.key == key)
            .order_by(Job.number.desc()).limit(1))
        if job is None or job.state in (DONE, CANCELLED):
            job = add(session, store_id, kind, {"command": True}, key=key)
        return _hold(session, job)


def take(job_id: uuid.UUID) -> Lease | None:
    """Take a waiting job; None when it waits no longer, or when its kind has no place free in its store."""
    with across("jobs"), writing() as session:
        job = session.scalar(select(Job).where(Job.id == job_id))
        if job is None:
            return None
        kinds, places = next(lane for lane in LANES if job.kind in lane[0])
        rivals = select(Job.number).where(
            Job.store_id == job.store_id, Job.kind.in_(kinds), Job.state.in_(UNFINISHED)).order_by(Job.number)
        session.execute(rivals.with_for_update()).all()  # two workers must not both take the last place
        running = session.scalar(select(func.count()).select_from(
            rivals.where(Job.state == RUNNING).order_by(None).subquery()))
        session.refresh(job)
        if job.state != QUEUED or job.lease_until > utc_now() or (running or 0) >= places:
            return None
        return _hold(session, job)


def save(session: Session, lease: Lease, checkpoint: Mapping[str, Any]) -> None:
    """Renew the lease and keep the checkpoint in the running transaction.

    Raises Conflict when somebody else took over, Cancelled when the job is wanted no longer.
    """
    if _update(session, lease, checkpoint=dict(checkpoint), deaths=0):
        raise Cancelled()


def finish(session: Session, lease: Lease, result: Mapping[str, Any], amount: int) -> None:
    """End the job well, in the transaction that ends its work; `amount` is all there was to do.

    Raises Conflict when somebody else took over.
    """
    _update(session, lease, state=DONE, result=dict(result), done=amount, total=amount, finished_at=utc_now())


def renew(lease: Lease, meter: Meter) -> bool:
    """Keep the lease, and tell how far the job is; whether it was asked to stop. Raises Conflict as `save` does."""
    with across("jobs"), writing() as session:
        return _update(session, lease, done=meter.done, total=meter.total, rate=meter.rate)


def end(lease: Lease, state: str, code: str, message: str) -> None:
    """End the job, failed or cancelled, and say why. Does nothing when somebody else took over."""
    now = utc_now()
    error = None if state == CANCELLED else {"code": code, "message": message}
    with across("jobs"), writing() as session:
        session.execute(
            update(Job).where(Job.number == lease.job, Job.attempt == lease.attempt, Job.state == RUNNING)
            .values(state=state, error=error, updated_at=now, finished_at=now))


def release(lease: Lease) -> None:
    """Give a command's job up, so that it can be taken up again at its checkpoint at once."""
    with across("jobs"), writing() as session:
        job = session.get(Job, lease.job, with_for_update=True)
        if job is not None and (job.attempt, job.state) == (lease.attempt, RUNNING):
            _interrupt(job)


def give_back(lease: Lease, *, died: bool) -> None:
    """Let somebody else go on with the job; `died`: after a failure that may pass, of which so many are allowed."""
    with across("jobs"), writing() as session:
        job = session.get(Job, lease.job, with_for_update=True)
        if job is not None and (job.attempt, job.state) == (lease.attempt, RUNNING):
            _requeue(job, died)
            if died:
                job.lease_until = utc_now() + job.deaths * REST


def recover() -> int:
    """Have the jobs whose holders are gone wait again, or fail after too many deaths; how many there were."""
    with across("jobs"):
        lost = [job.number for job in db.session.scalars(select(Job).where(Job.state == RUNNING)) if _is_lost(job)]
        db.session.rollback()
    if not lost:
        return 0
    with across("jobs"), writing() as session:
        for job in session.scalars(select(Job).where(Job.number.in_(lost)).with_for_update(skip_locked=True)):
            if job.state == RUNNING and _is_lost(job):
                _requeue(job, died=True)
    return len(lost)


def waiting(limit: int, store_id: uuid.UUID | None = None) -> Sequence[uuid.UUID]:
    """The jobs that wait, oldest first; of one store, or of all."""
    query = select(Job.id).where(Job.state == QUEUED, Job.lease_until <= utc_now()).order_by(Job.number).limit(limit)
    with across("jobs"):
        return db.session.scalars(query if store_id is None else query.where(Job.store_id == store_id)).all()


def _hold(session: Session, job: Job) -> Lease:
    now = utc_now()
    job.state, job.attempt, job.holder = RUNNING, job.attempt + 1, _holder(os.getpid())
    job.cancelling, job.error, job.finished_at = False, None, None
    job.started_at = job.started_at or now
    job.updated_at, job.lease_until = now, now + LEASE
    session.flush()
    return Lease(job.number, job.attempt, job.checkpoint)


def _update(session: Session, lease: Lease, **values: Any) -> bool:
    """Change a job that is ours and renew its lease; whether it was asked to stop. Raises Conflict."""
    now = utc_now()
    asked: bool | None = session.connection().execute(
        update(Job).where(Job.number == lease.job, Job.attempt == lease.attempt, Job.state == RUNNING)
        .values(updated_at=now, lease_until=now + LEASE, **values).returning(Job.cancelling)).scalar_one_or_none()
    if asked is None:
        raise Conflict("This job was taken over by another process.", code="lease_lost")
    return asked


def _requeue(job: Job, died: bool) -> None:
    job.updated_at = job.lease_until = utc_now()
    job.deaths += died
    if job.cancelling:
        job.state, job.finished_at = CANCELLED, job.updated_at
    elif job.params.get("command"):
        _interrupt(job)
    elif job.deaths >= DEATHS:
        message = f"It was begun {job.attempt} times, and the process that ran it died each time."
        job.state, job.finished_at, job.error = FAILED, job.updated_at, {"code": "crashed", "message": message}
    else:
        job.state = QUEUED


def _interrupt(job: Job) -> None:
    job.state = CANCELLED if job.cancelling else FAILED
    job.updated_at = job.finished_at = utc_now()
    if not job.cancelling:
        job.error = {"code": "interrupted", "message": "It was interrupted. Repeat the command, and it goes on."}


def _refuse_while_held(session: Session, store_id: uuid.UUID, kinds: Sequence[str]) -> None:
    running = select(Job).where(Job.store_id == store_id, Job.kind.in_(kinds), Job.state.in_(UNFINISHED))
    for job in session.scalars(running.order_by(Job.number).with_for_update()):
        if job.state == RUNNING and not _is_lost(job):
            message = "An import or a change of the settings is running in this store. Wait for it to end."
            raise Conflict(message, code="already_running")


def _is_lost(job: Job) -> bool:
    if _is_here(job.holder):
        return _is_gone(job.holder) or job.lease_until + PATIENCE < utc_now()
    return job.lease_until < utc_now()


def _holder(process: int) -> str:
    """This machine, a process on it, and when that process started (in ticks; empty if it is dead or unknown)."""
    return f"{socket.gethostname()[:80]}/{process}/{_started(process)}"


def _is_here(holder: str) -> bool:
    return holder.rsplit("/", 2)[0] == socket.gethostname()[:80]


def _is_gone(holder: str) -> bool:
    process = int(holder.rsplit("/", 2)[1])
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # somebody else's, and alive
    return _holder(process) != holder  # the number was given to another process since


def _started(process: int) -> str:
    try:
        # The name before the last parenthesis may hold anything. The state comes next, the start time is the 20th.
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return "" if words[0] in "ZX" else words[19]
    except (OSError, IndexError):
        return ""
