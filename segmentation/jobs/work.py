"""A job in the hands of a worker: what is asked, how far it is, and whether anybody still wants it.

A thread beside the work renews the lease every second and learns whether to stop. The work itself looks at `check` as
often as it tells its progress; statements in the database are stopped from outside.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event, Thread
from time import perf_counter
from typing import Any

from flask import Flask, current_app

from segmentation import leases
from segmentation.audience.scope import Scope
from segmentation.auth import operator_scope
from segmentation.departures import asked_by
from segmentation.errors import Cancelled, Conflict
from segmentation.extensions import db
from segmentation.leases import Lease, Meter
from segmentation.logs import about_job
from segmentation.models import Job
from segmentation.walls import across

SECONDS_BETWEEN_SIGNS = 1.0
stopping = Event()  # this process is about to end
log = logging.getLogger("segmentation.jobs")


class Stopped(Exception):
    """The worker ends; another goes on with the job."""


@dataclass
class Work:
    """A job that is ours. `reason` is why to stop, once there is one."""

    lease: Lease
    id: uuid.UUID
    store_id: uuid.UUID
    user_id: uuid.UUID | None
    kind: str
    params: dict[str, Any]
    meter: Meter = field(default_factory=Meter)
    reason: Exception | None = None
    _began: tuple[float, int] | None = None

    @classmethod
    def of(cls, lease: Lease) -> Work:
        """The job that a lease is of."""
        with across("jobs"):
            job = db.session.get_one(Job, lease.job)
            return cls(lease, job.id, job.store_id, job.user_id, job.kind, job.params)

    def scope(self) -> Scope:
        """The store, as whoever asked may see it."""
        return replace(operator_scope(self.store_id), user_id=self.user_id)

    def tell(self, done: int, total: int | None = None) -> None:
        """So much is done. Raises what `check` does."""
        now = perf_counter()
        self._began = self._began or (now, done)
        seconds, first = now - self._began[0], self._began[1]
        self.meter = Meter(done, total, (done - first) / seconds if seconds > 0 and done > first else None)
        self.check()

    def check(self) -> None:
        """Raise Cancelled, Stopped, or Conflict when somebody else took over; nothing while the job is wanted."""
        cause = self.cause()
        if cause is not None:
            raise cause

    def cause(self) -> Exception | None:
        """What `check` raises."""
        if stopping.is_set() and self.reason is None:
            self.reason = Stopped()
        return self.reason


@contextmanager
def kept(work: Work) -> Iterator[None]:
    """Keep the lease while the block works; what it asks of the database stops when the job is wanted no longer."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    over = Event()
    keeper = Thread(target=_keep, args=(app, work, over), daemon=True)
    keeper.start()
    try:
        with asked_by(lambda: work.cause() is not None):
            yield
    finally:
        over.set()
        keeper.join()


def _keep(app: Flask, work: Work, over: Event) -> None:
    with app.app_context(), about_job(work.id):
        while not over.wait(SECONDS_BETWEEN_SIGNS):
            try:
                if leases.renew(work.lease, work.meter):
                    work.reason = work.reason or Cancelled()
            except Conflict as lost:
                work.reason = work.reason or lost
            except Exception:
                log.warning("the lease of a job could not be renewed", exc_info=True)
