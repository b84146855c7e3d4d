"""The route of the audit log."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response, jsonify

from segmentation import limits, trail
from segmentation.api.blueprints import Blueprint
from segmentation.api.parsing import identifier, needs, one_of, whole
from segmentation.api.schemas import StoreQuery
from segmentation.audience.scope import Scope
from segmentation.audit import ACTIONS
from segmentation.trail import Happened

blueprint = Blueprint("audit", __name__, url_prefix="/api/audit", description="The audit log")
Query = dict[str, Any]


class AuditQuery(StoreQuery):
    """Which events."""

    action = one_of(*ACTIONS)
    user_id = identifier(metadata={"description": "only what this person did"})
    limit = whole(1, limits.PAGE_SIZE, load_default=25)
    cursor = identifier(metadata={"description": "`meta.next_cursor` of the page before"})


class EventSchema(ma.Schema):
    """Who did what, when; `details` are ids and figures. No `user_id`: the operator, or the service itself."""

    id = ma.fields.UUID(required=True)
    at = ma.fields.AwareDateTime(required=True)
    action = ma.fields.String(required=True)
    user_id = ma.fields.UUID(required=True, allow_none=True)
    email = ma.fields.String(required=True, allow_none=True)
    details = ma.fields.Dict(required=True)


class AuditMetaSchema(ma.Schema):
    """How to go on; null on the last page."""

    next_cursor = ma.fields.UUID(required=True, allow_none=True)


class AuditSchema(ma.Schema):
    """Events, newest first."""

    data = ma.fields.List(ma.fields.Nested(EventSchema), required=True)
    meta = ma.fields.Nested(AuditMetaSchema, required=True)


@blueprint.route("")
@needs("owner")
@blueprint.arguments(AuditQuery, location="query")
@blueprint.response(200, AuditSchema)
@blueprint.fails(400, 401, 403, 404)
def list_events(scope: Scope, query: Query) -> Response:
    """See who did what in the store, newest first, with the sign-ins of its members"""
    found, following = trail.find_events(scope, limit=query["limit"], action=query.get("action"),
                                         user_id=query.get("user_id"), before=query.get("cursor"))
    cursor = str(following) if following else None
    return jsonify({"data": [_shape(each) for each in found], "meta": {"next_cursor": cursor}})


def _shape(event: Happened) -> dict[str, Any]:
    return {"id": str(event.id), "at": event.at, "action": event.action,
            "user_id": str(event.user_id) if event.user_id else None, "email": event.email, "details": event.details}
