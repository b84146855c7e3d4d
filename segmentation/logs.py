"""Logging: one JSON object per line, with the request's and the job's id; never personal data, tokens or rule values.

An exception is told by its type and where it came from. What it says is left out, because databases and converters
quote what was given to them; only what a driver says of the connection and the system of a file is known to be safe.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from logging import DEBUG, INFO
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
from flask import Flask, Response, g, has_request_context, request

from segmentation import json, metrics
from segmentation.models.types import new_id

PROBES = ("/health/live", "/health/ready", "/metrics")  # asked for every few seconds
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HERE = f"{Path(__file__).resolve().parent.parent}/"
_INSTALLED = re.compile(r".*/(?:site-packages|python3\.\d+)/")
_job: ContextVar[str | None] = ContextVar("job", default=None)
access = logging.getLogger("segmentation.access")


class JSONFormatter(logging.Formatter):
    """A log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Line breaks and quotes inside the message are escaped by JSON, so a record is always one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id() if has_request_context() else None,
            "job": _job.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            line["exception"] = _described(record.exc_info[1])
        return json.dumps_text({key: value for key, value in line.items() if value is not None})


def init_app(app: Flask) -> None:
    """Send the log to standard error, that of libraries too, and time every request."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSONFormatter())
    root = logging.getLogger()
    others = [each for each in root.handlers if not isinstance(each.formatter, JSONFormatter)]
    root.handlers[:] = [*others, handler]
    logging.getLogger("segmentation").setLevel(app.config["LOG_LEVEL"])
    app.before_request(_start)
    app.after_request(_finish)


def take_over_process() -> None:
    """Have what ends this process or one of its threads, and warnings, logged as all the rest is."""
    logging.captureWarnings(True)
    log = logging.getLogger("segmentation.errors")

    def tell(kind: type[BaseException], error: BaseException | None, trace: Any) -> None:
        if error is not None and not isinstance(error, KeyboardInterrupt):
            log.critical("uncaught exception", exc_info=(kind, error, trace))

    sys.excepthook = tell
    threading.excepthook = lambda given: tell(given.exc_type, given.exc_value, given.exc_traceback)
    sys.unraisablehook = lambda given: tell(given.exc_type, given.exc_value, given.exc_traceback)


@contextmanager
def about_job(job_id: object) -> Iterator[None]:
    """What is logged in the block is about that job."""
    token = _job.set(str(job_id))
    try:
        yield
    finally:
        _job.reset(token)


def request_id() -> str:
    """The request's id: the caller's `X-Request-ID` when it is a plain token, else a new one."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else str(new_id())
    return str(g.request_id)


def _start() -> None:
    g.started = perf_counter()


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = request_id()
    seconds = perf_counter() - g.get("started", perf_counter())
    route = request.url_rule.rule if request.url_rule else None
    metrics.count_request(route, request.method, response.status_code, seconds)
    fields = {"method": metrics.named(request.method), "route": route, "status": response.status_code,
              "milliseconds": round(seconds * 1000, 1)}
    access.log(DEBUG if route in PROBES and response.status_code < 400 else INFO, "request", extra={"fields": fields})
    return response


def _described(error: BaseException) -> str:
    """The exception and what led to it, the innermost last, each with the places it passed through."""
    parts, seen = [], set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        frames = traceback.StackSummary.extract(traceback.walk_tb(following.__traceback__), lookup_lines=False)
        parts.append("\n".join([_named(following), *(f"  {_place(each)}" for each in frames)]))
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return "\nfrom ".join(parts)


def _place(frame: traceback.FrameSummary) -> str:
    return f"{_INSTALLED.sub('', frame.filename).removeprefix(_HERE)}:{frame.lineno} {frame.name}"


def _named(error: BaseException) -> str:
    kind = type(error)
    code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    said = None
    if isinstance(error, OSError):
        said = error.strerror
    elif isinstance(error, (psycopg.OperationalError, sqlite3.OperationalError)):
        said = str(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return name + (f" [{code}]" if code else "") + (f": {said}" if said else "")
