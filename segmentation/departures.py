"""Whether the one who asked is still there: a browser that has asked anew hangs up on the question before.

The one who asked for a job has left once nobody wants it any more (`asked_by`).

The server hands its socket to the application; a socket whose other end has closed reads as ended. Behind a proxy that
passes hang-ups on (nginx does) it works alike; where it cannot be told, nobody ever leaves.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from flask import has_request_context, request

_SOCKETS = ("gunicorn.socket", "werkzeug.socket")
_PEEK = socket.MSG_PEEK | socket.MSG_DONTWAIT

_asked_by: ContextVar[Callable[[], bool] | None] = ContextVar("asked_by", default=None)


@contextmanager
def asked_by(has_left: Callable[[], bool]) -> Iterator[None]:
    """What the block asks is asked for somebody of whom `has_left` knows."""
    token = _asked_by.set(has_left)
    try:
        yield
    finally:
        _asked_by.reset(token)


def departure() -> Callable[[], bool] | None:
    """A function that tells whether the client of the running request has hung up; None where that cannot be told."""
    if not has_request_context():
        return _asked_by.get()
    found = next((request.environ[name] for name in _SOCKETS if name in request.environ), None)
    return (lambda: _has_ended(found)) if type(found) is socket.socket else None


def _has_ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, _PEEK) == b""
    except BlockingIOError:
        return False  # open, and silent as it should be
    except (OSError, ValueError):
        return True
