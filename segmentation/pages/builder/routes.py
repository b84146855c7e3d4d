"""The builder's pages: a new segment, an old one, the people it would find, and values to choose from."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from segmentation import limits, segments, starters
from segmentation.audience import matching
from segmentation.audience.engines import snapshot
from segmentation.audience.matching import PageRequest
from segmentation.audience.portrait import portrait
from segmentation.audience.scope import Scope
from segmentation.audience.values import suggestions
from segmentation.errors import DomainError, Forbidden, NotFound, Stale, Unavailable
from segmentation.models import Segment
from segmentation.models.types import utc_now
from segmentation.pages.access import needs
from segmentation.pages.builder import edits, form, history, judging, saving
from segmentation.pages.builder.draft import DraftCondition, DraftGroup, changed, every, new_condition
from segmentation.pages.builder.settling import settled
from segmentation.pages.builder.view import View
from segmentation.pages.builder.wire import from_wire
from segmentation.pages.rendering import is_live
from segmentation.pages.words import language
from segmentation.rules.tree import Group
from segmentation.translations import translate

blueprint = Blueprint("builder", __name__, url_prefix="/stores/<uuid:store_id>/segments")
LARGEST_FORM = 4 * limits.BODY_BYTES  # a form says the same as JSON with more words, and carries its history
FILLED_SLOTS = (".value", ".adding")


@blueprint.before_request
def allow_large_forms() -> None:
    """Let a form of the builder be larger than other bodies."""
    request.max_content_length = LARGEST_FORM


@blueprint.get("/new")
@needs("viewer")
def new(scope: Scope) -> Any:
    """An empty builder, or one filled from a starter, a cell of the RFM grid or a label."""
    name, description, rules = _start(scope)
    draft = from_wire(rules) if rules else DraftGroup("root", conditions=(new_condition(),))
    return _page(_view(scope, None, draft, history.History(), name, description))


@blueprint.post("/new")
@needs("viewer")
def build(scope: Scope) -> Any:
    """The builder after an edit of a new segment."""
    return _edited(scope, None)


@blueprint.get("/<uuid:segment_id>/edit")
@needs("viewer")
def edit(scope: Scope, segment_id: uuid.UUID) -> Any:
    """The builder with a saved segment."""
    row = segments.get_segment(scope, segment_id)
    return _page(_view(scope, row, from_wire(row.rules), history.History(), row.name, row.description))


@blueprint.post("/<uuid:segment_id>/edit")
@needs("viewer")
def rebuild(scope: Scope, segment_id: uuid.UUID) -> Any:
    """The builder after an edit of a saved segment."""
    return _edited(scope, segments.get_segment(scope, segment_id))


@blueprint.post("/people", defaults={"segment_id": None})
@blueprint.post("/<uuid:segment_id>/people")
@needs("viewer")
def people(scope: Scope, segment_id: uuid.UUID | None) -> Any:
    """A few of the customers whom the rules in the form match, and pictures of all of them."""
    row = segments.get_segment(scope, segment_id) if segment_id else None
    judged = judging.judge(_read(scope), scope, row)
    if judged.whole is None:
        return render_template("builder/_no_people.html")
    now = utc_now()
    with snapshot(current_app.config["PREVIEW_SECONDS"]) as facts:
        sample = matching.page(scope, judged.whole, now, facts, PageRequest(limit=5, sort="orders_amount",
                                                                          descending=True))
        drawn = portrait(scope, judged.whole, now, facts)
    return render_template("builder/_people.html", sample=sample, portrait=drawn)


@blueprint.get("/suggestions")
@needs("viewer")
def suggest(scope: Scope) -> Any:
    """Values of a field that hold what was typed."""
    key = request.args.get("field", "")
    inside = {name: each for fields in scope.catalogue.rows.values() for name, each in fields.items()}
    field = scope.catalogue.get(key) or inside.get(key)
    if field is None:
        raise NotFound()
    typed = next((text for name, text in request.args.items() if name.endswith(FILLED_SLOTS)), "")
    try:
        found = suggestions(scope, field, typed[:limits.TEXT_LENGTH])
    except Unavailable:
        found = {}
    return render_template("builder/_suggestions.html", values=found)


def _start(scope: Scope) -> tuple[str, str, starters.Rules | None]:
    """The name, description and rules that the address asks for."""
    starter = starters.STARTERS.get(request.args.get("starter", ""))
    if starter is not None:
        return translate(starter.name, language()), translate(starter.description, language()), starter.rules
    recency, _, frequency = request.args.get("cell", "").partition("-")
    scores = {str(score): score for score in range(1, 6)}
    if recency in scores and frequency in scores:
        return "", "", starters.of_cell(scores[recency], scores[frequency])
    label = request.args.get("label", "")
    return translate(label, language()) if starters.of_label(label) else "", "", starters.of_label(label)


def _read(scope: Scope) -> DraftGroup:
    return settled(form.read(request.form), scope.catalogue, request.form)


def _edited(scope: Scope, row: Segment | None) -> Any:
    """The answer to a posted form: its edit done, or the segment saved."""
    fields = request.form
    draft = _read(scope)
    before = history.unpack(fields.get("history", ""))
    past = _as_drawn(fields, scope, draft)
    # Without script nothing is posted while one types: each post is a change of its own.
    remembered = before.then_typed(past, draft) if is_live() else before.then(past, draft)
    verb, _, rest = fields.get("do", "").partition(":")
    draft, remembered, focus = _act(draft, remembered, verb, rest)
    name, description = fields.get("name", ""), fields.get("description", "")
    view = _view(scope, row, draft, remembered, name, description, focus=focus,
                 version=_version(fields, row), tried=bool(fields.get("tried")))
    if verb == "save":
        return _saved(scope, row, view)
    if verb in ("theirs", "mine") and row is not None:
        view = _reconciled(scope, row, view, verb)
    return _page(view)


def _as_drawn(fields: MultiDict[str, str], scope: Scope, now: DraftGroup) -> DraftGroup:
    """The draft that the page was last drawn with."""
    drawn = history.unpack(fields.get("drawn", ""))
    if not drawn.past:
        return now
    return form.read(MultiDict(drawn.past[0]))


def _act(draft: DraftGroup, remembered: history.History, verb: str,
         rest: str) -> tuple[DraftGroup, history.History, tuple[str, str] | None]:
    if verb == "undo":
        return (*remembered.undo(draft), None)
    if verb == "redo":
        return (*remembered.redo(draft), None)
    quoted, _, argument = rest.partition("=")
    identifier = unquote(quoted)
    if verb == "save" or not is_live():
        # Where nobody presses "add" for the person, what was typed into a list counts as added.
        for node in list(every(draft)):
            draft = changed(draft, node.id, edits.take_typed) if isinstance(node, DraftCondition) else draft
    edited = edits.apply(draft, verb, identifier, argument)
    return edited.draft, remembered.then(draft, edited.draft), edited.focus


def _saved(scope: Scope, row: Segment | None, view: View) -> Any:
    view.tried = True
    view.faults = saving.faults(view.name, view.description, language())
    if view.judged.whole is None or view.faults or view.switched_off:
        return _page(view, 422)
    try:
        made = saving.save(scope, row, view.name, view.description, view.judged.whole, view.version)
    except Stale:
        view.conflict = saving.conflict_with(scope, row.id, language()) if row else None
        return _page(view, 412)
    except Forbidden:
        raise
    except DomainError as error:
        view.faults = {"rules": translate(error.message, language())}
        return _page(view, error.status)
    address = url_for("segment.show", store_id=scope.store_id, segment_id=made.id)
    if not is_live():
        return redirect(address, 303)
    response = make_response("", 200)
    response.headers["HX-Redirect"] = address
    return response


def _reconciled(scope: Scope, row: Segment, view: View, verb: str) -> View:
    """The builder once the person has chosen between two versions; what was not chosen can still be undone to."""
    if verb == "mine":
        return replace(view, version=row.version)
    draft = from_wire(row.rules)
    remembered = history.unpack(view.history).then(view.draft, draft)
    return _view(scope, row, draft, remembered, row.name, row.description)


def _version(fields: MultiDict[str, str], row: Segment | None) -> int:
    given = fields.get("version", "")
    if given.isascii() and given.isdigit() and len(given) < 10:
        return int(given)
    return row.version if row else 0


def _view(scope: Scope, row: Segment | None, draft: DraftGroup, remembered: history.History, name: str,
          description: str, *, focus: tuple[str, str] | None = None, version: int | None = None,
          tried: bool = False) -> View:
    judged = judging.judge(draft, scope, row)
    figures = judging.count(scope, judged, _saved_rules(scope, row))
    is_changed = bool(remembered.past) if row is None else (
        from_wire(row.rules) != draft or (row.name, row.description) != (name, description))
    if version is None:
        version = row.version if row else 0
    view = View(scope, row, draft, judged, figures, name, description, history.pack(remembered),
                bool(remembered.past), bool(remembered.future), version, is_changed, tried=tried)
    view.focus = view.dom_id(*focus) if focus and focus[0] else ""
    return view


def _saved_rules(scope: Scope, row: Segment | None) -> Group | None:
    if row is None:
        return None
    try:
        return segments.rules_of(scope, row)
    except DomainError:
        return None


def _page(view: View, status: int = 200) -> Response:
    drawn = history.pack(history.History((form.write(view.draft),)))
    template = "builder/_form.html" if is_live() else "builder/page.html"
    response = make_response(render_template(template, view=view, drawn=drawn, section="segment_list"), status)
    if is_live() and view.total is not None:
        response.headers["HX-Trigger"] = "counted"
    return response
