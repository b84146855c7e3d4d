"""Requests that may come twice: done once, answered alike each time.

What is answered to a request with a key is kept in the very transaction that does what it asks for, so there is never
one without the other. A repetition is answered from there; one that comes while the first is at work is refused on
PostgreSQL, and on SQLite waits for it as every writer does. Only success is kept: what failed can be tried again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from segmentation.errors import Conflict, Invalid
from segmentation.models import AnsweredRequest, Membership
from segmentation.models.types import utc_now

KEPT = timedelta(hours=24)


@dataclass(frozen=True)
class Answer:
    """An answer as it was given: status, headers of its own, and the text of its body."""

    status: int
    headers: dict[str, str]
    text: str


class Repeated(Exception):
    """The request was answered before; nothing is to be done."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class AnyTime:
    """A request without a key: done whenever it comes."""

    def begin(self, session: Session) -> None:
        """Nothing is looked up."""

    def end(self, session: Session, result: Any) -> None:
        """Nothing is kept."""


@dataclass(frozen=True)
class Once(AnyTime):
    """A request with a key, to be done once. `digest` tells its body from others; `shown` makes the answer of a result.
    """

    owner: uuid.UUID  # the store
    route: str
    key: str
    digest: str
    shown: Callable[[Any], Answer]

    def begin(self, session: Session) -> None:
        """Begin the transaction that does it. Raises Repeated when it was done, Conflict while it is being done,
        Invalid when the key belongs to a request with another body.
        """
        self._lock(session)
        row = self._found(session)
        if row is None or row.created_at < utc_now() - KEPT:
            return
        if row.digest != self.digest:
            raise Invalid("This Idempotency-Key was used for a request with another body.", code="idempotency_mismatch")
        raise Repeated(Answer(row.status, row.headers, row.answer))

    def end(self, session: Session, result: Any) -> None:
        """Keep the answer, and forget those that are a day old."""
        session.flush()
        store_id = self._store_of(result)
        session.execute(delete(AnsweredRequest).where(
            AnsweredRequest.store_id == store_id, AnsweredRequest.created_at < utc_now() - KEPT))
        answer = self.shown(result)
        session.add(AnsweredRequest(
            store_id=store_id, route=self.route, key=self.key, digest=self.digest, status=answer.status,
            headers=answer.headers, answer=answer.text))

    def _found(self, session: Session) -> AnsweredRequest | None:
        return session.get(AnsweredRequest, (self.owner, self.route, self.key))

    def _store_of(self, _result: Any) -> uuid.UUID:
        return self.owner

    def _lock(self, session: Session) -> None:
        if session.connection().dialect.name != "postgresql":
            return  # there is one writer at a time
        name = hashlib.sha256(f"{self.owner}|{self.route}|{self.key}".encode()).digest()
        number = int.from_bytes(name[:8], signed=True)
        if not session.execute(select(func.pg_try_advisory_xact_lock(number))).scalar_one():
            raise Conflict("The same request is still being answered.", code="in_flight", headers={"Retry-After": "1"})


@dataclass(frozen=True)
class OnceByPerson(Once):
    """Of a person who makes a store (`owner`). The answer is kept with that store, and the key is theirs alone."""

    def _found(self, session: Session) -> AnsweredRequest | None:
        return session.scalar(
            select(AnsweredRequest).join(Membership, Membership.store_id == AnsweredRequest.store_id)
            .where(Membership.user_id == self.owner, AnsweredRequest.route == self.route,
                   AnsweredRequest.key == self.key))

    def _store_of(self, result: Any) -> uuid.UUID:
        made: uuid.UUID = result.id
        return made


ANY_TIME = AnyTime()
