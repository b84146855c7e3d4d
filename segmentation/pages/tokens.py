"""API tokens of a store: which there are, making one, revoking one."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from segmentation import api_tokens, limits
from segmentation.audience.scope import Scope
from segmentation.errors import Conflict
from segmentation.models.accounts import ROLES
from segmentation.pages.access import needs
from segmentation.pages.notices import tell
from segmentation.pages.words import language
from segmentation.rules.kinds import Fault, read_line
from segmentation.translations import translate

blueprint = Blueprint("token_pages", __name__, url_prefix="/stores/<uuid:store_id>/tokens")
LIVES = (30, 90, 365)  # days


@blueprint.get("/")
@needs("owner")
def show(scope: Scope) -> Any:
    """The tokens that are good."""
    return _page(scope)


@blueprint.post("/")
@needs("owner")
def create(scope: Scope) -> Any:
    """Make a token. The page that answers shows it; no other ever will."""
    role, days = request.form.get("role", ""), request.form.get("days", "")
    try:
        name = read_line(request.form.get("name", "")[:limits.TEXT_LENGTH], limits.NAME_LENGTH)
        row, secret = api_tokens.create_token(
            scope, name, role if role in ROLES else ROLES[0],
            next((each for each in LIVES if str(each) == days), None if days == "never" else LIVES[0]))
    except Fault as fault:
        return _page(scope, fault=translate(fault.message, language()), status=422)
    except Conflict as error:
        return _page(scope, fault=translate(error.message, language()), status=error.status)
    return _page(scope, made=row, secret=secret)


@blueprint.post("/<uuid:token_id>/revoke")
@needs("owner")
def revoke(scope: Scope, token_id: uuid.UUID) -> Any:
    """End a token."""
    api_tokens.revoke_token(scope, token_id)
    tell("The token is revoked.")
    return redirect(url_for("token_pages.show", store_id=scope.store_id), 303)


def _page(scope: Scope, *, fault: str = "", status: int = 200, **made: Any) -> Any:
    page = render_template(
        "people/tokens.html", section="settings", tokens=api_tokens.find_tokens(scope), roles=ROLES, lives=LIVES,
        fault=fault, given=request.form if fault else {}, **made)
    return page, status
