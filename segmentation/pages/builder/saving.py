"""Saving what the builder holds: the name and rules are checked as the API checks them, and a change that somebody else
made meanwhile is met, not overwritten.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from flask import url_for

from segmentation import limits, segments
from segmentation.audience.scope import Scope
from segmentation.errors import Invalid
from segmentation.models import Segment
from segmentation.pages.builder.draft import DraftGroup
from segmentation.pages.builder.wire import from_wire
from segmentation.pages.notices import tell
from segmentation.rules.kinds import Fault, read_line, read_lines
from segmentation.rules.sentences import sentence
from segmentation.rules.tree import Group
from segmentation.segments import Draft
from segmentation.translations import translate


@dataclass(frozen=True)
class Conflict:
    """What somebody else has made of the segment in the meantime."""

    version: int
    name: str
    sentence: str
    draft: DraftGroup


def faults(name: str, description: str, language: str) -> Mapping[str, str]:
    """What is wrong with the texts, by input."""
    found = {}
    for key, read, text, longest in (("name", read_line, name, limits.NAME_LENGTH),
                                     ("description", read_lines, description, limits.DESCRIPTION_LENGTH)):
        try:
            read(text, longest)
        except Fault as fault:
            is_blank = fault.code == "blank"
            found[key] = translate("Give the segment a name.", language) if is_blank else translate(
                fault.message, language)
    return found


def save(scope: Scope, row: Segment | None, name: str, description: str, rules: Group, version: int) -> Segment:
    """Create the segment, or change it if it still is at `version`. Raises Stale, Conflict, Invalid, Forbidden."""
    scope.require("editor")
    name, description = read_line(name, limits.NAME_LENGTH), read_lines(description, limits.DESCRIPTION_LENGTH)
    if row is None:
        made = segments.create_segment(scope, Draft(name, description, rules))
        tell("“{name}” is saved.", name=made.name)
        return made
    changes = {"name": name, "description": description, "rules": rules}
    made = segments.change_segment(scope, row.id, changes, {version})
    tell("“{name}” is changed.", name=made.name, undo=url_for(
        "segment.restore_revision", store_id=scope.store_id, segment_id=made.id, version=version))
    return made


def conflict_with(scope: Scope, segment_id: uuid.UUID, language: str) -> Conflict:
    """The segment as it is now, to be laid beside what was being edited."""
    row = segments.get_segment(scope, segment_id)
    try:
        said = sentence(segments.rules_of(scope, row), scope.settings.currency)[language]
    except Invalid:
        said = translate("The rules no longer fit.", language)
    return Conflict(row.version, row.name, said, from_wire(row.rules))
