"""Whether the one who asked is still there: a browser that has asked anew hangs up on the question before.

The one who asked for a job has left once nobody wants it any more (`asked_by`).

The server hands its socket to the application; a socket whose other end has closed reads as ended. Behind a proxy that
passes hang-ups on (nginx does) it works alike; where it cannot be told, nobody ever leaves.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import Condition, Lock, Thread
from time import sleep

from flask import has_request_context, request

HasLeft = Callable[[], bool]
SECONDS_BETWEEN_LOOKS = 0.02
_SOCKETS = ("gunicorn.socket", "werkzeug.socket")
_PEEK = socket.MSG_PEEK | socket.MSG_DONTWAIT

_asked_by: ContextVar[HasLeft | None] = ContextVar("asked_by", default=None)


@contextmanager
def asked_by(has_left: HasLeft) -> Iterator[None]:
    """What the block asks is asked for somebody of whom `has_left` knows."""
    token = _asked_by.set(has_left)
    try:
        yield
    finally:
        _asked_by.reset(token)


def departure() -> HasLeft | None:
    """A function that tells whether the client of the running request has hung up; None where that cannot be told."""
    if not has_request_context():
        return _asked_by.get()
    found = next((request.environ[name] for name in _SOCKETS if name in request.environ), None)
    return (lambda: _has_ended(found)) if type(found) is socket.socket else None


@contextmanager
def watching(has_left: HasLeft, cancel: Callable[[], object], *, again: bool = False) -> Iterator[None]:
    """Have `cancel` called, from another thread, if whoever asked leaves inside the block: once, or again and `again`
    until its end, where the first time may come before there is anything to cancel.
    """
    watched = _Watched(has_left, cancel, again)
    _watcher.watch(watched)
    try:
        yield
    finally:
        watched.end()


class _Watched:
    """One block, and what to do if nobody waits for its end."""

    def __init__(self, has_left: HasLeft, cancel: Callable[[], object], again: bool) -> None:
        self._has_left = has_left
        self._cancel = cancel
        self._again = again
        self._lock = Lock()
        self.is_over = False

    def look(self) -> None:
        """Cancel it if nobody waits any more."""
        with self._lock:
            if not self.is_over and self._has_left():
                self.is_over = not self._again
                self._cancel()

    def end(self) -> None:
        """From now on nothing is cancelled."""
        with self._lock:
            self.is_over = True


class _Watcher:
    """The one thread of a process that looks who has left. It sleeps while there is nobody to watch."""

    def __init__(self) -> None:
        self._watched: list[_Watched] = []
        self._more = Condition()
        self._thread: Thread | None = None

    def watch(self, watched: _Watched) -> None:
        """Look at this one too."""
        with self._more:
            self._watched.append(watched)
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, daemon=True)
                self._thread.start()
            self._more.notify()

    def _run(self) -> None:
        while True:
            with self._more:
                self._watched = [each for each in self._watched if not each.is_over]
                while not self._watched:
                    self._more.wait()
                every = list(self._watched)
            for each in every:
                with suppress(Exception):  # what is lost already cannot be cancelled
                    each.look()
            sleep(SECONDS_BETWEEN_LOOKS)


_watcher = _Watcher()


def _has_ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, _PEEK) == b""
    except BlockingIOError:
        return False  # open, and silent as it should be
    except (OSError, ValueError):
        return True
