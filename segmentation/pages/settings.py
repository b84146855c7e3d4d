"""What the store is and which attributes it declared."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from segmentation import attributes, limits
from segmentation.audience.scope import Scope
from segmentation.errors import DomainError
from segmentation.extensions import db
from segmentation.models import Store
from segmentation.pages.access import needs
from segmentation.pages.notices import tell
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


def _page(scope: Scope, fault: str = "", status: int = 200) -> Any:
    page = render_template(
        "settings/page.html", section="settings", store=db.session.get_one(Store, scope.store_id), fault=fault,
        attributes=attributes.find_attributes(scope), kinds=ATTRIBUTE_KINDS, given=request.form)
    return page, status
