"""The queue: the same on every storage, carrying ids as JSON, and never in the way."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask

from segmentation.queue import EXTENSION, NAME, Queue, enqueue, queue
from tests.conftest import _administer, _postgres_url, postgres_answers

REDIS = os.environ.get("SEGMENTATION_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
JOB = uuid.UUID("01a00000-0000-7000-8000-000000000001")


@pytest.fixture(params=["sqlite", "redis", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty queue of each sort."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'queue.db'}"
    elif request.param == "redis":
        with redis.Redis.from_url(REDIS) as server:
            try:
                server.delete(f"huey.{NAME}")
            except redis.ConnectionError:
                pytest.skip("no Redis: set SEGMENTATION_TEST_REDIS_URL")
        yield REDIS
    elif postgres_answers():
        name = f"segmentation_queue_{uuid.uuid4().hex[:12]}"
        _administer("CREATE DATABASE {}", name)
        yield _postgres_url(name)
        _administer("DROP DATABASE {} WITH (FORCE)", name)
    else:
        pytest.skip("no PostgreSQL: set SEGMENTATION_TEST_POSTGRES_URL")


def test_what_goes_in_comes_out(url: str) -> None:
    ran: list[str] = []
    one = Queue(url, ran.append, lambda: None)
    assert one.is_empty()
    one.put(JOB)
    [entry] = one.huey.storage.enqueued_items()
    _id, name, arguments = json.loads(bytes(entry))
    assert (name.rpartition(".")[2], arguments) == ("run", [str(JOB)])
    other = Queue(url, ran.append, lambda: None)
    assert not other.is_empty()
    other.huey.execute(other.huey.dequeue())
    assert (ran, one.is_empty(), one.huey.dequeue()) == ([str(JOB)], True, None)
    for each in (one, other):
        each.huey.storage.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_queue_that_is_down_is_not_in_the_way(app: Flask) -> None:
    enqueue(JOB)
    assert not queue().is_empty()
    queue().huey.storage.close()

    def broken() -> Queue:
        raise OSError("down")

    app.extensions[EXTENSION] = [broken]
    enqueue(JOB)
