"""A database that ends connections: an error of the known shape, nothing of the server's, right answers after it."""

from __future__ import annotations

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text

from segmentation.audience import matching
from segmentation.database import let_go
from segmentation.extensions import db
from segmentation.models import Store
from tests.api.conftest import World, checked_error, world

__all__ = ["world"]
POSTGRES = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
RULES = {"rules": {"logic": "AND"}}


def end_connections(app: Flask) -> None:
    """What a restart does to whoever is connected."""
    with psycopg.connect(app.config["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                           " WHERE datname = current_database() AND pid <> pg_backend_pid()")


@POSTGRES
def test_within_a_request(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client, count = world.owner, matching.count
    assert client.post("/preview", RULES).json == {"count": 60}

    def lose(*given: object) -> int:
        end_connections(world.app)  # the session's too, which is in the middle of a read
        return count(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(matching, "count", lose)
    answer = client.post("/preview", RULES)
    checked_error(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    monkeypatch.setattr(matching, "count", count)
    assert client.post("/preview", RULES).json == {"count": 60}


@POSTGRES
def test_once_the_answer_is_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(*_given: object) -> int:
        with world.app.app_context():
            end_connections(world.app)
        return 5

    client = world.owner
    monkeypatch.setattr("segmentation.segments.preview", lose)
    assert client.post("/preview", RULES).json == {"count": 5}
    monkeypatch.undo()
    assert client.post("/preview", RULES).json == {"count": 60}


@POSTGRES
def test_between_requests(world: World) -> None:
    client = world.owner
    for _ in range(3):
        assert client.post("/preview", RULES).json == {"count": 60}
        end_connections(world.app)


def test_letting_go_ends_what_the_session_is_in_the_middle_of(app: Flask, store: Store) -> None:
    store.name = "never said"
    let_go()
    assert db.session.scalar(select(Store.name)) == "Souq"
    if db.engine.dialect.name == "postgresql":
        end_connections(app)
    let_go()
    let_go()
    assert db.session.execute(text("SELECT 1")).scalar() == 1
