"""Joining a store by the link of an invite: signed in, or with a password, which makes an account where there is none.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from segmentation import auth, invites, tokens
from segmentation.errors import DomainError, Forbidden, Invalid, NotSignedIn, TooMany
from segmentation.pages.access import check_origin, visitor
from segmentation.pages.notices import tell
from segmentation.passwords import SHORTEST
from segmentation.values.devices import coarse

blueprint = Blueprint("joining", __name__, url_prefix="/join")
LONGEST = 200


@blueprint.get("/<secret>")
def show(secret: str) -> Response:
    """What the link offers."""
    caller = visitor()
    return _page(invites.open_invite(secret[:LONGEST]), caller)


@blueprint.post("/<secret>")
def join(secret: str) -> Response:
    """Join, and go to the store."""
    check_origin()
    caller = visitor()
    if caller is None:
        return _with_password(secret[:LONGEST])
    try:
        return _into(invites.join(secret[:LONGEST], caller))
    except Forbidden as error:
        return _page(invites.open_invite(secret[:LONGEST]), caller, error)


def _with_password(secret: str) -> Response:
    password = request.form.get("password", "")[:1_001]
    try:
        offer, made = invites.join_with_password(
            secret, password, request.remote_addr or "", coarse(request.user_agent.string))
    except (Invalid, NotSignedIn, TooMany) as error:
        return _page(invites.open_invite(secret), None, error)
    response = _into(offer)
    tokens.set_cookie(response, made)
    return response


def _into(offer: invites.Offer) -> Response:
    tell("Welcome to {name}.", name=offer.store_name)
    return make_response(redirect(url_for("overview.show", store_id=offer.store_id), 303))


def _page(offer: invites.Offer, caller: auth.Caller | None, error: DomainError | None = None) -> Response:
    is_other = caller is not None and caller.email != offer.email
    page = render_template("people/join.html", offer=offer, error=error, is_other=is_other, shortest=SHORTEST)
    response = make_response(page, error.status if error else 200)
    if isinstance(error, TooMany):
        response.headers.update(error.headers)
    return response
