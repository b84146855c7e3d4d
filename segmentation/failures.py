"""The last resort: any exception becomes one of our errors, and the face that was asked shows it.

No answer carries SQL, a stack trace or another store's data: what is not one of our errors is logged and answered in
general words.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

from flask import Flask, Response, request
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from segmentation.database import let_go
from segmentation.errors import Conflict, DomainError, NotFound, Unavailable

log = logging.getLogger("segmentation.errors")
Show = Callable[[DomainError], Response]
FOR_PROGRAMS = ("/api", "/health/", "/metrics")
# What the framework refuses by itself: our code for it, and what it means, for the framework speaks English alone.
REFUSED = {
    400: ("malformed", "The request cannot be read."),
    401: ("unauthorized", "Sign in: a valid access token is needed."),
    403: ("forbidden", "You may not do this."),
    405: ("method_not_allowed", "This address takes no such request."),
    406: ("not_acceptable", "There is no answer in that form."),
    408: ("timeout", "It took too long to arrive."),
    413: ("too_large", "This is larger than what is taken here."),
    415: ("unsupported_media_type", "The body is not of the right type."),
    416: ("range_not_satisfiable", "The file has no such part."),
    422: ("invalid", "That cannot be used."),
    429: ("too_many_requests", "Too many attempts."),
}


def init_app(app: Flask, show_json: Show, show_page: Show) -> None:
    """Answer every exception: as JSON where programs ask, as a page elsewhere."""

    def shown(error: DomainError) -> Response:
        show = show_json if request.path.startswith(FOR_PROGRAMS) else show_page
        response = show(error)
        response.headers.update(error.headers)
        return response

    app.teardown_appcontext(lambda _error: let_go())  # before the extension gives the session back
    app.register_error_handler(DomainError, shown)
    app.register_error_handler(HTTPException, lambda error: shown(_http(error)))
    app.register_error_handler(SQLAlchemyError, lambda error: shown(_database(error)))
    app.register_error_handler(OSError, lambda error: shown(_storage(error)))
    app.register_error_handler(Exception, lambda error: shown(_unexpected(error)))


def _http(error: HTTPException) -> DomainError:
    if error.code == 404:
        return NotFound()
    status = error.code or 500
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Content-Range", "Retry-After")}
    code, meaning = REFUSED.get(status, ("error", error.name))
    failure = DomainError(meaning, code=code, headers=kept)
    failure.status = status
    return failure


def _database(error: SQLAlchemyError) -> DomainError:
    let_go()
    if isinstance(error, IntegrityError):
        log.warning("a write collided with another", exc_info=error)
        return Conflict("Somebody else changed the same thing at the same time. Try again.")
    log.error("the database failed", exc_info=error)
    if isinstance(error, DBAPIError) and isinstance(error.orig, (sqlite3.OperationalError, OSError)):
        return _full(error.orig) or Unavailable()
    return Unavailable()


def _full(error: BaseException) -> Unavailable | None:
    if "full" not in str(error):
        return None
    return Unavailable("There is no room left to store anything.", code="storage_full")


def _storage(error: OSError) -> DomainError:
    log.error("a file could not be written or read", exc_info=error)
    return Unavailable("A file could not be written.", code="storage_full")


def _unexpected(error: Exception) -> DomainError:
    log.error("unexpected error", exc_info=error)
    let_go()
    return DomainError("Something went wrong on our side.", code="internal")
