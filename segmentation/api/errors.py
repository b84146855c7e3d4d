"""One error shape for everything, and the last resort that turns any exception into it.

No answer carries SQL, a stack trace or another store's data: what is not one of our errors is logged and answered in
general words.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import Any

import marshmallow as ma
from flask import Flask, Response, g, jsonify
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from segmentation.api.shapes import segment_shape
from segmentation.errors import Conflict, DomainError, NotFound, Unavailable
from segmentation.extensions import db
from segmentation.logs import request_id
from segmentation.models import Segment
from segmentation.references import StoredSegments

log = logging.getLogger("segmentation.errors")
CODES = {
    400: "malformed",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "timeout",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
}


class ProblemSchema(ma.Schema):
    """One fault in the input."""

    path = ma.fields.String(required=True, metadata={"description": "JSON Pointer from the request's root"})
    id = ma.fields.String(metadata={"description": "the rule node's id"})
    code = ma.fields.String(required=True)
    message = ma.fields.String(required=True)


class ErrorBodySchema(ma.Schema):
    """What went wrong."""

    code = ma.fields.String(required=True)
    message = ma.fields.String(required=True)
    request_id = ma.fields.String(required=True)
    problems = ma.fields.List(ma.fields.Nested(ProblemSchema), required=True)


class ErrorSchema(ma.Schema):
    """The shape of every error."""

    error = ma.fields.Nested(ErrorBodySchema, required=True)


def register_error_handlers(app: Flask) -> None:
    """Answer every error in the one shape."""
    app.register_error_handler(DomainError, _domain)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(SQLAlchemyError, _database)
    app.register_error_handler(OSError, _storage)
    app.register_error_handler(Exception, _unexpected)


def _domain(error: DomainError) -> Response:
    extra = {key: _segment(value) if isinstance(value, Segment) else value for key, value in error.extra.items()}
    problems = [problem.as_dict() for problem in error.problems]
    response = _answer(error.status, error.code, error.message, problems, extra)
    response.headers.update(error.headers)
    return response


def _segment(row: Segment) -> dict[str, Any]:
    return segment_shape(row, StoredSegments(g.scope, db.session()).problems(row))


def _http(error: HTTPException) -> Response:
    if error.code == 404:
        return _domain(NotFound())
    status = error.code or 500
    response = _answer(status, CODES.get(status, "error"), error.description or error.name)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _database(error: SQLAlchemyError) -> Response:
    db.session.rollback()
    if isinstance(error, IntegrityError):
        log.warning("a write collided with another", exc_info=error)
        return _domain(Conflict("Somebody else changed the same thing at the same time. Try again."))
    log.error("the database failed", exc_info=error)
    if isinstance(error, DBAPIError) and isinstance(error.orig, (sqlite3.OperationalError, OSError)):
        return _domain(_full(error.orig) or Unavailable())
    return _domain(Unavailable())


def _full(error: BaseException) -> Unavailable | None:
    if "full" not in str(error):
        return None
    return Unavailable("There is no room left to store anything.", code="storage_full")


def _storage(error: OSError) -> Response:
    log.error("a file could not be written or read", exc_info=error)
    return _domain(Unavailable("A file could not be written.", code="storage_full"))


def _unexpected(error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    db.session.rollback()
    return _answer(500, "internal", "Something went wrong on our side.")


def _answer(
    status: int,
    code: str,
    message: str,
    problems: list[dict[str, str]] | None = None,
    extra: dict[str, Any] | None = None,
) -> Response:
    body = {"code": code, "message": message, "request_id": request_id(), "problems": problems or []}
    response = jsonify({"error": body, **(extra or {})})
    response.status_code = status
    return response
