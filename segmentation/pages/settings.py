"""What the store is, changing that, and which attributes it declared."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from segmentation import attributes, limits, stores
from segmentation.audience.scope import Scope
from segmentation.errors import Conflict, DomainError, Invalid, Stale
from segmentation.pages.access import needs
from segmentation.pages.notices import tell
from segmentation.pages.store_form import faults, offered, read_form, settings_of
from segmentation.pages.words import language
from segmentation.rules.fields import ATTRIBUTE_KINDS
from segmentation.rules.kinds import Fault, read_line
from segmentation.translations import translate

blueprint = Blueprint("settings", __name__, url_prefix="/stores/<uuid:store_id>/settings")


@blueprint.get("/")
@needs("viewer")
def show(scope: Scope) -> Any:
    """The settings."""
    return _page(scope)


@blueprint.post("/store")
@needs("owner")
def change(scope: Scope) -> Any:
    """Change the settings, here or by a job, whose page tells how far it is."""
    given, version = read_form(request.form), request.form.get("version", "")
    try:
        job = stores.change_store(scope, given, {int(version)} if version.isdecimal() and len(version) < 10 else set())
    except (Conflict, Invalid, Stale) as error:
        return _page(scope, status=error.status, given=given, refused=faults(error))
    if job is not None:
        tell("The settings are being changed. It takes a while, and then holds at once everywhere.")
        return redirect(url_for("job_pages.show", store_id=scope.store_id, job_id=job.id), 303)
    tell("The settings are saved.")
    return redirect(url_for("settings.show", store_id=scope.store_id), 303)


@blueprint.post("/attributes")
@needs("owner")
def declare(scope: Scope) -> Any:
    """Declare an attribute, or rename a declared one."""
    key, label, kind = (request.form.get(name, "")[:limits.TEXT_LENGTH] for name in ("key", "label", "kind"))
    try:
        label = read_line(label, limits.NAME_LENGTH)
        row, _is_new = attributes.declare_attribute(scope, key, label, kind if kind in ATTRIBUTE_KINDS else "text")
    except Fault as fault:
        return _page(scope, translate(fault.message, language()), 422)
    except DomainError as error:
        said = (error.problems[0].message if error.problems else error.message)
        return _page(scope, translate(said, language()), error.status)
    tell("“{name}” can now be asked about.", name=row.label)
    return redirect(url_for("settings.show", store_id=scope.store_id), 303)


@blueprint.post("/attributes/<key>/forget")
@needs("owner")
def forget(scope: Scope, key: str) -> Any:
    """Forget an attribute with everybody's values."""
    attributes.remove_attribute(scope, key)
    tell("The attribute {name} and its values are gone.", name=key)
    return redirect(url_for("settings.show", store_id=scope.store_id), 303)


def _page(scope: Scope, fault: str = "", status: int = 200, given: dict[str, Any] | None = None,
          refused: dict[str, str] | None = None) -> Any:
    """The page: `fault` is at the form of attributes, `given` and `refused` are in that of the settings."""
    store = stores.get_store(scope)
    settings = given or settings_of(store)
    page = render_template(
        "settings/page.html", section="settings", store=store, settings=settings, refused=refused or {},
        choices=offered(settings, store.seen_statuses), coming=stores.coming_change(scope), fault=fault,
        attributes=attributes.find_attributes(scope), kinds=ATTRIBUTE_KINDS, given={} if given else request.form)
    return page, status
