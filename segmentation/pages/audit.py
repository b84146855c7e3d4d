"""The audit log of a store, as its owners see it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, render_template, request
from markupsafe import Markup

from segmentation import members, trail
from segmentation.audience.scope import Scope
from segmentation.audit import ACTIONS
from segmentation.errors import Malformed, NotFound
from segmentation.pages.access import needs
from segmentation.pages.words import number, say
from segmentation.segments import get_segment
from segmentation.trail import Happened

blueprint = Blueprint("audit_pages", __name__, url_prefix="/stores/<uuid:store_id>/audit")
PAGE = 50
ROLES = {"viewer": "Viewer", "editor": "Editor", "owner": "Owner"}
# What is told of an event beside its action: how many of what, or which.
FIGURES = {
    "rows": "{number} rows", "written": "{number} taken", "rejected": "{number} rejected",
    "created": "{number} new", "changed": "{number} changed", "unchanged": "{number} as they were",
    "orders_changed": "{number} orders count differently", "customers_changed": "{number} customers affected",
    "sign_ins_ended": "{number} sign-ins ended", "invites_ended": "{number} invites ended",
    "tokens_ended": "{number} tokens ended", "scores_changed": "{number} scored differently",
}
SETTINGS = {
    "name": "Name", "timezone": "Time zone", "currency": "Currency", "country": "Country",
    "week_start": "The week begins on", "language": "Language of its files",
    "counted_statuses": "Orders that count as bought",
}


@blueprint.get("/")
@needs("owner")
def show(scope: Scope) -> Any:
    """Events, newest first, narrowed to an action or a person."""
    action, person = request.args.get("action", ""), _identifier("person")
    try:
        found, following = trail.find_events(
            scope, limit=PAGE, action=action if action in ACTIONS else None, user_id=person,
            before=_identifier("before"))
    except Malformed as error:
        raise NotFound() from error
    return render_template(
        "people/audit.html", section="settings", events=[(each, _told(scope, each)) for each in found],
        following=following, actions=sorted(ACTIONS.items(), key=lambda item: say(item[1])), action=action,
        person=person, members=members.find_members(scope), says=ACTIONS)


def _told(scope: Scope, event: Happened) -> list[Markup]:
    """Whom and how many an event is about."""
    details = event.details
    said = [Markup('<bdi dir="ltr">{}</bdi>').format(event.member_email)] if event.member_email else []
    said += [_segment(scope, str(details["segment_id"]))] if "segment_id" in details else []
    said += [say(ROLES[details["role"]])] if details.get("role") in ROLES else []
    said += [say(SETTINGS[key]) for key in details.get("keys", ()) if event.action == "store_change"]
    said += [say(words, number=number(details[key])) for key, words in FIGURES.items() if details.get(key)]
    said += [Markup('<code dir="ltr">{}</code>').format(details["key"])] if "key" in details else []
    said += [say("by an API token")] if "token_id" in details else []
    return said


def _segment(scope: Scope, segment_id: str) -> Markup:
    try:
        return Markup("<bdi>{}</bdi>").format(get_segment(scope, uuid.UUID(segment_id)).name)
    except NotFound:
        return say("a segment that is archived")


def _identifier(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.args.get(name, ""))
    except ValueError:
        return None
