"""Running a job: take it, do it, and say how it ended. Whatever happens, the row tells the truth afterwards."""

from __future__ import annotations

import errno
import logging
import uuid
from collections.abc import Callable
from functools import partial
from time import sleep

import psycopg
from sqlalchemy.exc import InterfaceError, OperationalError

from segmentation import leases
from segmentation.database import let_go
from segmentation.errors import Cancelled, Conflict, DomainError, Unavailable
from segmentation.extensions import db
from segmentation.jobs import files
from segmentation.jobs.kinds import KINDS
from segmentation.jobs.work import Stopped, Work, kept
from segmentation.leases import CANCELLED, FAILED
from segmentation.logs import about_job
from segmentation.queue import enqueue

WOKEN = 20  # waiting jobs of a store, when a place in it becomes free
PASSING = (Unavailable, OperationalError, InterfaceError, psycopg.OperationalError)
PAUSES = (0.5, 1, 2, 4, 8, 16)  # seconds
FINAL = ("query_timeout", "storage_full")  # trying again would end the same
log = logging.getLogger("segmentation.jobs")


def run(job_id: uuid.UUID) -> None:
    """Run a job, if it waits and there is a place for it. Raises nothing."""
    with about_job(job_id):
        try:
            _take_and_run(job_id)
        except Exception:
            log.exception("a job could not be run; it is taken up again later")
        finally:
            let_go()
            db.session.remove()


def wake(store_id: uuid.UUID) -> None:
    """Have a worker look at the waiting jobs of a store."""
    for job_id in leases.waiting(WOKEN, store_id):
        enqueue(job_id)


def _take_and_run(job_id: uuid.UUID) -> None:
    lease = leases.take(job_id)
    if lease is None:
        return
    work = Work.of(lease)
    log.info("job begun", extra={"fields": _fields(work)})
    _run(work)
    wake(work.store_id)


def _run(work: Work) -> None:
    try:
        with kept(work):
            KINDS[work.kind](work)
    except Exception as error:
        _insist(partial(_end, work, work.cause() or error))
    else:
        log.info("job done", extra={"fields": _fields(work)})
        files.forget_upload(work.id)


def _insist(step: Callable[[], None]) -> None:
    """Do it, and if the database is away wait for it to come back, for half a minute."""
    for pause in PAUSES:
        try:
            return step()
        except PASSING:
            let_go()
            db.session.remove()
            sleep(pause)
    return step()


def _end(work: Work, error: Exception) -> None:
    log.info("job ended early", extra={"fields": {**_fields(work), "error": type(error).__name__}})
    let_go()
    match error:
        case Conflict(code="lease_lost"):
            pass  # whoever has it now says how it ends
        case Stopped():
            leases.give_back(work.lease, died=False)
        case Cancelled():
            leases.end(work.lease, CANCELLED, error.code, error.message)
            files.remove(work.id)
        case _ if isinstance(error, PASSING) and getattr(error, "code", "") not in FINAL:
            log.warning("a job failed in a way that may pass", exc_info=error)
            leases.give_back(work.lease, died=True)
        case _:
            code, message = _reason(error)
            leases.end(work.lease, FAILED, code, message)
            files.forget_upload(work.id)


def _reason(error: Exception) -> tuple[str, str]:
    if isinstance(error, DomainError):
        return error.code, str(error.message)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "storage_full", "There is no room left to store anything."
    log.error("a job failed", exc_info=error)
    return "internal", "Something went wrong on our side."


def _fields(work: Work) -> dict[str, str]:
    return {"kind": work.kind, "store": str(work.store_id), "attempt": str(work.lease.attempt)}
