"""The world of the API's tests, visitors of its pages, and many hands at once.

On PostgreSQL every request here is answered as a role that row-level security binds, because much that concerns people
is looked up before their store is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from segmentation.extensions import db
from segmentation.models import AuditEvent, User
from tests.api.conftest import Client, World, make_world
from tests.pages.conftest import owner, visit
from tests.walls.role import bind_requests, bound_role

__all__ = ["at_once", "events", "id_of", "owner", "visit"]


@pytest.fixture
def world(application: Flask, database_url: str) -> Iterator[World]:
    """The two stores on a fresh database, behind the second wall where there is one."""
    made = make_world(application)
    if database_url.startswith("sqlite"):
        yield made
        return
    with bound_role(database_url) as role:
        bind_requests(application, role)
        yield made


def at_once(app: Flask, calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """What the calls give, or raise, each from a thread of its own, all begun at the same moment."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        with app.app_context():
            start.wait()
            try:
                return call()
            except Exception as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def id_of(world: World, email: str) -> str:
    """The id of a user."""
    with world.app.app_context():
        found = db.session.scalars(select(User.id).where(User.email == email)).one()
        db.session.remove()
        return str(found)


def events(world: World, *actions: str) -> list[AuditEvent]:
    """The events of those kinds, oldest first."""
    with world.app.app_context():
        found = list(db.session.scalars(
            select(AuditEvent).where(AuditEvent.action.in_(actions)).order_by(AuditEvent.number)))
        db.session.expunge_all()
        db.session.remove()
        return found


def member(world: World, email: str, store: str = "a") -> Client:
    """A client of somebody."""
    return world.as_user(email, store)
