"""The world of the API's tests, visitors of its pages, and many hands at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from flask import Flask
from sqlalchemy import select

from segmentation.extensions import db
from segmentation.models import AuditEvent, User
from tests.api.conftest import Client, World, world
from tests.pages.conftest import owner, visit

__all__ = ["at_once", "events", "id_of", "owner", "visit", "world"]


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
