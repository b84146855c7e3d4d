"""The pages: HTML from the server, made live by htmx, and complete without it."""

from __future__ import annotations

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

from segmentation.pages import (
    account,
    audit,
    builder,
    customers,
    failing,
    imports,
    jobs,
    joining,
    last_store,
    new_store,
    overview,
    people,
    preferences,
    rendering,
    segment,
    segments,
    settings,
    signing_in,
    tokens,
)


class _Notices(SecureCookieSessionInterface):
    """Flask's signed cookie, in which a page hands what was done to the page after it."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Secure wherever the connection is."""
        return request.is_secure


def init_app(app: Flask) -> None:
    """Register the pages."""
    app.session_interface = _Notices()
    app.config.update(SESSION_COOKIE_NAME="notices", SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=True)
    rendering.init_app(app)
    last_store.init_app(app)
    for page in (signing_in, preferences, overview, builder, segments, segment, customers, imports, jobs,
                 settings, people, joining, tokens, account, audit, new_store):
        app.register_blueprint(page.blueprint)


show_error = failing.show_error
