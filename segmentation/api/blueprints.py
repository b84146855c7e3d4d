"""What every JSON blueprint shares: the strict parser, what routes can say of themselves, and how our own values look
in the OpenAPI document.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from flask import request
from flask_smorest import Blueprint as SmorestBlueprint

from segmentation.api.errors import ErrorSchema
from segmentation.api.parsing import Parser, Value
from segmentation.exports.segment import MIMETYPES

REASONS = {
    400: "The request cannot be read.",
    401: "No valid access token.",
    403: "The role does not allow it.",
    404: "Unknown, foreign or deleted.",
    409: "The state of things forbids it.",
    412: "It was changed meanwhile.",
    413: "The body is too large.",
    415: "The body is not of the right type.",
    416: "The file has no such part.",
    422: "Well-formed, but wrong.",
    429: "Too many attempts.",
    503: "The service cannot answer right now.",
}


BINARY = {"type": "string", "format": "binary"}


class Blueprint(SmorestBlueprint):  # type: ignore[misc]
    """A flask-smorest blueprint with our parser."""

    ARGUMENTS_PARSER = Parser()

    def arguments(self, schema: Any, *, location: str = "json", **options: Any) -> Any:
        """Read an argument; faults in a query or header are documented as 400, faults in a body as 422."""
        status = 422 if location == "json" else 400
        return super().arguments(schema, location=location, error_status_code=status, **options)

    def fails(self, *statuses: int) -> Any:
        """Document the errors a route may answer with."""

        def decorate(view: Any) -> Any:
            for status in statuses:
                view = self.alt_response(status, schema=ErrorSchema, description=REASONS[status])(view)
            return view

        return decorate

    def sends_table(self, status: int = 200, description: str = "The file.") -> Any:
        """Document that a route answers with an export, of either format."""

        def decorate(view: Any) -> Any:
            for mimetype in reversed(MIMETYPES.values()):
                view = self.alt_response(status, schema=BINARY, content_type=mimetype, description=description)(view)
            return view

        return decorate

    def takes(self, most: int) -> Any:
        """Let the bodies of a route have so many bytes."""

        def decorate(view: Any) -> Any:
            @wraps(view)
            def wrapped(*args: Any, **kwargs: Any) -> Any:
                request.max_content_length = most
                return view(*args, **kwargs)

            return wrapped

        return decorate


def value_schema(_converter: Any, field: Any, **_options: Any) -> dict[str, Any]:
    """The JSON Schema of a `Value`, for apispec."""
    return dict(field.schema) if isinstance(field, Value) else {}
