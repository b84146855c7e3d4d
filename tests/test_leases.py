"""Holding jobs: who may take one, who is fenced off."""

from __future__ import annotations

import os
import signal
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from segmentation import leases
from segmentation.database import writing
from segmentation.errors import Cancelled, Conflict, NotFound
from segmentation.extensions import db
from segmentation.leases import Lease, Meter
from segmentation.models import Job, Store
from segmentation.models.types import utc_now
from tests.conftest import make_store

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference
KINDS = ("import_customers", "import_orders")


def claim(store: Store, key: str = "k", kind: str = "import_orders") -> Lease:
    """A claim of an import."""
    return leases.claim(store.id, kind, key, KINDS)


def save(lease: Lease, rows: int) -> None:
    """A checkpoint in a transaction of its own."""
    with writing() as session:
        leases.save(session, lease, {"rows": rows})


def finish(lease: Lease, rows: int) -> None:
    """The end, in a transaction of its own."""
    with writing() as session:
        leases.finish(session, lease, {"rows": rows}, rows)


def hold(**values: object) -> None:
    """Change who holds all jobs."""
    with writing() as session:
        session.execute(update(Job).values(**values))


def test_a_job_goes_on_where_it_was_until_it_is_done(store: Store) -> None:
    first = claim(store)
    assert (first.attempt, first.checkpoint) == (1, {})
    save(first, 5)
    leases.release(first)
    second = claim(store)
    assert second == Lease(first.job, 2, {"rows": 5})
    finish(second, 9)
    third = claim(store)
    assert third.job > first.job
    assert (third.attempt, third.checkpoint) == (1, {})


def test_one_import_at_a_time_in_a_store(store: Store) -> None:
    held = claim(store)
    for key, kind in (("k", "import_orders"), ("other", "import_orders"), ("k", "import_customers")):
        with pytest.raises(Conflict, match="running"):
            claim(store, key, kind)
    claim(make_store("Other"))
    finish(held, 1)
    claim(store, "other", "import_customers")


@ON_SQLITE
def test_there_is_nothing_to_hold_without_a_store(store: Store) -> None:
    with pytest.raises(NotFound):
        leases.claim(uuid.uuid4(), "import_orders", "k", KINDS)


@ON_SQLITE
def test_a_lease_elsewhere_lasts_as_long_as_it_says(store: Store) -> None:
    held = claim(store)
    hold(holder="elsewhere/1/1")
    with pytest.raises(Conflict):
        claim(store)
    hold(lease_until=utc_now() - timedelta(seconds=1))
    assert claim(store).attempt == held.attempt + 1


@ON_SQLITE
def test_a_lease_of_a_process_that_is_gone_lasts_no_longer(store: Store) -> None:
    held = claim(store)
    for holder in (f"{socket.gethostname()}/{2**22 + 1}/5", f"{socket.gethostname()}/{os.getpid()}/5"):
        hold(holder=holder, state=leases.RUNNING)
        assert claim(store).job == held.job
    child = os.fork()
    if not child:
        signal.pause()
    hold(holder=leases._holder(child))
    with pytest.raises(Conflict):
        claim(store)
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # dead, and not yet buried
    assert claim(store).job == held.job
    os.waitpid(child, 0)


def test_whoever_was_overtaken_is_fenced_off(store: Store) -> None:
    old = claim(store)
    hold(lease_until=utc_now(), holder="elsewhere/1/1")
    new = claim(store)
    with pytest.raises(Conflict, match="taken over"):
        save(old, 99)
    save(new, 1)
    leases.release(old)
    assert db.session.get_one(Job, new.job).state == leases.RUNNING
    finish(new, 2)
    with pytest.raises(Conflict):
        save(new, 3)
    job = db.session.get_one(Job, new.job)
    assert (job.state, job.checkpoint, job.result, job.done) == ("done", {"rows": 1}, {"rows": 2}, 2)


def waiting_job(store: Store, kind: str = "export", **params: object) -> uuid.UUID:
    """A job that waits."""
    with writing() as session:
        return leases.add(session, store.id, kind, params).id


def job_of(job_id: uuid.UUID) -> Job:
    """The job as it is now."""
    db.session.rollback()
    return db.session.scalars(select(Job).where(Job.id == job_id)).one()


def test_a_waiting_job_is_taken_once(store: Store) -> None:
    job_id = waiting_job(store)
    assert leases.waiting(5) == [job_id]
    lease = leases.take(job_id)
    assert lease is not None
    assert lease.attempt == 1
    assert leases.take(job_id) is None
    assert leases.take(uuid.uuid4()) is None
    assert (job_of(job_id).state, leases.waiting(5)) == ("running", [])


@ON_SQLITE
def test_the_jobs_that_wait_in_one_store_or_in_all(store: Store) -> None:
    mine, theirs = waiting_job(store), waiting_job(make_store("another"))
    assert leases.waiting(5) == [mine, theirs]
    assert leases.waiting(5, store.id) == [mine]


def test_so_many_of_a_kind_run_in_a_store(store: Store) -> None:
    first, second, third = (waiting_job(store) for _ in range(3))
    held = leases.take(first)
    assert held is not None
    assert leases.take(second) is not None
    assert leases.take(third) is None
    assert leases.take(waiting_job(store, "score")) is not None
    assert leases.take(waiting_job(make_store("Other"))) is not None
    with writing() as session:
        leases.finish(session, held, {}, 0)
    assert leases.take(third) is not None


def test_imports_of_both_kinds_share_one_place(store: Store) -> None:
    assert leases.take(waiting_job(store, "import_orders")) is not None
    assert leases.take(waiting_job(store, "import_customers")) is None
    with pytest.raises(Conflict, match="running"):
        claim(store)


def test_many_workers_take_no_more_than_there_are_places(app: Flask, store: Store) -> None:
    jobs = [waiting_job(store) for _ in range(6)]

    def take(job_id: uuid.UUID) -> bool:
        with app.app_context():
            return leases.take(job_id) is not None

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(take, jobs)) == 2


def test_a_job_whose_process_died_waits_again_and_fails_the_third_time(store: Store) -> None:
    job_id = waiting_job(store)
    for death in (1, 2, 3):
        assert leases.take(job_id) is not None
        assert leases.recover() == 0
        hold(holder=f"{socket.gethostname()}/{2**22 + 1}/5")
        assert leases.recover() == 1
        assert (job_of(job_id).state, job_of(job_id).deaths) == ("failed" if death == 3 else "queued", death)
    assert (job_of(job_id).error or {})["code"] == "crashed"
    assert job_of(job_id).finished_at is not None


def test_a_checkpoint_forgives_deaths(store: Store) -> None:
    job_id = waiting_job(store)
    for _ in range(5):
        lease = leases.take(job_id)
        assert lease is not None
        save(lease, lease.attempt)
        hold(lease_until=utc_now() - timedelta(seconds=1), holder="elsewhere/1/1")
        assert leases.recover() == 1
    assert (job_of(job_id).state, job_of(job_id).attempt, job_of(job_id).checkpoint) == ("queued", 5, {"rows": 5})


@ON_SQLITE
def test_a_process_that_lives_is_trusted_for_a_while(store: Store) -> None:
    job_id = waiting_job(store)
    assert leases.take(job_id) is not None
    hold(lease_until=utc_now() - timedelta(seconds=60))
    assert leases.recover() == 0
    hold(lease_until=utc_now() - timedelta(minutes=5))
    assert leases.recover() == 1


@ON_SQLITE
def test_a_failure_that_may_pass_is_tried_again_after_a_rest(store: Store) -> None:
    job_id = waiting_job(store)
    lease = leases.take(job_id)
    assert lease is not None
    leases.give_back(lease, died=True)
    assert job_of(job_id).state == "queued"
    assert (leases.take(job_id), leases.waiting(5)) == (None, [])
    hold(lease_until=utc_now())
    again = leases.take(job_id)
    assert again is not None
    leases.give_back(again, died=False)
    assert leases.waiting(5) == [job_id]
    assert job_of(job_id).deaths == 1


def test_whoever_runs_a_job_learns_that_it_is_wanted_no_longer(store: Store) -> None:
    lease = leases.take(waiting_job(store))
    assert lease is not None
    assert leases.renew(lease, Meter(3, 9, 1.5)) is False
    hold(cancelling=True)
    assert leases.renew(lease, Meter(4, 9, 1.5)) is True
    with pytest.raises(Cancelled):
        save(lease, 5)
    leases.end(lease, leases.CANCELLED, "cancelled", "")
    job = db.session.get_one(Job, lease.job)
    assert (job.state, job.done, job.total, job.rate, job.checkpoint, job.error) == ("cancelled", 4, 9, 1.5, {}, None)
    with pytest.raises(Conflict):
        leases.renew(lease, Meter())


@ON_SQLITE
def test_a_job_that_is_to_stop_and_loses_its_process_is_cancelled(store: Store) -> None:
    job_id = waiting_job(store)
    leases.take(job_id)
    hold(cancelling=True, holder="elsewhere/1/1", lease_until=utc_now() - timedelta(seconds=1))
    leases.recover()
    assert job_of(job_id).state == "cancelled"


@ON_SQLITE
def test_a_command_that_was_killed_is_not_taken_up_by_a_worker(store: Store) -> None:
    held = claim(store)
    hold(holder="elsewhere/1/1", lease_until=utc_now() - timedelta(seconds=1))
    assert leases.recover() == 1
    job = db.session.get_one(Job, held.job)
    assert (job.state, (job.error or {})["code"]) == ("failed", "interrupted")
    assert claim(store).attempt == 2
