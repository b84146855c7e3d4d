"""The few errors of the domain. Each knows its code and the HTTP status that `api` answers with.

Use cases raise them; nothing here knows Flask or SQL. `Problem` is one fault in an input, with its address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One fault: JSON Pointer from the request's root, stable code, words, and the rule node's id if it has one."""

    path: str
    code: str
    message: str
    id: str | None = None

    def as_dict(self) -> dict[str, str]:
        """The problem as the API shows it."""
        shown = {"path": self.path, "code": self.code, "message": self.message}
        return {"path": self.path, "id": self.id, **shown} if self.id is not None else shown


def pointer(key: object) -> str:
    """A key as one step of a JSON Pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


@dataclass
class DomainError(Exception):
    """Base of all; `extra` is merged into the error body's top level, `headers` into the answer's."""

    message: str
    problems: Sequence[Problem] = ()
    code: str = "error"
    extra: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    status = 500

    def __str__(self) -> str:
        return self.message


@dataclass
class Malformed(DomainError):
    """The request cannot be read at all: bad JSON, a bad query value."""

    code: str = "malformed"
    status = 400


@dataclass
class NotSignedIn(DomainError):
    """No token, or not exactly one of our valid access tokens."""

    message: str = "Sign in: a valid access token is needed."
    code: str = "unauthorized"
    headers: dict[str, str] = field(default_factory=lambda: {"WWW-Authenticate": "Bearer"})
    status = 401


@dataclass
class Forbidden(DomainError):
    """A member of the store whose role does not allow this."""

    message: str = "Your role in this store does not allow this."
    code: str = "forbidden"
    status = 403


@dataclass
class NotFound(DomainError):
    """Unknown, foreign, deleted or malformed: one body for all, so that nothing tells them apart."""

    message: str = "There is nothing here for you."
    code: str = "not_found"
    status = 404


@dataclass
class Conflict(DomainError):
    """The state of things forbids it."""

    code: str = "conflict"
    status = 409


@dataclass
class Stale(DomainError):
    """Somebody else changed it first."""

    message: str = "It was changed by someone else since you read it."
    code: str = "precondition_failed"
    status = 412


@dataclass
class Invalid(DomainError):
    """Well-formed but wrong."""

    code: str = "invalid"
    status = 422


@dataclass
class Unavailable(DomainError):
    """The database is gone, too slow or full; nothing was half done."""

    message: str = "The service cannot answer right now. Try again."
    code: str = "unavailable"
    headers: dict[str, str] = field(default_factory=lambda: {"Retry-After": "1"})
    status = 503


@dataclass
class Abandoned(DomainError):
    """Whoever asked has left, so the question was cancelled; the status is the one that nginx logs for it."""

    message: str = "Nobody waits for the answer."
    code: str = "abandoned"
    status = 499


@dataclass
class Cancelled(DomainError):
    """Somebody asked for the running job to stop."""

    message: str = "The job was cancelled."
    code: str = "cancelled"
    status = 409


def query_timeout() -> Unavailable:
    """A statement ran past its deadline and was cancelled."""
    return Unavailable("The question took too long and was cancelled.", code="query_timeout")


@dataclass
class TooMany(DomainError):
    """Asked too often; `Retry-After` says when to come back."""

    message: str = "Too many attempts. Try again later."
    code: str = "too_many_requests"
    status = 429
