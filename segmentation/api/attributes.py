"""The routes of custom attributes: list, declare, remove."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response, jsonify

from segmentation import attributes, limits
from segmentation.api.blueprints import Blueprint
from segmentation.api.parsing import Strict, needs, one_of, text
from segmentation.api.schemas import StoreQuery
from segmentation.audience.scope import Scope
from segmentation.models import Attribute
from segmentation.rules.fields import ATTRIBUTE_KINDS

blueprint = Blueprint("attributes", __name__, url_prefix="/api/attributes", description="Custom attributes")
Query = dict[str, Any]


class DeclarationSchema(Strict):
    """What an attribute is called and what its values are."""

    label = text(limits.NAME_LENGTH, required=True)
    kind = one_of(*ATTRIBUTE_KINDS, required=True)


class AttributeSchema(ma.Schema):
    """A custom attribute."""

    key = ma.fields.String(required=True)
    label = ma.fields.String(required=True)
    kind = ma.fields.String(required=True)


class AttributesSchema(ma.Schema):
    """The attributes of a store."""

    attributes = ma.fields.List(ma.fields.Nested(AttributeSchema), required=True)


@blueprint.route("")
@needs("viewer")
@blueprint.arguments(StoreQuery, location="query")
@blueprint.response(200, AttributesSchema)
@blueprint.fails(400, 401, 404)
def list_attributes(scope: Scope, _query: Query) -> Response:
    """List the custom attributes that the store declared"""
    return jsonify({"attributes": [_shape(row) for row in attributes.find_attributes(scope)]})


@blueprint.route("/<key>", methods=["PUT"])
@needs("owner")
@blueprint.arguments(StoreQuery, location="query")
@blueprint.arguments(DeclarationSchema, example={"label": "Loyalty tier", "kind": "text"})
@blueprint.response(200, AttributeSchema)
@blueprint.alt_response(201, schema=AttributeSchema, description="Declared.")
@blueprint.fails(400, 401, 403, 404, 409, 413, 415, 422)
def declare_attribute(scope: Scope, _query: Query, body: dict[str, Any], key: str) -> Response:
    """Declare a custom attribute, or change its label"""
    row, is_new = attributes.declare_attribute(scope, key, **body)
    response = jsonify(_shape(row))
    response.status_code = 201 if is_new else 200
    return response


@blueprint.route("/<key>", methods=["DELETE"])
@needs("owner")
@blueprint.arguments(StoreQuery, location="query")
@blueprint.response(204)
@blueprint.fails(400, 401, 403, 404)
def remove_attribute(scope: Scope, _query: Query, key: str) -> None:
    """Remove a custom attribute with all its values; segments that ask about it become invalid"""
    attributes.remove_attribute(scope, key)


def _shape(row: Attribute) -> dict[str, str]:
    return {"key": row.key, "label": row.label, "kind": row.kind}
