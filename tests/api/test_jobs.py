"""Jobs over HTTP: asked for, listed, seen, fetched whole and in parts, cancelled; and of one's own store only."""

from __future__ import annotations

import uuid
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select, update

from segmentation import limits
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.jobs import files, running, sweeping
from segmentation.leases import take
from segmentation.models import AuditEvent, Job, Segment
from segmentation.models.types import utc_now
from tests.api.conftest import Client, World, add_job, checked_error
from tests.api.test_openapi import conforms

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference
LATER = {"Prefer": "respond-async"}
CONTENT = b"id\r\n1\r\n2\r\n"


def run(world: World, job: Any) -> None:
    """What a worker does with a job."""
    with world.app.app_context():
        running.run(uuid.UUID(job["id"]))


def seen(client: Client, job: Any) -> Any:
    """The job as it is now."""
    return client.get(f"/api/jobs/{job['id']}").json


def change(world: World, **values: Any) -> None:
    """Change all jobs."""
    with world.app.app_context(), writing() as session:
        session.execute(update(Job).values(**values))


def events(world: World, action: str) -> Iterator[Any]:
    """The audit events of that action."""
    with world.app.app_context():
        yield from db.session.scalars(select(AuditEvent).where(AuditEvent.action == action))
        db.session.remove()


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_an_export_that_one_does_not_wait_for(world: World, format: str) -> None:
    client = world.owner
    segment = client.create()["id"]
    asked = client.get(f"/{segment}/export?format={format}&columns=external_id", headers=LATER)
    assert asked.status_code == 202
    assert asked.headers["Preference-Applied"] == "respond-async"
    assert client.get(asked.headers["Location"], store="").json["state"] == "queued"
    checked_error(client.get(f"/api/jobs/{asked.json['id']}/file"), 409, "not_ready")
    conforms(world, "/api/segmentation/{segment_id}/export", "get", asked)
    run(world, asked.json)
    job = seen(client, asked.json)
    assert (job["state"], job["error"], job["segment_id"], job["attempt"]) == ("done", None, segment, 1)
    assert job["progress"] == {"done": 60, "total": 60, "unit": "rows", "rate": None, "seconds_remaining": None}
    assert (job["file"]["name"], job["file"]["rows"]) == (f"A segment.{format}", 60)
    conforms(world, "/api/jobs/{job_id}", "get", client.get(f"/api/jobs/{job['id']}"))
    with client.get(job["file"]["url"], store="") as file:
        assert file.status_code == 200
        assert len(file.data) == job["file"]["size"] == file.content_length
        assert sha256(file.data).hexdigest() == job["file"]["sha256"]
        assert file.headers["X-Row-Count"] == "60"
        assert file.headers["Repr-Digest"] == f"sha-256=:{b64encode(sha256(file.data).digest()).decode()}:"
        assert "attachment" in file.headers["Content-Disposition"]
    [event] = events(world, "segment_export")
    assert event.user_id is not None
    assert (event.details["rows"], event.details["sha256"]) == (60, job["file"]["sha256"])


def test_an_export_of_many_rows_is_a_job(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = world.owner.create()["id"]
    monkeypatch.setattr(limits, "EXPORT_ROWS", 60)
    with world.owner.get(f"/{segment}/export") as whole:
        assert whole.status_code == 200
    monkeypatch.setattr(limits, "EXPORT_ROWS", 59)
    assert world.owner.get(f"/{segment}/export").status_code == 202


@ON_SQLITE
def test_parts_of_a_file(world: World) -> None:
    client = world.owner
    url = f"/api/jobs/{add_job(client, 'export', finished=True)}/file"
    for asked, part in (("bytes=4-6", CONTENT[4:7]), ("bytes=-3", CONTENT[-3:]), ("bytes=7-", CONTENT[7:])):
        with client.get(url, headers={"Range": asked}) as answer:
            assert (answer.status_code, answer.data) == (206, part)
            assert answer.headers["Content-Range"].endswith("/10")
            assert answer.content_length == len(part)
    with client.get(url) as whole:
        assert (whole.data, whole.headers["Accept-Ranges"]) == (CONTENT, "bytes")
        tag = whole.headers["ETag"]
    with client.get(url, headers={"Range": "bytes=4-6", "If-Range": tag}) as answer:
        assert answer.status_code == 206
    with client.get(url, headers={"Range": "bytes=4-6", "If-Range": '"another"'}) as answer:
        assert (answer.status_code, answer.data) == (200, CONTENT)
    checked_error(client.get(url, headers={"If-Match": '"another"'}), 412, "precondition_failed")
    beyond = client.get(url, headers={"Range": "bytes=99-"})
    checked_error(beyond, 416, "range_not_satisfiable")
    assert beyond.headers["Content-Range"] == "bytes */10"


def test_a_refresh_that_one_does_not_wait_for(world: World) -> None:
    client = world.owner
    segment = client.create()["id"]
    with world.app.app_context(), writing() as session:
        session.execute(update(Segment).values(cached_count=5))
    asked = client.post(f"/{segment}/refresh", headers=LATER)
    assert asked.status_code == 202
    conforms(world, "/api/segmentation/{segment_id}/refresh", "post", asked)
    again = client.post(f"/{segment}/refresh", headers={"Prefer": 'wait=5, respond-async; x="y"'})
    assert again.json["id"] == asked.json["id"]
    assert client.get(f"/{segment}").json["cached_count"] == 5
    run(world, asked.json)
    assert seen(client, asked.json)["state"] == "done"
    assert client.get(f"/{segment}").json["cached_count"] == 60
    assert client.post(f"/{segment}/refresh").status_code == 200


@ON_SQLITE
def test_the_list(world: World) -> None:
    client = world.owner
    ids = [str(add_job(client, kind)) for kind in ("score", "refresh", "export", "refresh")]
    conforms(world, "/api/jobs", "get", client.get("/api/jobs"))
    assert [job["id"] for job in client.get("/api/jobs").json["jobs"]] == ids[::-1]
    assert [job["id"] for job in client.get("/api/jobs?kind=refresh").json["jobs"]] == [ids[3], ids[1]]
    assert [job["id"] for job in client.get("/api/jobs?limit=2").json["jobs"]] == [ids[3], ids[2]]
    assert [job["id"] for job in client.get(f"/api/jobs?before={ids[2]}").json["jobs"]] == [ids[1], ids[0]]
    assert client.get("/api/jobs?state=done").json == {"jobs": []}
    checked_error(client.get("/api/jobs?state=finished"), 400)
    checked_error(client.get(f"/api/jobs?before={uuid.uuid4()}"), 404)


@ON_SQLITE
def test_what_remains(world: World) -> None:
    job_id = add_job(world.owner, "import_orders")
    counted = {"rows": 7, "written": 6, "rejected": 1}
    change(world, state="running", done=250, total=1_000, rate=30.0, checkpoint=counted)
    job = world.owner.get(f"/api/jobs/{job_id}").json
    assert job["progress"] == {"done": 250, "total": 1_000, "unit": "bytes", "rate": 30.0, "seconds_remaining": 25.0}
    assert job["rows"] == counted
    assert "rejected_url" not in job


def test_a_waiting_job_is_cancelled_at_once(world: World) -> None:
    client = world.owner
    segment = client.create()["id"]
    job = client.get(f"/{segment}/export", headers=LATER).json
    answer = client.delete(f"/api/jobs/{job['id']}")
    assert (answer.status_code, answer.json["state"]) == (200, "cancelled")
    conforms(world, "/api/jobs/{job_id}", "delete", answer)
    run(world, job)
    assert seen(client, job)["state"] == "cancelled"
    checked_error(client.get(f"/api/jobs/{job['id']}/file"), 404)
    checked_error(client.delete(f"/api/jobs/{job['id']}"), 409, "already_ended")
    assert [event.details["job_id"] for event in events(world, "job_cancel")] == [job["id"]]


def test_a_running_job_is_asked_to_stop(world: World) -> None:
    job_id = add_job(world.owner, "export")
    with world.app.app_context():
        assert take(job_id) is not None
    answer = world.owner.delete(f"/api/jobs/{job_id}")
    assert (answer.status_code, answer.json["state"], answer.json["cancelling"]) == (200, "running", True)


@ON_SQLITE
def test_so_many_jobs_of_a_kind_may_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UNFINISHED_JOBS", 2)
    client = world.owner
    segments = [client.create()["id"] for _ in range(3)]
    answers = [client.get(f"/{segment}/export", headers=LATER) for segment in segments]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    checked_error(answers[-1], 429, "too_many_jobs")
    assert answers[-1].headers["Retry-After"] == "60"
    assert client.post(f"/{segments[0]}/refresh", headers=LATER).status_code == 202


@ON_SQLITE
def test_jobs_of_other_stores_are_as_unknown_as_any(world: World) -> None:
    theirs = add_job(world.as_user("owner@b.example", "b"), "export", finished=True)
    mine = add_job(world.owner, "refresh", finished=True)
    told = set()
    for url in (f"/api/jobs/{theirs}", f"/api/jobs/{theirs}/file", f"/api/jobs/{theirs}/rejected",
                f"/api/jobs/{uuid.uuid4()}", f"/api/jobs/{uuid.uuid4()}/file", f"/api/jobs/{mine}/file", "/api/jobs/1"):
        answer = world.owner.get(url)
        checked_error(answer, 404, "not_found")
        told.add(answer.json["error"]["message"])
    checked_error(world.owner.delete(f"/api/jobs/{theirs}"), 404, "not_found")
    assert len(told) == 1
    assert str(theirs) not in world.owner.get("/api/jobs").text


@ON_SQLITE
def test_a_file_past_its_day_is_gone(world: World) -> None:
    job_id = add_job(world.owner, "export", finished=True)
    with world.app.app_context():
        sweeping.sweep()
    with world.owner.get(f"/api/jobs/{job_id}/file") as answer:
        assert answer.status_code == 200
    change(world, finished_at=utc_now() - files.KEPT)
    with world.app.app_context():
        sweeping.sweep()
        assert list(files.folders().iterdir()) == []
    checked_error(world.owner.get(f"/api/jobs/{job_id}/file"), 404)
    assert "file" not in world.owner.get(f"/api/jobs/{job_id}").json


@ON_SQLITE
def test_rules_that_no_longer_fit_are_refused_before_there_is_a_job(world: World) -> None:
    client = world.owner
    client.put("/api/attributes/tier", {"label": "Tier", "kind": "text"})
    rules = {"logic": "AND", "conditions": [{"field": "attributes.tier", "operator": "is_empty"}]}
    segment = client.create(rules)["id"]
    client.delete("/api/attributes/tier")
    checked_error(client.get(f"/{segment}/export", headers=LATER), 422, "invalid_segment")
    checked_error(client.post(f"/{segment}/refresh", headers=LATER), 422, "invalid_segment")
    assert client.get("/api/jobs").json == {"jobs": []}
