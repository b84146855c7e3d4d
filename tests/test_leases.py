"""Holding jobs: who may take one, who is fenced off."""

from __future__ import annotations

import os
import signal
import socket
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import update

from segmentation import leases
from segmentation.database import writing
from segmentation.errors import Conflict, NotFound
from segmentation.extensions import db
from segmentation.leases import Lease
from segmentation.models import Job, Store
from segmentation.models.types import utc_now
from tests.conftest import make_store

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference
KINDS = ("import_customers", "import_orders")


def claim(store: Store, key: str = "k", kind: str = "import_orders") -> Lease:
    """A claim of an import."""
    return leases.claim(store.id, kind, key, KINDS)


def save(lease: Lease, rows: int, state: str = leases.RUNNING) -> None:
    """A checkpoint in a transaction of its own."""
    with writing() as session:
        leases.save(session, lease, {"rows": rows}, state)


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
    save(second, 9, leases.DONE)
    third = claim(store)
    assert third.job > first.job
    assert (third.attempt, third.checkpoint) == (1, {})


def test_one_import_at_a_time_in_a_store(store: Store) -> None:
    held = claim(store)
    for key, kind in (("k", "import_orders"), ("other", "import_orders"), ("k", "import_customers")):
        with pytest.raises(Conflict, match="running"):
            claim(store, key, kind)
    claim(make_store("Other"))
    save(held, 1, leases.DONE)
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
    save(new, 2, leases.DONE)
    with pytest.raises(Conflict):
        save(new, 3)
    assert db.session.get_one(Job, new.job).checkpoint == {"rows": 2}
