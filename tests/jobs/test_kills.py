"""A worker that is killed, stopped or told to leave off in the middle of a job: nothing is lost, doubled or half seen.
"""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import pytest
from flask import Flask

from segmentation.auth import operator_scope
from segmentation.jobs import asking, files
from tests.jobs.outcomes import check
from tests.jobs.shop import KINDS, PATIENCE, ask, has_ended, job_of, make_shop, version_of, wait_until, worker

ROWS = 240
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference


@pytest.fixture
def shop(app: Flask, tmp_path: Path) -> uuid.UUID:
    return make_shop(tmp_path, ROWS)


def is_midway(job_id: uuid.UUID) -> bool:
    """Whether the job has begun, and something of it is done or will be soon."""
    job = job_of(job_id)
    if job.state != "running":
        return False
    if job.kind in ("score", "settings"):  # all of it is one transaction, which nobody can look into
        time.sleep(0.5)
        return True
    return bool(job.checkpoint or job.done)


@pytest.mark.parametrize("kind", KINDS)
def test_killed_in_the_middle(app: Flask, shop: uuid.UUID, kind: str) -> None:
    version = version_of(shop)
    job_id = ask(shop, kind, ROWS)
    with worker(app, pause=0.3) as process:
        wait_until(lambda: is_midway(job_id))
        process.kill()
        process.wait()
    killed = job_of(job_id)
    assert killed.state == "running"
    assert (files.file_of(killed), files.rejected_of(killed)) == (None, None)
    done = dict(killed.checkpoint)
    with worker(app):
        wait_until(lambda: job_of(job_id).attempt == 2)
        wait_until(lambda: has_ended(job_id))
    check(job_id, ROWS, version)
    assert job_of(job_id).attempt == 2
    assert not done or kind == "refresh" or 0 < done["rows"] < ROWS


@ON_SQLITE
def test_a_job_that_kills_its_worker_is_given_up(app: Flask, shop: uuid.UUID) -> None:
    job_id = ask(shop, "export", ROWS)
    for attempt in (1, 2, 3):
        with worker(app, pause=0.2) as process:
            wait_until(lambda attempt=attempt: (job_of(job_id).attempt, job_of(job_id).state) == (attempt, "running"))
            process.kill()
            process.wait()
    with worker(app):
        wait_until(lambda: has_ended(job_id))
    job = job_of(job_id)
    assert (job.state, job.attempt) == ("failed", 3)
    assert job.error == {"code": "crashed", "message":
                         "It was begun 3 times, and the process that ran it died each time."}
    assert files.file_of(job) is None


def test_a_worker_that_is_stopped_gives_its_jobs_back(app: Flask, shop: uuid.UUID, tmp_path: Path) -> None:
    stores = {"import_orders": shop, "refresh": make_shop(tmp_path, ROWS)}
    versions = {kind: version_of(store) for kind, store in stores.items()}
    jobs = {kind: ask(store, kind, ROWS) for kind, store in stores.items()}
    with worker(app, pause=0.4) as process:
        wait_until(lambda: all(is_midway(job_id) for job_id in jobs.values()))
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert [(job_of(each).state, job_of(each).deaths) for each in jobs.values()] == [("queued", 0)] * 2
    with worker(app):
        for kind, job_id in jobs.items():
            wait_until(lambda job_id=job_id: has_ended(job_id))
            check(job_id, ROWS, versions[kind])


def test_a_job_that_is_cancelled_stops_and_leaves_no_file(app: Flask, shop: uuid.UUID) -> None:
    with worker(app, pause=0.3):
        for kind in ("import_orders", "import_customers", "export", "refresh"):
            job_id = ask(shop, kind, ROWS)
            wait_until(lambda job_id=job_id: is_midway(job_id))
            assert asking.cancel_job(operator_scope(shop), job_id).state == "running"
            wait_until(lambda job_id=job_id: has_ended(job_id))
            wait_until(lambda: list(files.folders().iterdir()) == [])
            assert (job_of(job_id).state, job_of(job_id).result) == ("cancelled", None)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_scoring_that_is_cancelled_changes_nothing(app: Flask, shop: uuid.UUID) -> None:
    # On SQLite nobody else can write, not even that, before the scores are there.
    version = version_of(shop)
    job_id = ask(shop, "score", ROWS)
    with worker(app, pause=0.2):
        wait_until(lambda: is_midway(job_id))
        asking.cancel_job(operator_scope(shop), job_id)
        wait_until(lambda: has_ended(job_id))
    assert (job_of(job_id).state, version_of(shop)) == ("cancelled", version)
