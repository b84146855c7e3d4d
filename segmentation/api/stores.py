"""The routes of stores: which are mine, making one, and the settings of one."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response, jsonify

from segmentation import accounts, auth, limits, stores
from segmentation.accounts import StoreDraft
from segmentation.api.blueprints import Blueprint
from segmentation.api.job_schemas import JobSchema
from segmentation.api.jobs import accepted
from segmentation.api.parsing import Strict, Value, expected_versions, needs, number, one_of, signed_in, text
from segmentation.api.repeating import KeyHeader, once_by, repeatable
from segmentation.api.schemas import StoreQuery
from segmentation.api.shapes import store_shape
from segmentation.audience.scope import Scope
from segmentation.auth import Caller
from segmentation.extensions import db
from segmentation.models import Store
from segmentation.models.accounts import DEFAULT_COUNTED_STATUSES
from segmentation.rules.kinds import Fault
from segmentation.translations import LANGUAGES
from segmentation.values import codes

blueprint = Blueprint("stores", __name__, url_prefix="/api", description="Stores and their settings")
Query = dict[str, Any]
ZONE_LENGTH, CODE_LENGTH = 64, 3


def _texts(**options: Any) -> Value:
    """A list of texts; what they may be is said by `accounts.check`."""

    def read(raw: Any) -> list[str]:
        if not isinstance(raw, list) or not all(isinstance(each, str) for each in raw):
            raise Fault("not_a_list", "Give a list of texts.")
        return raw

    return Value(read, {"type": "array", "items": {"type": "string"}, "minItems": 1,
                        "maxItems": limits.COUNTED_STATUSES}, **options)


def _country(**options: Any) -> Value:
    """A country's code, or null."""

    def read(raw: Any) -> str:
        if not isinstance(raw, str):
            raise Fault("not_a_text", "Give an ISO 3166 code, or null.")
        return raw

    return Value(read, {"type": ["string", "null"], "enum": [*codes.countries(), None]}, allow_none=True, **options)


class SettingsSchema(Strict):
    """Settings to change; keys left out stay. `week_start`: Monday = 0."""

    name = text(limits.NAME_LENGTH)
    timezone = text(ZONE_LENGTH)
    currency = text(CODE_LENGTH, metadata={"description": "can change only while there are no orders"})
    country = _country(metadata={"description": "phone numbers are read as written there"})
    week_start = number(0, 6)
    language = one_of(*LANGUAGES)
    counted_statuses = _texts(metadata={"description": "the order statuses that count as bought"})


class StoreDraftSchema(Strict):
    """A new store. Without `country` it is the time zone's, without `week_start` the week begins as it does there."""

    name = text(limits.NAME_LENGTH, required=True)
    timezone = text(ZONE_LENGTH, required=True)
    currency = text(CODE_LENGTH, required=True)
    country = _country()
    week_start = number(0, 6)
    language = one_of(*LANGUAGES, load_default="en")
    counted_statuses = _texts(load_default=list(DEFAULT_COUNTED_STATUSES))


class StoreSchema(ma.Schema):
    """A store with its settings, and the caller's role in it."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    role = ma.fields.String(required=True)
    timezone = ma.fields.String(required=True)
    currency = ma.fields.String(required=True)
    country = ma.fields.String(required=True, allow_none=True)
    week_start = ma.fields.Integer(required=True)
    language = ma.fields.String(required=True)
    counted_statuses = ma.fields.List(ma.fields.String(), required=True)
    created_at = ma.fields.AwareDateTime(required=True)


class StoresSchema(ma.Schema):
    """The caller's stores, the oldest first."""

    stores = ma.fields.List(ma.fields.Nested(StoreSchema), required=True)


@blueprint.route("/stores")
@blueprint.response(200, StoresSchema)
@blueprint.fails(401)
def list_stores() -> Response:
    """Which stores are mine, with their settings; an API token reaches one"""
    return jsonify({"stores": [store_shape(store, role) for store, role in auth.stores_of_bearer()]})


@blueprint.route("/stores", methods=["POST"])
@signed_in
@blueprint.arguments(KeyHeader, location="headers")
@blueprint.arguments(StoreDraftSchema, example={"name": "Souq", "timezone": "Asia/Riyadh", "currency": "SAR"})
@blueprint.response(201, StoreSchema)
@blueprint.fails(400, 401, 409, 413, 415, 422)
@repeatable
def create_store(caller: Caller, header: dict[str, str], body: dict[str, Any]) -> Response:
    """Make a store, which the caller owns; for people, not for API tokens"""
    draft = StoreDraft(**{"country": codes.country_of_zone(body["timezone"]), "week_start": None, **body})

    def created(store: Store) -> Response:
        response = _shown(store, "owner", 201)
        response.headers["Location"] = f"/api/store?store_id={store.id}"
        return response

    made = accounts.create_store(draft, caller.user_id, once_by(caller.user_id, header, created))
    return created(db.session.get_one(Store, made))


@blueprint.route("/store")
@needs("viewer")
@blueprint.arguments(StoreQuery, location="query")
@blueprint.response(200, StoreSchema)
@blueprint.fails(400, 401, 404)
def get_store(scope: Scope, _query: Query) -> Response:
    """The settings of a store"""
    return _shown(stores.get_store(scope), scope.role)


@blueprint.route("/store", methods=["PUT"])
@needs("owner")
@blueprint.arguments(StoreQuery, location="query")
@blueprint.arguments(SettingsSchema, example={"counted_statuses": ["completed", "paid"]})
@blueprint.response(200, StoreSchema)
@blueprint.alt_response(202, schema=JobSchema, description="A job makes the change, whole and at one moment.")
@blueprint.fails(400, 401, 403, 404, 409, 412, 413, 415, 422)
def change_store(scope: Scope, _query: Query, body: dict[str, Any]) -> Response:
    """Change settings, with all that follows: the keys given, the others stay; `If-Match` guards against overwriting"""
    job = stores.change_store(scope, body, expected_versions())
    return accepted(job) if job else _shown(stores.get_store(scope), scope.role)


def _shown(store: Store, role: str, status: int = 200) -> Response:
    response = jsonify(store_shape(store, role))
    response.status_code = status
    response.set_etag(str(store.settings_version))
    return response
