"""The routes of API tokens: list, make, revoke."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response, jsonify

from segmentation import api_tokens, limits
from segmentation.api.blueprints import Blueprint
from segmentation.api.parsing import Strict, needs, number, one_of, text
from segmentation.api.schemas import StoreQuery
from segmentation.audience.scope import Scope
from segmentation.models import ApiToken
from segmentation.models.accounts import ROLES

blueprint = Blueprint("tokens", __name__, url_prefix="/api/tokens", description="API tokens")
Query = dict[str, Any]


class TokenDraftSchema(Strict):
    """A new API token; without `days` it is good until it is revoked."""

    name = text(limits.NAME_LENGTH, required=True)
    role = one_of(*ROLES, required=True)
    days = number(1, limits.TOKEN_DAYS)


class ApiTokenSchema(ma.Schema):
    """An API token. `token` is there once, in the answer to its creation; `hint` is how it begins."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    role = ma.fields.String(required=True)
    hint = ma.fields.String(required=True)
    created_by = ma.fields.UUID(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    expires_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    last_used_at = ma.fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "to the minute; noted about once in one"})
    token = ma.fields.String()


class ApiTokensSchema(ma.Schema):
    """The API tokens that are good, newest first."""

    tokens = ma.fields.List(ma.fields.Nested(ApiTokenSchema), required=True)


@blueprint.route("")
@needs("owner", person=True)
@blueprint.arguments(StoreQuery, location="query")
@blueprint.response(200, ApiTokensSchema)
@blueprint.fails(400, 401, 403, 404)
def list_tokens(scope: Scope, _query: Query) -> Response:
    """List the API tokens of the store"""
    return jsonify({"tokens": [_shape(each) for each in api_tokens.find_tokens(scope)]})


@blueprint.route("", methods=["POST"])
@needs("owner", person=True)
@blueprint.arguments(StoreQuery, location="query")
@blueprint.arguments(TokenDraftSchema, example={"name": "Nightly import", "role": "editor", "days": 365})
@blueprint.response(201, ApiTokenSchema)
@blueprint.fails(400, 401, 403, 404, 409, 413, 415, 422)
def create_token(scope: Scope, _query: Query, body: dict[str, Any]) -> Response:
    """Make an API token for a program: the answer has it, once; send it as the bearer token"""
    row, secret = api_tokens.create_token(scope, body["name"], body["role"], body.get("days"))
    response = jsonify({**_shape(row), "token": secret})
    response.status_code = 201
    return response


@blueprint.route("/<uuid:token_id>", methods=["DELETE"])
@needs("owner", person=True)
@blueprint.arguments(StoreQuery, location="query")
@blueprint.response(204)
@blueprint.fails(400, 401, 403, 404)
def revoke_token(scope: Scope, _query: Query, token_id: Any) -> None:
    """Revoke an API token, at once"""
    api_tokens.revoke_token(scope, token_id)


def _shape(row: ApiToken) -> dict[str, Any]:
    return {"id": str(row.id), "name": row.name, "role": row.role, "hint": row.hint, "created_by": str(row.user_id),
            "created_at": row.created_at, "expires_at": row.expires_at, "last_used_at": row.last_used_at}
