"""The one shape of every error, and how an error becomes an answer."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response, g, jsonify

from segmentation.api.shapes import segment_shape, store_shape
from segmentation.errors import DomainError
from segmentation.extensions import db
from segmentation.logs import request_id
from segmentation.models import Segment, Store
from segmentation.references import StoredSegments


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


def show_error(error: DomainError) -> Response:
    """The error as JSON."""
    problems = [problem.as_dict() for problem in error.problems]
    body = {"code": error.code, "message": error.message, "request_id": request_id(), "problems": problems}
    extra = {key: _shown(value) for key, value in error.extra.items()}
    response = jsonify({"error": body, **extra})
    response.status_code = error.status
    return response


def _shown(value: Any) -> Any:
    if isinstance(value, Segment):
        return segment_shape(value, StoredSegments(g.scope, db.session()).problems(value))
    return store_shape(value, g.scope.role) if isinstance(value, Store) else value
