"""Signing in, renewing and signing out; who am I."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import marshmallow as ma
from flask import request

from segmentation import auth, tokens
from segmentation.api.blueprints import Blueprint
from segmentation.api.parsing import Strict, secret, text

blueprint = Blueprint("auth", __name__, url_prefix="/api/auth", description="Sign in and out")


class CredentialsSchema(Strict):
    """An account and its password."""

    email = text(254, required=True)
    password = secret(required=True)


class TokensSchema(ma.Schema):
    """Tokens of one sign-in. A refresh token works once; refreshing answers with the next one."""

    access_token = ma.fields.String(required=True)
    refresh_token = ma.fields.String(required=True)
    token_type = ma.fields.Constant("Bearer")
    expires_in = ma.fields.Integer(required=True, metadata={"description": "seconds the access token lives"})


class OwnStoreSchema(ma.Schema):
    """A store the caller belongs to."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    role = ma.fields.String(required=True)
    timezone = ma.fields.String(required=True)
    currency = ma.fields.String(required=True)


class CallerSchema(ma.Schema):
    """The signed-in user and their stores."""

    id = ma.fields.UUID(required=True)
    email = ma.fields.String(required=True)
    stores = ma.fields.List(ma.fields.Nested(OwnStoreSchema), required=True)


@blueprint.route("/token", methods=["POST"])
@blueprint.doc(security=[])
@blueprint.arguments(CredentialsSchema)
@blueprint.response(200, TokensSchema)
@blueprint.fails(400, 401, 413, 415, 422, 429)
def sign_in(credentials: dict[str, Any]) -> dict[str, Any]:
    """Sign in"""
    made = auth.sign_in(credentials["email"], credentials["password"], request.remote_addr or "")
    return asdict(tokens.issue(made))


@blueprint.route("/refresh", methods=["POST"])
@blueprint.response(200, TokensSchema)
@blueprint.fails(401)
def refresh() -> dict[str, Any]:
    """Renew tokens; send the refresh token as the bearer token"""
    return asdict(tokens.issue(auth.refresh()))


@blueprint.route("/logout", methods=["POST"])
@blueprint.response(204)
@blueprint.fails(401)
def sign_out() -> None:
    """Sign out"""
    auth.sign_out(auth.authenticate())


@blueprint.route("/me")
@blueprint.response(200, CallerSchema)
@blueprint.fails(401)
def me() -> dict[str, Any]:
    """Who am I, and which stores are mine"""
    caller = auth.authenticate()
    stores = [
        {"id": store.id, "name": store.name, "role": role, "timezone": store.timezone, "currency": store.currency}
        for store, role in auth.memberships(caller)
    ]
    return {"id": caller.user_id, "email": caller.email, "stores": stores}
