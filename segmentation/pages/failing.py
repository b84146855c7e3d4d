"""Errors as pages: what went wrong in plain words, and a way on."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, request, url_for

from segmentation.errors import DomainError, NotSignedIn
from segmentation.pages.rendering import is_live
from segmentation.pages.words import language
from segmentation.translations import translate

TITLES = {
    403: "You may not do this", 404: "Nothing here", 409: "That does not go together", 412: "Changed meanwhile",
    413: "Too large", 422: "That cannot be used", 429: "Too many attempts", 499: "Nobody is waiting",
    500: "Something went wrong", 503: "Not right now",
}


def show_error(error: DomainError) -> Response:
    """The error as a page; for whoever is not signed in, the way to the sign-in page."""
    if isinstance(error, NotSignedIn):
        return _to_sign_in()
    error.headers.pop("WWW-Authenticate", None)
    title = TITLES.get(error.status, TITLES[500])
    template = "errors/part.html" if is_live() else "errors/page.html"
    shown = render_template(template, title=title, error=error, message=translate(error.message, language()))
    response = make_response(shown, error.status)
    if is_live():  # said beside the page, which stays as it is
        response.headers["HX-Retarget"] = "#notices"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _to_sign_in() -> Response:
    back = request.full_path.rstrip("?") if request.method == "GET" else ""
    address = url_for("signing_in.sign_in", next=back) if back.strip("/") else url_for("signing_in.sign_in")
    if not is_live():
        return make_response(redirect(address, 303))
    response = make_response("", 401)
    response.headers["HX-Redirect"] = url_for("signing_in.sign_in")
    return response
