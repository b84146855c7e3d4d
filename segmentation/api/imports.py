"""The route of imports: a file is uploaded, and a job imports it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Response, request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from segmentation import json, limits
from segmentation.api.blueprints import Blueprint
from segmentation.api.job_schemas import JobSchema
from segmentation.api.jobs import accepted
from segmentation.api.parsing import needs
from segmentation.api.schemas import StoreQuery
from segmentation.audience.scope import Scope
from segmentation.errors import Invalid, Malformed, Problem
from segmentation.jobs import asking

blueprint = Blueprint("imports", __name__, url_prefix="/api/imports", description="Import files")
Query = dict[str, Any]
ENVELOPE = 64 * 1024  # bytes around the file: the other parts, headings, boundaries
KINDS = ("customers", "orders")
COLUMNS = 500  # that a mapping may name
FORM = {"multipart/form-data": {"schema": {
    "type": "object", "required": ["file", "kind"], "additionalProperties": False, "properties": {
        "file": {"type": "string", "format": "binary", "description": "a CSV file of at most 100 MiB"},
        "kind": {"type": "string", "enum": list(KINDS)},
        "mapping": {"type": "string", "contentMediaType": "application/json", "description":
                    "an object from headings of the file to our columns, for headings that are not their names; an "
                    "empty column is left out"}}}}}


@blueprint.route("", methods=["POST"])
@needs("editor")
@blueprint.arguments(StoreQuery, location="query")
@blueprint.doc(requestBody={"required": True, "content": FORM})
@blueprint.response(202, JobSchema)
@blueprint.fails(400, 401, 403, 404, 413, 415, 422, 429)
def start_import(scope: Scope, _query: Query) -> Response:
    """Import a CSV file of customers or orders: a job reads it, rows that cannot be taken are kept with reasons"""
    request.max_content_length = limits.IMPORT_BYTES + ENVELOPE
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("Send the file as multipart/form-data.")
    kind, file, mapping = _read_form()
    return accepted(asking.ask_import(scope, kind, _saving(file), mapping, (file.filename or "")[:255]))


def _read_form() -> tuple[Any, FileStorage, dict[str, str]]:
    known: dict[str, MultiDict[str, Any]] = {
        "kind": request.form, "mapping": request.form, "file": request.files}
    problems = [Problem(f"/{name}", "unknown_key", "There is no such key here.")
                for name in (*request.form, *request.files) if name not in known]
    problems += [Problem(f"/{name}", "repeated", "Give it once.")
                 for name, place in known.items() if len(place.getlist(name)) > 1]
    if "file" not in request.files:
        problems.append(Problem("/file", "required", "This is required."))
    if request.form.get("kind") not in KINDS:
        problems.append(Problem("/kind", "unknown_choice", f"Give one of: {', '.join(KINDS)}."))
    mapping = _mapping(request.form.get("mapping", "{}"), problems)
    if problems:
        raise Invalid("Some values cannot be used.", problems)
    return request.form["kind"], request.files["file"], mapping


def _mapping(text: str, problems: list[Problem]) -> dict[str, str]:
    try:
        read = json.loads(text.encode())
    except (json.JSONError, UnicodeEncodeError) as error:
        raise Malformed("The mapping is not JSON.", code="malformed_json") from error
    if isinstance(read, dict) and len(read) <= COLUMNS and all(isinstance(each, str) for each in read.values()):
        return read
    problems.append(Problem("/mapping", "not_a_mapping", "Give an object from headings to columns."))
    return {}


def _saving(file: FileStorage) -> Callable[[Path], None]:
    def save(path: Path) -> None:
        file.save(path)
        if path.stat().st_size > limits.IMPORT_BYTES:
            raise RequestEntityTooLarge()

    return save
