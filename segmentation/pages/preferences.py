"""The visitor's language and look, kept in two cookies; they say nothing of who it is."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, request, url_for

from segmentation.pages.access import check_origin, parts_of
from segmentation.pages.rendering import LANGUAGE_COOKIE, THEME_COOKIE, THEMES
from segmentation.translations import LANGUAGES

blueprint = Blueprint("preferences", __name__)
A_YEAR = 365 * 24 * 3600


@blueprint.post("/preferences")
def change() -> Any:
    """Keep what was chosen, and go back to the page."""
    check_origin()
    response = make_response(redirect(_page_before(), 303))
    language, theme = request.form.get("language"), request.form.get("theme")
    if language in LANGUAGES:
        _keep(response, LANGUAGE_COOKIE, language)
    if theme in THEMES:
        _keep(response, THEME_COOKIE, theme)
    elif theme is not None:
        response.delete_cookie(THEME_COOKIE)
    return response


def _keep(response: Any, name: str, value: str | None) -> None:
    response.set_cookie(name, value, max_age=A_YEAR, secure=request.is_secure, httponly=True, samesite="Lax")


def _page_before() -> str:
    before = parts_of(request.referrer or "")
    if before.netloc != request.host or not before.path.startswith("/"):
        return url_for("signing_in.start")
    return f"/{before.path.lstrip('/')}" + (f"?{before.query}" if before.query else "")
