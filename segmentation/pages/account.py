"""One's own account: another password, and the sign-ins there are."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for

from segmentation import auth, sign_ins, tokens
from segmentation.errors import DomainError, Invalid, TooMany
from segmentation.pages.access import signed_in
from segmentation.pages.last_store import last_store
from segmentation.pages.notices import tell
from segmentation.passwords import SHORTEST

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("/")
@signed_in
def show(caller: auth.Caller) -> Any:
    """The account."""
    return _page(caller)


@blueprint.post("/password")
@signed_in
def change_password(caller: auth.Caller) -> Any:
    """Take another password."""
    current, new = (request.form.get(name, "")[:1_001] for name in ("current_password", "new_password"))
    try:
        sign_ins.change_password(caller, current, new, request.remote_addr or "")
    except (Invalid, TooMany) as error:
        return _page(caller, error)
    tell("Your password is changed, and your other sign-ins are ended.")
    return redirect(url_for("account.show"), 303)


@blueprint.post("/sign-ins/<uuid:session_id>/end")
@signed_in
def end(caller: auth.Caller, session_id: uuid.UUID) -> Any:
    """End a sign-in."""
    sign_ins.end_sign_in(caller, session_id)
    if session_id == caller.session_id:
        response = make_response(redirect(url_for("signing_in.sign_in"), 303))
        tokens.drop_cookie(response)
        return response
    tell("The sign-in is ended.")
    return redirect(url_for("account.show"), 303)


@blueprint.post("/sign-ins/end-others")
@signed_in
def end_others(caller: auth.Caller) -> Any:
    """End all sign-ins but this one."""
    sign_ins.end_others(caller)
    tell("Your other sign-ins are ended.")
    return redirect(url_for("account.show"), 303)


def _page(caller: auth.Caller, error: DomainError | None = None) -> Any:
    """The page, with the way back to the store that one comes from."""
    g.stores = auth.memberships(caller)
    store = last_store(g.stores)
    if store is not None:
        g.scope = auth.scope_of(caller.session_id, str(store.id))
    page = render_template("account/page.html", section="account", sign_ins=sign_ins.find_sign_ins(caller), error=error,
                           shortest=SHORTEST)
    response = make_response(page, error.status if error else 200)
    if isinstance(error, TooMany):
        response.headers.update(error.headers)
    return response
