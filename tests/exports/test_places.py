"""The places for exports of a store: shared by those written at once and those of jobs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from time import monotonic, sleep

import pytest
from werkzeug.test import TestResponse

from segmentation.errors import TooMany
from segmentation.exports.places import place
from segmentation.jobs import running
from segmentation.limits import RUNNING_EXPORTS
from tests.api.conftest import World, checked_error, world
from tests.pages.conftest import Visitor, visit

__all__ = ["visit", "world"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference


@contextmanager
def held(world: World, number: int, store: uuid.UUID | None = None) -> Iterator[None]:
    """So many places of a store are taken."""
    with ExitStack() as stack:
        with world.app.app_context():
            for _ in range(number):
                stack.enter_context(place(store or world.a))
        yield


def whole(answer: TestResponse) -> None:
    """It is a file of all customers."""
    with answer:
        assert (answer.status_code, answer.headers["X-Row-Count"]) == (200, "60")


def test_a_store_has_so_many_places_and_no_more(world: World) -> None:
    export = f"/{world.owner.create()['id']}/export"
    with held(world, RUNNING_EXPORTS - 1), held(world, RUNNING_EXPORTS, world.b):
        whole(world.owner.get(export))
    with held(world, RUNNING_EXPORTS):
        answer = world.owner.get(export)
        checked_error(answer, 429, "too_many_exports")
        assert answer.headers["Retry-After"] == "5"
    whole(world.owner.get(export))


def test_a_page_leaves_the_file_to_a_job_meanwhile(world: World, visit: Callable[..., Visitor]) -> None:
    path, visitor = f"/segments/{world.owner.create()['id']}/export", visit("owner@a.example")
    with held(world, RUNNING_EXPORTS):
        answer = visitor.post(path)
    assert (answer.status_code, "/jobs/" in answer.headers["Location"]) == (303, True)
    whole(visitor.post(path))


def test_a_job_waits_for_a_place(world: World) -> None:
    segment = world.owner.create()["id"]
    job = world.owner.get(f"/{segment}/export", headers={"Prefer": "respond-async"}).json["id"]

    def state() -> str:
        return str(world.owner.get(f"/api/jobs/{job}").json["state"])

    def work() -> None:
        with world.app.app_context():
            running.run(uuid.UUID(job))

    with ThreadPoolExecutor(1) as worker:
        with held(world, RUNNING_EXPORTS):
            done = worker.submit(work)
            until = monotonic() + 20
            while state() == "queued" and monotonic() < until:
                sleep(0.05)
            sleep(0.5)
            assert state() == "running"
        done.result(20)
    assert state() == "done"


def test_a_place_that_is_waited_for_in_vain_is_not_kept(world: World) -> None:
    class Left(Exception):
        pass

    def leave() -> None:
        raise Left

    with held(world, RUNNING_EXPORTS), world.app.app_context():
        with pytest.raises(Left), place(world.a, leave):
            pass
        with pytest.raises(TooMany), place(world.a):
            pass
    with held(world, RUNNING_EXPORTS):
        pass
