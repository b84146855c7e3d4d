"""Nothing of anybody's in any log line: canaries in every place that a request has, well-formed and failing ones."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import text

from segmentation.database import writing
from segmentation.extensions import db
from segmentation.jobs import running
from segmentation.logs import JSONFormatter
from segmentation.models import Segment
from segmentation.models.types import new_id
from segmentation.queue import queue
from tests.api.conftest import World, world

__all__ = ["world"]
EMAIL, PHONE, VALUE, SEARCH, TOKEN = (
    "canary@example.com", "+966500000999", "canary-value", "canary-search", "canary-token")
CANARIES = ("canary", "500000999")
RULES = {"logic": "AND", "conditions": [
    {"field": "email", "operator": "contains", "value": EMAIL},
    {"field": "first_name", "operator": "equals", "value": VALUE}]}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What everything logs, libraries too, while a test runs."""
    root, stream = logging.getLogger(), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter())
    levels = {name: logging.getLogger(name).level for name in ("", "segmentation", "huey")}
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def logged(lines: io.StringIO) -> list[dict[str, Any]]:
    """The lines, each an object; none holds a canary."""
    found = lines.getvalue()
    for canary in CANARIES:
        assert canary not in found, next(line for line in found.splitlines() if canary in line)
    return [json.loads(line) for line in found.splitlines()]


def ask_everything(world: World) -> list[int]:
    """Requests with something of somebody's in every place; how each was answered."""
    owner, nobody = world.owner, world.app.test_client()
    person = {"external_id": VALUE, "email": EMAIL, "mobile": PHONE, "first_name": VALUE}
    file = f"external_id,email,mobile,birthday\n{VALUE},{EMAIL},{PHONE},{VALUE}\n".encode()
    answers = [
        nobody.post("/api/auth/token", json={"email": EMAIL, "password": TOKEN}),
        nobody.post("/sign-in", data={"email": EMAIL, "password": TOKEN}),
        nobody.get("/api/segmentation", headers={"Authorization": f"Bearer {TOKEN}", "X-Request-ID": f"{EMAIL} x"}),
        nobody.get(f"/{VALUE}?email={EMAIL}", headers={"Cookie": f"segmentation={TOKEN}", "User-Agent": VALUE}),
        owner.post("/preview", {"rules": RULES}),
        owner.post("/preview?include=nodes,sql,sentence", {"rules": RULES}),
        owner.post("", {"name": VALUE, "description": SEARCH, "rules": RULES}),
        owner.get(f"?search={SEARCH}"),
        owner.get(f"/api/customers?search={SEARCH}"),
        owner.get(f"/api/customers?email={EMAIL}"),
        owner.get(f"/api/customers/{SEARCH}"),
        owner.put("/api/customers", {"customers": [person]}),
        owner.put("/api/customers", {"customers": [{**person, "birthday": VALUE}]}),
        owner.post("/preview", {"rules": {"logic": VALUE, "conditions": [{"field": VALUE}]}}),
        owner.open("POST", "/preview", data=f'{{"{VALUE}": '.encode(), content_type="application/json"),
        owner.open("POST", "/api/imports", data={"kind": "customers", "file": (BytesIO(file), f"{VALUE}.csv")}),
        owner.open("CANARY", "/preview"),
    ]
    return [answer.status_code for answer in answers]


def run_jobs(world: World) -> None:
    """What a worker would."""
    with world.app.app_context():
        while (task := queue().huey.dequeue()) is not None:
            queue().huey.execute(task)
        running.run(new_id())


def test_in_requests_and_jobs_that_go_well_and_that_are_refused(world: World, lines: io.StringIO) -> None:
    statuses = ask_everything(world)
    assert {200, 201, 202, 400, 401, 404, 405, 422} <= set(statuses)
    run_jobs(world)
    found = logged(lines)
    access = [line for line in found if line["logger"] == "segmentation.access"]
    assert len({line["request_id"] for line in access}) == len(access) > len(statuses)
    assert [line["message"] for line in found if "job" in line].count("job done") >= 1


@pytest.mark.parametrize("table", ["customers", "users"])
def test_in_requests_that_the_database_fails(world: World, lines: io.StringIO, table: str) -> None:
    assert world.owner.token
    with world.app.app_context(), db.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO gone"))
    statuses = ask_everything(world)
    assert 503 in statuses
    assert 500 not in statuses
    assert any("exception" in line and line["request_id"] for line in logged(lines))


def test_in_a_write_that_the_database_refuses(world: World, lines: io.StringIO) -> None:
    # PostgreSQL tells the values of what collides; so would the statement's parameters.
    @world.app.get("/api/collide")
    def collide() -> str:
        with writing() as session:
            row = session.query(Segment).one()
            again = {column.key: getattr(row, column.key) for column in Segment.__table__.columns}
            session.execute(Segment.__table__.insert().values(**again))
        return ""

    @world.app.get("/api/break")
    def broken() -> str:
        raise KeyError(EMAIL)

    assert world.owner.post("", {"name": VALUE, "rules": RULES}).status_code == 201
    assert world.app.test_client().get("/api/collide").status_code == 409
    assert world.app.test_client().get("/api/break").status_code == 500
    told = [line["exception"] for line in logged(lines) if "exception" in line]
    assert any("IntegrityError" in each for each in told)
    assert any("KeyError" in each for each in told)
