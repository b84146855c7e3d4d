"""Importing over HTTP: what is refused at once, what a job makes of the rest, and what follows."""

from __future__ import annotations

import csv
import io
import json
import uuid
from typing import Any

import pytest
from sqlalchemy import select

from segmentation import leases, limits
from segmentation.extensions import db
from segmentation.jobs import files, running
from segmentation.models import AuditEvent, Customer, Job, Order
from tests.api.conftest import Client, World, checked_error
from tests.api.test_openapi import conforms

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference
ORDERS = "order_id,customer_id,ordered_at,total\n1,a,2024-05-01,5\n2,b,never,1\n3,a,2024-05-02,7\n"


def send(client: Client, text: str | bytes, kind: str = "customers", **parts: Any) -> Any:
    """An upload."""
    content = text if isinstance(text, bytes) else text.encode()
    data = {"kind": kind, "file": (io.BytesIO(content), "ملف.csv"), **parts}
    return client.open("POST", "/api/imports", content_type="multipart/form-data",
                       data={key: part for key, part in data.items() if part is not None})


def run(world: World, job: Any) -> Any:
    """The job once a worker has dealt with it."""
    with world.app.app_context():
        running.run(uuid.UUID(job["id"]))
    return world.owner.get(f"/api/jobs/{job['id']}").json


def folders(world: World) -> list[str]:
    """The folders of jobs."""
    with world.app.app_context():
        return [path.name for path in files.folders().iterdir()]


def test_orders(world: World) -> None:
    client = world.as_user("editor@a.example", "a")
    asked = send(client, ORDERS, "orders")
    assert asked.status_code == 202
    conforms(world, "/api/imports", "post", asked)
    assert client.get(asked.headers["Location"], store="").json["state"] == "queued"
    checked_error(client.get(f"/api/jobs/{asked.json['id']}/rejected"), 409, "not_ready")
    job = run(world, asked.json)
    assert (job["state"], job["result"]) == ("done", {"rows": 3, "written": 2, "rejected": 1})
    assert job["rows"] == job["result"]
    size = len(ORDERS.encode())
    assert (job["progress"]["done"], job["progress"]["total"], job["progress"]["unit"]) == (size, size, "bytes")
    with client.get(job["rejected_url"], store="") as answer:
        assert answer.headers["X-Row-Count"] == "1"
        header, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert (header[:3], [row[:2] for row in rows]) == (["line", "column", "reason"], [["3", "ordered_at"]])
    with world.app.app_context():
        assert db.session.scalars(select(Order.external_id).order_by(Order.external_id)).all() == ["1", "3"]
        event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "import")).one()
        assert (event.user_id is not None, event.details["rows"]) == (True, 3)
        assert [path.name for path in files.folder(uuid.UUID(job["id"])).iterdir()] == ["rejected.csv"]
        db.session.remove()


def test_new_orders_are_followed_by_scores_and_counts(world: World) -> None:
    client = world.owner
    segment = client.create({"logic": "AND", "conditions": [
        {"field": "orders_count", "operator": "equals", "value": 2}]})
    run(world, send(client, ORDERS.replace("never", "2024-05-03"), "orders").json)
    [score, _import] = client.get("/api/jobs").json["jobs"]
    assert (score["kind"], score["state"]) == ("score", "queued")
    run(world, score)
    refresh = client.get("/api/jobs").json["jobs"][0]
    assert (refresh["kind"], refresh["state"]) == ("refresh", "queued")
    assert run(world, refresh)["result"] == {"counted": 1}
    assert client.get(f"/{segment['id']}").json["cached_count"] == segment["cached_count"] + 1


def test_headings_that_are_not_our_names(world: World) -> None:
    text = "Kundennummer,Stadt,Notiz\n77,Riyadh,x\n"
    checked_error(send(world.owner, text), 422, "invalid_header")
    mapping = {"kundennummer": "external_id", " Stadt ": "city", "Notiz": ""}
    job = run(world, send(world.owner, text, mapping=json.dumps(mapping)).json)
    assert job["state"] == "done"
    with world.app.app_context():
        assert db.session.scalars(select(Customer.city).where(Customer.external_id == "77")).one() == "Riyadh"
        db.session.remove()


@ON_SQLITE
@pytest.mark.parametrize(("parts", "path"), [
    ({"kind": "people"}, "/kind"), ({"kind": None}, "/kind"), ({"file": None}, "/file"), ({"more": "x"}, "/more"),
    ({"mapping": "[]"}, "/mapping"), ({"mapping": '{"a": 1}'}, "/mapping"),
    ({"mapping": json.dumps({str(n): "x" for n in range(501)})}, "/mapping")])
def test_forms_that_do_not_fit(world: World, parts: dict[str, Any], path: str) -> None:
    problems = checked_error(send(world.owner, "external_id\n1\n", **parts), 422)
    assert path in [problem["path"] for problem in problems]
    assert world.owner.get("/api/jobs").json == {"jobs": []}


@ON_SQLITE
@pytest.mark.parametrize(("text", "code"), [
    ("", "invalid"), ("nope\n1\n", "invalid_header"), ("external_id,external_id\n1,2\n", "invalid_header"),
    (b"\0\1\2\n", "invalid"), (b"PK\3\4" + b"\0" * 100, "invalid")])
def test_files_that_do_not_fit_leave_nothing(world: World, text: str | bytes, code: str) -> None:
    answer = send(world.owner, text)
    checked_error(answer, 422, code)
    assert "spool" not in answer.text
    assert (folders(world), world.owner.get("/api/jobs").json) == ([], {"jobs": []})


@ON_SQLITE
def test_other_bodies_are_refused(world: World) -> None:
    checked_error(world.owner.post("/api/imports", {}), 415)
    checked_error(send(world.owner, "external_id\n", mapping="{"), 400, "malformed_json")
    checked_error(send(world.owner, "external_id\n", mapping="{}", kind="customers", more=["a", "b"]), 422)


@ON_SQLITE
def test_the_size_of_a_file_is_limited(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "external_id\n" + "1\n" * 200_000
    assert len(text) > limits.BODY_BYTES
    monkeypatch.setattr(limits, "IMPORT_BYTES", len(text))
    assert send(world.owner, text).status_code == 202
    before = folders(world)
    monkeypatch.setattr(limits, "IMPORT_BYTES", len(text) - 1)
    checked_error(send(world.owner, text), 413, "too_large")
    monkeypatch.setattr(limits, "IMPORT_BYTES", len(text) - 100_000)
    checked_error(send(world.owner, text), 413, "too_large")
    assert folders(world) == before


@ON_SQLITE
def test_a_cancelled_import_leaves_no_file(world: World) -> None:
    job = send(world.owner, "external_id\n1\n").json
    assert folders(world) == [job["id"]]
    assert world.owner.delete(f"/api/jobs/{job['id']}").json["state"] == "cancelled"
    assert folders(world) == []


@ON_SQLITE
def test_an_upload_that_is_gone_is_said_so(world: World) -> None:
    job = send(world.owner, "external_id\n1\n").json
    with world.app.app_context():
        files.remove(uuid.UUID(job["id"]))
    job = run(world, job)
    assert (job["state"], job["error"]["code"]) == ("failed", "file_gone")


@ON_SQLITE
def test_an_import_waits_for_the_one_before(world: World) -> None:
    first, second = (send(world.owner, "external_id\n1\n").json for _ in range(2))
    with world.app.app_context():
        assert leases.take(uuid.UUID(first["id"])) is not None
    assert run(world, second)["state"] == "queued"
    with world.app.app_context():
        lease = leases.Lease(db.session.scalars(select(Job.number).order_by(Job.number)).first() or 0, 1, {})
        leases.end(lease, leases.FAILED, "x", "x")
    assert run(world, second)["state"] == "done"
