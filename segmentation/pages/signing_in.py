"""Signing in and out, and the way from there into a store."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from segmentation import auth, tokens
from segmentation.errors import DomainError, NotSignedIn, TooMany
from segmentation.pages.access import check_origin, parts_of, signed_in
from segmentation.pages.last_store import last_store
from segmentation.values.devices import coarse

blueprint = Blueprint("signing_in", __name__)


@blueprint.get("/")
@signed_in
def start(caller: auth.Caller) -> Any:
    """The overview of the store that was looked at last in this browser, else of the caller's first."""
    store = last_store(auth.memberships(caller))
    if store is None:
        return render_template("session/no_store.html")
    return redirect(url_for("overview.show", store_id=store.id))


@blueprint.get("/sign-in")
def sign_in() -> Any:
    """The form."""
    return _form()


@blueprint.post("/sign-in")
def open_session() -> Any:
    """Sign in, and go where one was going."""
    check_origin()
    email, password = request.form.get("email", "")[:254], request.form.get("password", "")[:1_000]
    try:
        made = auth.sign_in(email, password, request.remote_addr or "", coarse(request.user_agent.string))
    except (NotSignedIn, TooMany) as error:
        return _form(email, error)
    response = make_response(redirect(_local(request.form.get("next", "")) or url_for("signing_in.start"), 303))
    tokens.set_cookie(response, made)
    return response


@blueprint.post("/sign-out")
@signed_in
def close_session(caller: auth.Caller) -> Any:
    """End the sign-in."""
    auth.sign_out(caller)
    response = make_response(redirect(url_for("signing_in.sign_in"), 303))
    tokens.drop_cookie(response)
    return response


def _form(email: str = "", error: DomainError | None = None) -> Response:
    onwards = _local(request.values.get("next", ""))
    page = render_template("session/sign_in.html", email=email, error=error, onwards=onwards)
    response = make_response(page, error.status if error else 200)
    if isinstance(error, TooMany):
        response.headers.update(error.headers)
    return response


def _local(address: str) -> str:
    """The address if it lies on this site; a browser takes a backslash for a slash and skips control characters."""
    parts = parts_of(address)
    is_local = address.startswith("/") and not address.startswith("//") and not parts.scheme and not parts.netloc
    return address if is_local and "\\" not in address and address.isprintable() else ""
