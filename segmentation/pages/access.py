"""Who is at the page: the sign-in in the browser's cookie, and the scope of the store in the address."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import SplitResult, urlsplit

from flask import g, request

from segmentation import auth, tokens
from segmentation.errors import Forbidden, NotSignedIn

View = Callable[..., Any]


def signed_in(view: View) -> View:
    """Give the view the Caller as its first argument. Raises NotSignedIn, which shows the sign-in page."""

    @wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return view(_caller(), *args, **kwargs)

    return wrapped


def needs(role: str) -> Callable[[View], View]:
    """Give the view a Scope of at least `role`, in the store that the address names, as its first argument."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(store_id: uuid.UUID, *args: Any, **kwargs: Any) -> Any:
            caller = _caller()
            scope = auth.scope_of(caller.session_id, str(store_id))
            scope.require(role)
            g.scope = scope
            g.stores = auth.memberships(caller)
            return view(scope, *args, **kwargs)

        return wrapped

    return decorate


def visitor() -> auth.Caller | None:
    """Who is signed in, if anybody is. Raises Forbidden as `tokens.cookie` does."""
    try:
        return _caller()
    except NotSignedIn:
        return None


def check_origin() -> None:
    """Refuse a change that another site asked for; for forms of people who are not signed in yet. Raises Forbidden."""
    origin = request.headers.get("Origin")
    cross = request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
    if cross or (origin is not None and parts_of(origin).netloc != request.host):
        raise Forbidden("The request came from another site.", code="csrf")


def parts_of(address: str) -> SplitResult:
    """The parts of an address; none of one that cannot be read."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _caller() -> auth.Caller:
    claims = tokens.cookie()
    g.csrf = claims["csrf"]
    g.caller = auth.caller_of(uuid.UUID(claims["sid"]))
    caller: auth.Caller = g.caller
    return caller
