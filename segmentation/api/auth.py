"""Signing in, renewing and signing out; who am I."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import marshmallow as ma
from flask import request

from segmentation import auth, sign_ins, tokens
from segmentation.api.blueprints import Blueprint
from segmentation.api.parsing import Strict, secret, text
from segmentation.values.devices import coarse

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


class PasswordSchema(Strict):
    """Another password, and the one of now."""

    current_password = secret(required=True)
    new_password = secret(required=True)


class SignInSchema(ma.Schema):
    """A sign-in: since when, seen when (to the minute), with what (a coarse word, or nothing), and whether it is the
    one that asks.
    """

    id = ma.fields.UUID(required=True)
    device = ma.fields.String(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    last_seen_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    expires_at = ma.fields.AwareDateTime(required=True)
    is_current = ma.fields.Boolean(required=True)


class SignInsSchema(ma.Schema):
    """The caller's sign-ins, the current one first."""

    sign_ins = ma.fields.List(ma.fields.Nested(SignInSchema), required=True)


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
    made = auth.sign_in(credentials["email"], credentials["password"], request.remote_addr or "",
                        coarse(request.user_agent.string))
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


@blueprint.route("/password", methods=["PUT"])
@blueprint.arguments(PasswordSchema)
@blueprint.response(204)
@blueprint.fails(400, 401, 413, 415, 422, 429)
def change_password(body: dict[str, Any]) -> None:
    """Change the password; every other sign-in ends"""
    caller = auth.authenticate()
    sign_ins.change_password(caller, body["current_password"], body["new_password"], request.remote_addr or "")


@blueprint.route("/sessions")
@blueprint.response(200, SignInsSchema)
@blueprint.fails(401)
def list_sign_ins() -> dict[str, Any]:
    """Where am I signed in"""
    caller = auth.authenticate()
    return {"sign_ins": [
        {"id": row.id, "device": row.device, "created_at": row.created_at, "last_seen_at": row.last_seen_at,
         "expires_at": row.expires_at, "is_current": row.id == caller.session_id}
        for row in sign_ins.find_sign_ins(caller)]}


@blueprint.route("/sessions", methods=["DELETE"])
@blueprint.response(204)
@blueprint.fails(401)
def end_others() -> None:
    """End all my sign-ins but this one"""
    sign_ins.end_others(auth.authenticate())


@blueprint.route("/sessions/<uuid:session_id>", methods=["DELETE"])
@blueprint.response(204)
@blueprint.fails(401, 404)
def end_sign_in(session_id: Any) -> None:
    """End one of my sign-ins"""
    sign_ins.end_sign_in(auth.authenticate(), session_id)
