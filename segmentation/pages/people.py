"""Who belongs to a store: members with their roles, invites, and leaving."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from segmentation import invites, members
from segmentation.audience.scope import Scope
from segmentation.errors import Conflict, DomainError, Invalid, NotFound
from segmentation.models.accounts import ROLES
from segmentation.pages.access import needs
from segmentation.pages.notices import tell
from segmentation.pages.words import language
from segmentation.translations import translate
from segmentation.values.emails import LONGEST

blueprint = Blueprint("member_pages", __name__, url_prefix="/stores/<uuid:store_id>/people")


@blueprint.get("/")
@needs("owner")
def show(scope: Scope) -> Any:
    """The members and the open invites."""
    return _page(scope)


@blueprint.post("/<uuid:user_id>/role")
@needs("owner")
def change_role(scope: Scope, user_id: uuid.UUID) -> Any:
    """Give a member another role."""
    role = request.form.get("role", "")
    try:
        member = members.change_role(scope, user_id, role if role in ROLES else members.get_member(scope, user_id).role)
    except Conflict as error:
        return _page(scope, fault=error)
    tell("The role of {name} is changed.", name=member.email)
    return _back(scope, scope.user_id if member.role != "owner" else None, user_id)


@blueprint.post("/<uuid:user_id>/remove")
@needs("owner")
def remove(scope: Scope, user_id: uuid.UUID) -> Any:
    """Have a member belong to the store no longer."""
    email = members.get_member(scope, user_id).email
    try:
        members.remove_member(scope, user_id)
    except Conflict as error:
        return _page(scope, fault=error)
    tell("{name} belongs to the store no longer.", name=email)
    return redirect(url_for("signing_in.start"), 303) if user_id == scope.user_id else _back(scope)


@blueprint.post("/leave")
@needs("viewer")
def leave(scope: Scope) -> Any:
    """Leave the store."""
    if scope.user_id is None:
        raise NotFound()
    members.remove_member(scope, scope.user_id)
    tell("You belong to the store no longer.")
    return redirect(url_for("signing_in.start"), 303)


@blueprint.post("/invites")
@needs("owner")
def invite(scope: Scope) -> Any:
    """Invite somebody. The page that answers shows the link; no other ever will."""
    email, role = request.form.get("email", "")[:LONGEST + 1], request.form.get("role", "")
    try:
        row, secret = invites.create_invite(scope, email, role if role in ROLES else ROLES[0])
    except (Conflict, Invalid) as error:
        return _page(scope, refusal=error)
    return _page(scope, made=row, link=url_for("joining.show", secret=secret, _external=True))


@blueprint.post("/invites/<uuid:invite_id>/revoke")
@needs("owner")
def revoke(scope: Scope, invite_id: uuid.UUID) -> Any:
    """Have a link lead nowhere."""
    invites.revoke_invite(scope, invite_id)
    tell("The invite is revoked; its link leads nowhere.")
    return _back(scope)


def _page(scope: Scope, *, fault: DomainError | None = None, refusal: DomainError | None = None, **made: Any) -> Any:
    """The page, with what was refused above the members or at the form."""
    error = fault or refusal
    page = render_template(
        "people/page.html", section="settings", members=members.find_members(scope), roles=ROLES,
        invites=invites.find_invites(scope), fault=_said(fault), refusal=_said(refusal),
        given=request.form if refusal else {}, **made)
    return page, error.status if error else 200


def _said(error: DomainError | None) -> str:
    if error is None:
        return ""
    return translate(error.problems[0].message if error.problems else error.message, language())


def _back(scope: Scope, lowered: uuid.UUID | None = None, member: uuid.UUID | None = None) -> Any:
    """To the members, or to the overview for an owner who has just made themself something else."""
    if lowered is not None and lowered == member:
        return redirect(url_for("overview.show", store_id=scope.store_id), 303)
    return redirect(url_for("member_pages.show", store_id=scope.store_id), 303)
