"""The list of segments: what each says, how many it had when it was last counted, and what can be done with it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from segmentation import segments, starters
from segmentation.audience.scope import Scope
from segmentation.errors import Problem
from segmentation.extensions import db
from segmentation.models import Segment
from segmentation.pages.access import needs
from segmentation.pages.notices import tell
from segmentation.pages.words import language
from segmentation.references import StoredSegments
from segmentation.rules.reading import RulesError
from segmentation.rules.sentences import sentence
from segmentation.rules.wire import referred_ids

blueprint = Blueprint("segment_list", __name__, url_prefix="/stores/<uuid:store_id>/segments")
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class Listed:
    """A segment as the list shows it."""

    row: Segment
    sentence: str
    problems: Sequence[Problem]
    used_by: Sequence[Segment]
    is_stale: bool


@blueprint.get("/")
@needs("viewer")
def show(scope: Scope) -> Any:
    """The segments, those that are found by name, or those that are archived."""
    search, archived = request.args.get("search", "")[:LONGEST_SEARCH], "archived" in request.args
    every = segments.find_segments(scope)
    found = segments.archived_segments(scope) if archived else segments.find_segments(scope, search=search or None)
    return render_template(
        "segments/page.html", section="segment_list", search=search, archived=archived, has_any=bool(every),
        listed=described(scope, found, every), starters=starters.STARTERS)


@blueprint.post("/<uuid:segment_id>/active")
@needs("editor")
def switch(scope: Scope, segment_id: uuid.UUID) -> Any:
    """Switch a segment on or off."""
    is_active = request.form.get("is_active") == "on"
    row = segments.change_segment(scope, segment_id, {"is_active": is_active}, None)
    tell("“{name}” is switched on." if is_active else "“{name}” is switched off.", name=row.name)
    return _back(scope)


@blueprint.post("/<uuid:segment_id>/duplicate")
@needs("editor")
def duplicate(scope: Scope, segment_id: uuid.UUID) -> Any:
    """Copy a segment."""
    row = segments.duplicate_segment(scope, segment_id)
    tell("“{name}” is a copy, of its own from now on.", name=row.name, undo=url_for(
        "segment_list.archive", store_id=scope.store_id, segment_id=row.id))
    return _back(scope)


@blueprint.post("/<uuid:segment_id>/archive")
@needs("editor")
def archive(scope: Scope, segment_id: uuid.UUID) -> Any:
    """Put a segment away; it can be brought back for 30 days."""
    name = segments.get_segment(scope, segment_id).name
    segments.delete_segment(scope, segment_id, None)
    tell("“{name}” is archived. It can be restored for 30 days.", name=name, undo=url_for(
        "segment_list.restore", store_id=scope.store_id, segment_id=segment_id))
    return _back(scope)


@blueprint.post("/<uuid:segment_id>/restore")
@needs("editor")
def restore(scope: Scope, segment_id: uuid.UUID) -> Any:
    """Bring an archived segment back."""
    row = segments.restore_segment(scope, segment_id)
    tell("“{name}” is back.", name=row.name)
    return _back(scope)


@blueprint.post("/<uuid:segment_id>/count")
@needs("editor")
def count(scope: Scope, segment_id: uuid.UUID) -> Any:
    """Count a segment again."""
    row = segments.refresh_segment(scope, segment_id)
    tell("“{name}” is counted again.", name=row.name)
    return _back(scope)


def described(scope: Scope, rows: Sequence[Segment], every: Sequence[Segment]) -> list[Listed]:
    """The segments with their sentences, what is wrong with them, and which of `every` segment use them."""
    stored, users = StoredSegments(scope, db.session()), _users(every)
    version = segments.data_version(scope)
    return [_described(scope, row, stored, users.get(str(row.id), ()), version) for row in rows]


def _described(scope: Scope, row: Segment, stored: StoredSegments, users: Sequence[Segment], version: int) -> Listed:
    stale = row.counted_version != version
    try:
        said = sentence(stored.tree(row), scope.settings.currency)[language()]
        return Listed(row, said, (), users, stale)
    except RulesError as error:
        return Listed(row, "", error.problems, users, stale)


def _users(every: Sequence[Segment]) -> Mapping[str, list[Segment]]:
    found: dict[str, list[Segment]] = {}
    for row in every:
        for identifier in referred_ids(row.rules):
            found.setdefault(identifier, []).append(row)
    return found


def _back(scope: Scope) -> Any:
    """To the page of the segment if it was asked for from there and is still there, else to the list."""
    here = request.form.get("back", "")
    if here == "segment":
        return redirect(url_for("segment.show", store_id=scope.store_id, segment_id=request.view_args["segment_id"]),
                        303) if request.view_args else None
    return redirect(url_for("segment_list.show", store_id=scope.store_id), 303)
