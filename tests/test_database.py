"""Transactions and deadlines, on each engine."""

from __future__ import annotations

import threading
from time import monotonic

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update

from segmentation.database import reading, writing
from segmentation.departures import asked_by
from segmentation.errors import Abandoned, Invalid, Unavailable
from segmentation.extensions import db
from segmentation.models import Store
from tests.conftest import make_store

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


def test_a_write_commits_whole_or_not_at_all(store: Store) -> None:
    def half() -> None:
        with writing() as session:
            session.execute(update(Store).values(name="half"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert db.session.scalar(select(Store.name)) == "Souq"


def test_a_statement_past_its_deadline_is_stopped(app: Flask) -> None:
    started = monotonic()
    with pytest.raises(Unavailable) as raised, reading(0.3) as connection:
        connection.execute(text(ENDLESS))
    assert raised.value.code == "query_timeout"
    assert monotonic() - started < 2
    with reading(5) as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1


def test_the_deadline_ends_with_the_block(app: Flask) -> None:
    with reading(0.2) as connection:
        connection.execute(text("SELECT 1"))
    with reading(30) as connection:
        bounded = ENDLESS.replace("FROM n)", "FROM n WHERE x < 2000000)")
        assert connection.execute(text(bounded)).scalar() == 2_000_000


def test_a_statement_of_somebody_who_leaves_is_stopped_and_no_other(app: Flask) -> None:
    def stays() -> None:
        with app.app_context(), asked_by(lambda: False), reading(30) as connection:
            bounded = ENDLESS.replace("FROM n)", "FROM n WHERE x < 2000000)")
            found.append(connection.execute(text(bounded)).scalar())

    found: list[int] = []
    other = threading.Thread(target=stays)
    other.start()
    started = monotonic()
    with pytest.raises(Abandoned), asked_by(lambda: monotonic() - started > 0.2), reading(30) as connection:
        connection.execute(text(ENDLESS))
    assert monotonic() - started < 2
    with asked_by(lambda: False), reading(5) as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    other.join(30)
    assert found == [2_000_000]


def test_a_snapshot_does_not_see_later_writes(store: Store) -> None:
    counted = select(func.count()).select_from(Store)
    with reading(5) as connection:
        before = connection.execute(counted).scalar()
        make_store("Another")
        assert connection.execute(counted).scalar() == before
    with reading(5) as connection:
        assert connection.execute(counted).scalar() == 2


def test_writers_take_turns(app: Flask, store: Store) -> None:
    store_id, threads, rounds = store.id, 6, 20
    db.session.remove()

    def work() -> None:
        with app.app_context():
            for _ in range(rounds):
                with writing() as session:
                    row = session.get(Store, store_id, with_for_update=True)
                    assert row is not None
                    row.data_version += 1

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert db.session.scalar(select(Store.data_version)) == threads * rounds


def test_a_sum_beyond_what_can_be_held_is_told(app: Flask) -> None:
    twice = ("SELECT CAST(SUM(x) AS BIGINT) FROM (SELECT CAST(9223372036854775807 AS BIGINT) AS x UNION ALL"
             " SELECT CAST(9223372036854775807 AS BIGINT)) AS two")
    with pytest.raises(Invalid) as raised, reading(5) as connection:
        connection.execute(text(twice))
    assert raised.value.code == "sum_too_large"
