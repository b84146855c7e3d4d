"""How a job ends, by what its work raises; and what waits behind it."""

from __future__ import annotations

import errno
import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from segmentation import leases
from segmentation.auth import operator_scope
from segmentation.database import writing
from segmentation.errors import Conflict, Invalid, Unavailable, query_timeout
from segmentation.exports.segment import Wanted
from segmentation.jobs import files, kinds, running
from segmentation.jobs.asking import ask_export, ask_refresh
from segmentation.jobs.work import Work
from segmentation.models import Job, Store
from segmentation.queue import queue
from segmentation.rules.tree import Group, Logic
from segmentation.segments import Draft, create_segment, delete_segment
from tests.jobs.shop import job_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference


def ran(store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception) -> Job:
    """A job whose work leaves files and raises that."""
    with writing() as session:
        job_id = leases.add(session, store.id, "score", {}).id

    def work(work: Work) -> None:
        for name in (files.UPLOAD, files.REJECTED):
            (files.folder(work.id) / name).write_text("x")
        raise error

    monkeypatch.setitem(kinds.KINDS, "score", work)
    running.run(job_id)
    return job_of(job_id)


@pytest.mark.parametrize(("error", "state", "code", "kept"), [
    (Invalid("No.", code="invalid_segment"), "failed", "invalid_segment", ["rejected.csv"]),
    (query_timeout(), "failed", "query_timeout", ["rejected.csv"]),
    (OSError(errno.ENOSPC, "full"), "failed", "storage_full", ["rejected.csv"]),
    (ValueError("secret"), "failed", "internal", ["rejected.csv"]),
    (Unavailable(), "queued", None, ["rejected.csv", "upload.csv"]),
    (OperationalError("SELECT", {}, Exception("gone")), "queued", None, ["rejected.csv", "upload.csv"]),
    (Conflict("Taken.", code="lease_lost"), "running", None, ["rejected.csv", "upload.csv"]),
])
def test_how_it_ends(app: Flask, store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception, state: str,
                     code: str | None, kept: list[str]) -> None:
    job = ran(store, monkeypatch, error)
    assert (job.state, (job.error or {}).get("code")) == (state, code)
    assert "secret" not in str(job.error)
    assert sorted(path.name for path in files.folder(job.id).iterdir()) == kept
    assert job.deaths == (state == "queued")
    assert (job.finished_at is not None) == (state == "failed")


def test_the_end_is_told_once_the_database_is_back(
    app: Flask, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    end, away = leases.end, [2]

    def sometimes(*told: str) -> None:
        away[0] -= 1
        if away[0] >= 0:
            raise OperationalError("UPDATE", {}, Exception("gone"))
        end(*told)  # type: ignore[arg-type]

    monkeypatch.setattr(leases, "end", sometimes)
    monkeypatch.setattr(running, "PAUSES", (0, 0, 0))
    assert ran(store, monkeypatch, Invalid("No.")).state == "failed"


def test_what_waits_behind_a_job_is_woken(app: Flask, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with writing() as session:
        waiting = leases.add(session, store.id, "refresh", {}).id
    ran(store, monkeypatch, Invalid("No."))
    entry: Any = queue().huey.dequeue()
    assert entry.args == (str(waiting),)
    assert running.run(uuid.uuid4()) is None
    queue().huey.storage.close()


def test_progress_is_measured_from_where_this_attempt_began(app: Flask, store: Store) -> None:
    with writing() as session:
        job_id = leases.add(session, store.id, "score", {}).id
    lease = leases.take(job_id)
    assert lease is not None
    work = Work.of(lease)
    work.tell(1_000, 5_000)
    assert (work.meter.done, work.meter.total, work.meter.rate) == (1_000, 5_000, None)
    work.tell(1_010, 5_000)
    assert work.meter.rate is not None
    assert work.meter.rate > 10


def test_a_segment_that_is_deleted_meanwhile_is_not_exported(app: Flask, store: Store) -> None:
    scope = operator_scope(store.id)
    segment_id = create_segment(scope, Draft("x", "", Group("root", Logic.AND))).id
    wanted = Wanted("csv", ["external_id"], "keys", bom=True)
    export, refresh = ask_export(scope, segment_id, wanted).id, ask_refresh(scope, segment_id).id
    delete_segment(scope, segment_id, None)
    for job_id in (export, refresh):
        running.run(job_id)
        job = job_of(job_id)
        assert (job.state, (job.error or {})["code"]) == ("failed", "not_found")
        assert files.file_of(job) is None
    assert list(files.folders().glob("*/*")) == []
