"""The store that was looked at last, kept in the browser; which stores are one's own, the database says."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, g, request

from segmentation.models import Store

COOKIE = "store"
A_YEAR = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    """Have every page of a store remember it."""
    app.after_request(_remember)


def last_store(stores: Sequence[tuple[Store, str]]) -> Store | None:
    """The store that was looked at last, if it is among them; else the first."""
    found = {str(store.id): store for store, _ in stores}
    return found.get(request.cookies.get(COOKIE, ""), stores[0][0] if stores else None)


def _remember(response: Response) -> Response:
    opened = request.view_args and request.view_args.get("store_id")
    if "stores" in g and opened and response.status_code == 200 and request.cookies.get(COOKIE) != str(opened):
        response.set_cookie(
            COOKIE, str(opened), max_age=A_YEAR, secure=request.is_secure, httponly=True, samesite="Lax")
    return response
