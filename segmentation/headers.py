"""What every answer tells browsers and proxies: nobody keeps people's data, nothing from elsewhere is loaded."""

from __future__ import annotations

from flask import Flask, Response, request

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
          "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
A_YEAR = "public, max-age=31536000, immutable"


def init_app(app: Flask) -> None:
    """Send the headers with every answer."""
    app.after_request(_add)


def _add(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if response.mimetype in ("text/html", "image/svg+xml"):
        response.headers.setdefault("Content-Security-Policy", POLICY)
    if request.endpoint == "static" and response.status_code in (200, 304):
        # A file is asked for by the digest of what it holds, or has its version in its name.
        kept = "v" in request.args or request.path.endswith(".woff2")
        response.headers["Cache-Control"] = A_YEAR if kept else "no-cache"
    else:
        response.headers["Cache-Control"] = "no-store"  # files too, which Flask would have asked for again each time
    return response
