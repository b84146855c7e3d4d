"""Health: live whatever happens, ready only with all that is needed, and no word too many."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import text

from segmentation.extensions import db
from segmentation.operations import health
from segmentation.operations.health import Part
from tests.api.conftest import checked_error
from tests.conftest import make_app


def test_ready_with_all_that_is_needed(application: Flask) -> None:
    answer = application.test_client().get("/health/ready")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_live_though_nothing_works(tmp_path: Path) -> None:
    app = make_app("postgresql://nobody@127.0.0.1:1/nothing", tmp_path)
    answer = app.test_client().get("/health/live")
    assert (answer.status_code, answer.json) == (200, {"status": "live"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_not_ready_without_a_database_and_says_nothing_of_where_it_is(tmp_path: Path) -> None:
    app = make_app("postgresql://somebody:hush@127.0.0.1:1/nothing", tmp_path)
    answer = app.test_client().get("/health/ready")
    (problem,) = checked_error(answer, 503, "not_ready")
    assert (problem["path"], problem["code"]) == ("/database", "unreachable")
    assert answer.headers["Retry-After"] == "1"
    for secret in ("somebody", "hush", "127.0.0.1", "nothing"):
        assert secret not in answer.text


def test_not_ready_on_another_schema(application: Flask) -> None:
    with application.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'another'"))
    (problem,) = checked_error(application.test_client().get("/health/ready"), 503, "not_ready")
    assert (problem["path"], problem["code"]) == ("/database", "other_schema")
    with application.app_context(), db.engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    (problem,) = checked_error(application.test_client().get("/health/ready"), 503, "not_ready")
    assert problem["code"] == "other_schema"


def test_not_ready_without_a_place_for_files(application: Flask) -> None:
    application.config["SPOOL_DIR"].write_text("a file stands where the folder should")
    (problem,) = checked_error(application.test_client().get("/health/ready"), 503, "not_ready")
    assert problem["path"] == "/spool"


def test_what_hangs_is_out_of_order_and_is_not_asked_again_meanwhile(
    application: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go, asked = Event(), []

    def hang() -> None:
        asked.append(1)
        let_go.wait(10)

    monkeypatch.setattr(health, "SECONDS", 0.1)
    monkeypatch.setattr(health, "PARTS", (Part("database", hang),))
    client, started = application.test_client(), time.monotonic()
    for _ in range(3):
        (problem,) = checked_error(client.get("/health/ready"), 503, "not_ready")
        assert problem["code"] == "too_slow"
    assert time.monotonic() - started < 5
    assert len(asked) == 1
    let_go.set()
    time.sleep(0.05)
    assert client.get("/health/ready").status_code == 200
