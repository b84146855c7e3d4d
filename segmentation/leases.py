"""Holding a job: a lease that must be renewed, and an attempt number that fences off whoever held it before.

A job is running while somebody holds its lease. A holder on this machine whose process is gone has lost it at once, one
elsewhere when the lease runs out. What is saved commits with the data it speaks of, and only for the newest attempt.
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

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from segmentation.database import writing
from segmentation.errors import Conflict, NotFound
from segmentation.models import Job, Store
from segmentation.models.types import utc_now

LEASE = timedelta(seconds=30)
RUNNING, DONE, FAILED = "running", "done", "failed"


@dataclass(frozen=True)
class Lease:
    """A job that is ours: its number, which attempt at it this is (from 1), and the checkpoint to go on from."""

    job: int
    attempt: int
    checkpoint: Mapping[str, Any]


def claim(store_id: uuid.UUID, kind: str, key: str, exclusive: Sequence[str]) -> Lease:
    """Take the unfinished job of that kind and key, or a new one with an empty checkpoint.

    Raises Conflict while somebody runs a job of the kinds `exclusive` in the store; NotFound without such a store.
    """
    with writing() as session:
        if session.get(Store, store_id, with_for_update=True) is None:
            raise NotFound(f"There is no store {store_id}.")
        _refuse_while_held(session, store_id, exclusive)
        job = session.scalar(
            select(Job).where(Job.store_id == store_id, Job.kind == kind, Job.key == key)
            .order_by(Job.number.desc()).limit(1))
        if job is None or job.state == DONE:
            job = Job(store_id=store_id, kind=kind, key=key, attempt=0, checkpoint={})
            session.add(job)
        job.state, job.attempt, job.holder = RUNNING, job.attempt + 1, _holder(os.getpid())
        job.updated_at = utc_now()
        job.lease_until = job.updated_at + LEASE
        session.flush()
        return Lease(job.number, job.attempt, job.checkpoint)


def save(session: Session, lease: Lease, checkpoint: Mapping[str, Any], state: str = RUNNING) -> None:
    """Renew the lease and keep the checkpoint in the running transaction. Raises Conflict when somebody else took over.
    """
    now = utc_now()
    saved = session.connection().execute(
        update(Job).where(Job.number == lease.job, Job.attempt == lease.attempt, Job.state == RUNNING)
        .values(checkpoint=dict(checkpoint), state=state, updated_at=now, lease_until=now + LEASE))
    if saved.rowcount != 1:
        raise Conflict("This job was taken over by another process.", code="lease_lost")


def release(lease: Lease) -> None:
    """Give the job up as failed, so that it can be taken up again at its checkpoint at once."""
    with writing() as session:
        session.execute(
            update(Job).where(Job.number == lease.job, Job.attempt == lease.attempt, Job.state == RUNNING)
            .values(state=FAILED, updated_at=utc_now()))


def _refuse_while_held(session: Session, store_id: uuid.UUID, kinds: Sequence[str]) -> None:
    running = select(Job).where(Job.store_id == store_id, Job.kind.in_(kinds), Job.state == RUNNING)
    for job in session.scalars(running):
        if job.lease_until > utc_now() and not _is_gone(job.holder):
            raise Conflict("An import is running in this store. Wait for it to end.", code="already_running")


def _holder(process: int) -> str:
    """This machine, a process on it, and when that process started (in ticks; empty if it is dead or unknown)."""
    return f"{socket.gethostname()[:80]}/{process}/{_started(process)}"


def _is_gone(holder: str) -> bool:
    host, process, _ = holder.rsplit("/", 2)
    if host != socket.gethostname()[:80]:
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # somebody else's, and alive
    return _holder(int(process)) != holder  # the number was given to another process since


def _started(process: int) -> str:
    try:
        # The name before the last parenthesis may hold anything. The state comes next, the start time is the 20th.
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return "" if words[0] in "ZX" else words[19]
    except (OSError, IndexError):
        return ""
