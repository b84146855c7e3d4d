"""Making a store, which whoever makes it owns."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from segmentation import accounts, auth
from segmentation.accounts import StoreDraft
from segmentation.errors import Conflict, DomainError, Invalid
from segmentation.pages.access import signed_in
from segmentation.pages.notices import tell
from segmentation.pages.store_form import faults, offered, read_form, usual_settings

blueprint = Blueprint("new_store", __name__, url_prefix="/stores/new")


@blueprint.get("")
@signed_in
def show(caller: auth.Caller) -> Any:
    """The form."""
    return _page(caller, usual_settings())


@blueprint.post("")
@signed_in
def create(caller: auth.Caller) -> Any:
    """Make the store, and go to where its customers come from."""
    given = read_form(request.form)
    try:
        store_id = accounts.create_store(StoreDraft(**given), caller.user_id)
    except (Conflict, Invalid) as error:
        return _page(caller, given, error)
    tell("The store is there, and it is yours. Bring in its customers and orders.")
    return redirect(url_for("import_pages.show", store_id=store_id), 303)


def _page(caller: auth.Caller, given: dict[str, Any], error: DomainError | None = None) -> Any:
    g.stores = auth.memberships(caller)
    page = render_template("settings/new.html", given=given, choices=offered(given, []),
                           faults=faults(error) if error else {})
    return page, error.status if error else 200
