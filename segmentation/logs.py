"""Logging: one JSON object per line, with the request's id; never personal data, tokens or rule values."""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from time import perf_counter

from flask import Flask, Response, g, has_request_context, request

from segmentation import json
from segmentation.models.types import new_id

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
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
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps_text({key: value for key, value in line.items() if value is not None})


def init_app(app: Flask) -> None:
    """Send the log to standard error and time every request."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSONFormatter())
    logger = logging.getLogger("segmentation")
    logger.handlers[:] = [handler]
    logger.setLevel(app.config["LOG_LEVEL"])
    logger.propagate = False
    app.before_request(_start)
    app.after_request(_finish)


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
    milliseconds = round((perf_counter() - g.get("started", perf_counter())) * 1000, 1)
    access.info("request", extra={"fields": {
        "method": request.method, "route": request.url_rule.rule if request.url_rule else None,
        "status": response.status_code, "milliseconds": milliseconds}})
    return response
