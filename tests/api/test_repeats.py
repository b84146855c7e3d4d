"""Requests with an Idempotency-Key: done once, answered alike however often and in whatever race they come."""

from __future__ import annotations

import os
import signal
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from segmentation import limits, repeats
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.models import AnsweredRequest, Customer, Segment
from tests.api.conftest import Client, World, checked_error

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference
DRAFT = {"name": "شريحة", "rules": {"logic": "AND"}}
BATCH = {"customers": [{"external_id": "K"}]}
ORDERS = {"orders": [{"external_id": "O", "customer_id": "K", "ordered_at": "2024-05-01", "total": 1}]}
ROUTES = (("POST", "", DRAFT), ("PUT", "/api/customers", BATCH), ("PUT", "/api/orders", ORDERS))


def send(client: Client, method: str, url: str, body: Any, key: str = "key-1") -> Any:
    """The request with a key."""
    return client.open(method, url, json=body, headers={"Idempotency-Key": key})


def kept(world: World) -> int:
    """How many answers are kept."""
    with world.app.app_context():
        return db.session.scalars(select(func.count()).select_from(AnsweredRequest)).one()


def segments(world: World) -> int:
    """How many segments there are."""
    with world.app.app_context():
        return db.session.scalars(select(func.count()).select_from(Segment)).one()


@pytest.mark.parametrize(("method", "url", "body"), ROUTES)
def test_a_repetition_is_answered_as_the_first_was(world: World, method: str, url: str, body: Any) -> None:
    first = send(world.owner, method, url, body)
    assert first.status_code in (200, 201)
    for _ in range(2):
        again = send(world.as_user("editor@a.example", "a"), method, url, body)
        assert (again.status_code, again.data, again.mimetype) == (first.status_code, first.data, "application/json")
        assert [again.headers.get(name) for name in ("ETag", "Location")] == [
            first.headers.get(name) for name in ("ETag", "Location")]
        assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    other = send(world.owner, method, url, body, key="key-2")
    assert other.status_code == first.status_code
    assert other.data != first.data
    assert kept(world) == 2


@pytest.mark.parametrize(("method", "url", "body"), ROUTES)
def test_a_key_belongs_to_one_body(world: World, method: str, url: str, body: Any) -> None:
    first = send(world.owner, method, url, body)
    changed = {"name": "other", "rules": {"logic": "AND"}} if url == "" else {next(iter(body)): []}
    checked_error(send(world.owner, method, url, changed), 422, "idempotency_mismatch")
    assert send(world.owner, method, url, body).data == first.data
    assert kept(world) == 1


def test_a_key_belongs_to_one_route_and_one_store(world: World) -> None:
    for method, url, body in ROUTES:
        assert send(world.owner, method, url, body).status_code in (200, 201)
        assert send(world.as_user("owner@b.example", "b"), method, url, body).status_code in (200, 201)
    assert kept(world) == 6
    assert send(world.owner, *ROUTES[1]).json["created"] == 1


def test_what_failed_can_be_tried_again(world: World) -> None:
    bad = {"customers": [{"external_id": "K", "email": "x"}]}
    checked_error(send(world.owner, "PUT", "/api/customers", bad), 422, "invalid")
    checked_error(send(world.as_user("viewer@a.example", "a"), "PUT", "/api/customers", BATCH), 403)
    assert kept(world) == 0
    assert send(world.owner, "PUT", "/api/customers", BATCH).json["created"] == 1


@ON_SQLITE
@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * (limits.KEY_LENGTH + 1), "a\tb"])
def test_keys_that_cannot_be_one(world: World, key: str) -> None:
    problems = checked_error(send(world.owner, "POST", "", DRAFT, key=key), 400)
    assert [(problem["path"], problem["code"]) for problem in problems] == [("/Idempotency-Key", "invalid_key")]


@ON_SQLITE
def test_a_key_at_its_limit(world: World) -> None:
    assert send(world.owner, "POST", "", DRAFT, key="~" * limits.KEY_LENGTH).status_code == 201


def test_an_answer_is_kept_for_a_day(world: World) -> None:
    first = send(world.owner, "POST", "", DRAFT)
    send(world.owner, "POST", "", DRAFT, key="key-2")
    send(world.as_user("owner@b.example", "b"), "POST", "", DRAFT)
    age(world, repeats.KEPT - timedelta(minutes=1))
    assert send(world.owner, "POST", "", DRAFT).data == first.data
    age(world, timedelta(minutes=2))
    assert send(world.owner, "POST", "", DRAFT).json["id"] != first.json["id"]
    assert kept(world) == 2  # this one, and the other store's, which it forgets when it next keeps one


def age(world: World, by: timedelta) -> None:
    """Make all kept answers so much older."""
    with world.app.app_context(), writing() as session:
        for row in session.scalars(select(AnsweredRequest)):
            row.created_at -= by


def test_eight_at_once_make_one_segment(world: World) -> None:
    owner, answers = world.owner, []
    gate = threading.Barrier(8)

    def create() -> None:
        client = Client(world.app.test_client(), owner.token, owner.store)
        gate.wait()
        answers.append(send(client, "POST", "", DRAFT))

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.data for answer in done}) == 1
    for answer in answers:
        if answer.status_code != 201:
            checked_error(answer, 409, "in_flight")
            assert answer.headers["Retry-After"] == "1"
    assert segments(world) == 1
    assert send(owner, "POST", "", DRAFT).data == done[0].data


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_while_the_first_is_at_work_the_second_is_told_to_wait(world: World) -> None:
    once = repeats.Once(world.a, "POST /api/segmentation", "key-1", "", lambda result: result)
    with world.app.app_context():
        engine = db.engine
    with Session(engine) as session:
        once.begin(session)
        answer = send(world.owner, "POST", "", DRAFT)
        checked_error(answer, 409, "in_flight")
        assert answer.headers["Retry-After"] == "1"
        assert send(world.owner, "POST", "", DRAFT, key="key-2").status_code == 201
    assert send(world.owner, "POST", "", DRAFT).status_code == 201


def test_killed_before_the_answer_is_sent_it_is_sent_to_the_repetition(world: World) -> None:
    owner = world.owner
    for url, body, made in (("", DRAFT, Segment), ("/api/customers", BATCH, Customer)):
        method = "PUT" if url else "POST"
        with world.app.app_context():
            before = db.session.scalars(select(func.count()).select_from(made)).one()
            db.session.remove()
            db.engine.dispose()
        child = os.fork()
        if not child:
            try:
                world.app.after_request_funcs[None] = [lambda _response: os.kill(os.getpid(), signal.SIGKILL)]
                send(owner, method, url, body)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        answers = [send(owner, method, url, body) for _ in range(2)]
        assert {answer.status_code for answer in answers} <= {200, 201}
        assert answers[0].data == answers[1].data
        with world.app.app_context():
            assert db.session.scalars(select(func.count()).select_from(made)).one() == before + 1
    assert answers[0].json == {"written": 1, "created": 1, "unchanged": 0, "data_version": 1}
