"""The routes of members and invites, and joining by one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import marshmallow as ma
from flask import Response, jsonify, request, url_for

from segmentation import auth, invites, members, tokens
from segmentation.api.auth import TokensSchema
from segmentation.api.blueprints import Blueprint
from segmentation.api.parsing import Strict, needs, one_of, secret, text
from segmentation.api.schemas import StoreQuery
from segmentation.audience.scope import Scope
from segmentation.members import Member
from segmentation.models import Invite
from segmentation.models.accounts import ROLES
from segmentation.values.devices import coarse
from segmentation.values.emails import LONGEST

blueprint = Blueprint("people", __name__, url_prefix="/api", description="Members, invites")
Query = dict[str, Any]


class RoleSchema(Strict):
    """A role."""

    role = one_of(*ROLES, required=True)


class MemberSchema(ma.Schema):
    """Somebody who belongs to the store; whoever is not `is_active` cannot sign in."""

    id = ma.fields.UUID(required=True)
    email = ma.fields.String(required=True)
    role = ma.fields.String(required=True)
    since = ma.fields.AwareDateTime(required=True)
    is_active = ma.fields.Boolean(required=True)


class MembersSchema(ma.Schema):
    """The members, owners first."""

    members = ma.fields.List(ma.fields.Nested(MemberSchema), required=True)


class InvitationSchema(Strict):
    """Whom to invite, and as what."""

    email = text(LONGEST, required=True)
    role = one_of(*ROLES, required=True)


class InviteSchema(ma.Schema):
    """An open invite. `link` is there once, in the answer to its creation."""

    id = ma.fields.UUID(required=True)
    email = ma.fields.String(required=True)
    role = ma.fields.String(required=True)
    created_by = ma.fields.UUID(required=True, allow_none=True)
    created_at = ma.fields.AwareDateTime(required=True)
    expires_at = ma.fields.AwareDateTime(required=True)
    link = ma.fields.String()


class InvitesSchema(ma.Schema):
    """The open invites, newest first."""

    invites = ma.fields.List(ma.fields.Nested(InviteSchema), required=True)


class JoiningSchema(Strict):
    """The last part of a link, and, from whoever is not signed in, a password: that of their account, or a new one."""

    invite = secret(required=True)
    password = secret()


class JoinedSchema(ma.Schema):
    """The store that was joined, and the tokens of whoever gave a password."""

    store_id = ma.fields.UUID(required=True)
    store_name = ma.fields.String(required=True)
    tokens = ma.fields.Nested(TokensSchema)


@blueprint.route("/members")
@needs("owner", person=True)
@blueprint.arguments(StoreQuery, location="query")
@blueprint.response(200, MembersSchema)
@blueprint.fails(400, 401, 403, 404)
def list_members(scope: Scope, _query: Query) -> Response:
    """List who belongs to the store"""
    return jsonify({"members": [_member(each) for each in members.find_members(scope)]})


@blueprint.route("/members/<uuid:user_id>", methods=["PUT"])
@needs("owner", person=True)
@blueprint.arguments(StoreQuery, location="query")
@blueprint.arguments(RoleSchema, example={"role": "editor"})
@blueprint.response(200, MemberSchema)
@blueprint.fails(400, 401, 403, 404, 409, 413, 415, 422)
def change_role(scope: Scope, _query: Query, body: dict[str, Any], user_id: Any) -> Response:
    """Give a member another role; the last owner stays one"""
    return jsonify(_member(members.change_role(scope, user_id, body["role"])))


@blueprint.route("/members/<uuid:user_id>", methods=["DELETE"])
@needs("viewer", person=True)
@blueprint.arguments(StoreQuery, location="query")
@blueprint.response(204)
@blueprint.fails(400, 401, 403, 404, 409)
def remove_member(scope: Scope, _query: Query, user_id: Any) -> None:
    """Remove a member, for owners; or leave the store, for everybody but its last owner"""
    members.remove_member(scope, user_id)


@blueprint.route("/invites")
@needs("owner", person=True)
@blueprint.arguments(StoreQuery, location="query")
@blueprint.response(200, InvitesSchema)
@blueprint.fails(400, 401, 403, 404)
def list_invites(scope: Scope, _query: Query) -> Response:
    """List the invites that are open"""
    return jsonify({"invites": [_invite(each) for each in invites.find_invites(scope)]})


@blueprint.route("/invites", methods=["POST"])
@needs("owner", person=True)
@blueprint.arguments(StoreQuery, location="query")
@blueprint.arguments(InvitationSchema, example={"email": "salma@example.com", "role": "editor"})
@blueprint.response(201, InviteSchema)
@blueprint.fails(400, 401, 403, 404, 409, 413, 415, 422)
def create_invite(scope: Scope, _query: Query, body: dict[str, Any]) -> Response:
    """Invite somebody: the answer has the link, once; it works once, for 7 days"""
    row, secret = invites.create_invite(scope, body["email"], body["role"])
    response = jsonify({**_invite(row), "link": url_for("joining.show", secret=secret, _external=True)})
    response.status_code = 201
    return response


@blueprint.route("/invites/<uuid:invite_id>", methods=["DELETE"])
@needs("owner", person=True)
@blueprint.arguments(StoreQuery, location="query")
@blueprint.response(204)
@blueprint.fails(400, 401, 403, 404)
def revoke_invite(scope: Scope, _query: Query, invite_id: Any) -> None:
    """Revoke an invite: its link leads nowhere"""
    invites.revoke_invite(scope, invite_id)


@blueprint.route("/auth/join", methods=["POST"])
@blueprint.doc(security=[{}, {"bearer": []}])
@blueprint.arguments(JoiningSchema, example={"invite": "the last part of the link", "password": "a password"})
@blueprint.response(200, JoinedSchema)
@blueprint.fails(400, 401, 403, 404, 409, 413, 415, 422, 429)
def join(body: dict[str, Any]) -> dict[str, Any]:
    """Join the store of an invite: signed in, or with a password, which makes an account where there is none"""
    if "password" not in body:
        offer = invites.join(body["invite"], auth.authenticate())
        return {"store_id": offer.store_id, "store_name": offer.store_name}
    offer, made = invites.join_with_password(
        body["invite"], body["password"], request.remote_addr or "", coarse(request.user_agent.string))
    return {"store_id": offer.store_id, "store_name": offer.store_name, "tokens": asdict(tokens.issue(made))}


def _member(member: Member) -> dict[str, Any]:
    return {"id": str(member.user_id), "email": member.email, "role": member.role, "since": member.since,
            "is_active": member.is_active}


def _invite(row: Invite) -> dict[str, Any]:
    return {"id": str(row.id), "email": row.email, "role": row.role,
            "created_by": str(row.user_id) if row.user_id else None, "created_at": row.created_at,
            "expires_at": row.expires_at}
