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
from segmentation.models import AnsweredRequest
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

    store_id: uuid.UUID
    route: str
    key: str
    digest: str
    shown: Callable[[Any], Answer]

    def begin(self, session: Session) -> None:
        """Begin the transaction that does it. Raises Repeated when it was done, Conflict while it is being done,
        Invalid when the key belongs to a request with another body.
        """
        self._lock(session)
        row = session.get(AnsweredRequest, (self.store_id, self.route, self.key))
        if row is None or row.created_at < utc_now() - KEPT:
            return
        if row.digest != self.digest:
            raise Invalid("This Idempotency-Key was used for a request with another body.", code="idempotency_mismatch")
        raise Repeated(Answer(row.status, row.headers, row.answer))

    def end(self, session: Session, result: Any) -> None:
        """Keep the answer, and forget those that are a day old."""
        session.flush()
        session.execute(delete(AnsweredRequest).where(
            AnsweredRequest.store_id == self.store_id, AnsweredRequest.created_at < utc_now() - KEPT))
        answer = self.shown(result)
        session.add(AnsweredRequest(
            store_id=self.store_id, route=self.route, key=self.key, digest=self.digest, status=answer.status,
            headers=answer.headers, answer=answer.text))

    def _lock(self, session: Session) -> None:
        if session.connection().dialect.name != "postgresql":
            return  # there is one writer at a time
        name = hashlib.sha256(f"{self.store_id}|{self.route}|{self.key}".encode()).digest()
        number = int.from_bytes(name[:8], signed=True)
        if not session.execute(select(func.pg_try_advisory_xact_lock(number))).scalar_one():
            raise Conflict("The same request is still being answered.", code="in_flight", headers={"Retry-After": "1"})


ANY_TIME = AnyTime()
