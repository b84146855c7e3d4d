"""Imports: a file is uploaded, its columns are looked at together with its first rows, and a job imports it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from segmentation import limits, uploads
from segmentation.audience.scope import Scope
from segmentation.errors import DomainError, Invalid, TooMany
from segmentation.imports import JOB_KINDS
from segmentation.jobs import asking
from segmentation.pages.access import needs
from segmentation.pages.words import language
from segmentation.translations import translate

blueprint = Blueprint("import_pages", __name__, url_prefix="/stores/<uuid:store_id>/imports")
ENVELOPE = 64 * 1024  # bytes around the file: the other parts of the form
LISTED = 20
COLUMN = "column-"


@blueprint.before_request
def allow_large_files() -> None:
    """Let an upload be as large as a file may be."""
    if request.endpoint == "import_pages.upload":
        request.max_content_length = limits.IMPORT_BYTES + ENVELOPE


@blueprint.get("/")
@needs("viewer")
def show(scope: Scope) -> Any:
    """The imports of the store, and where to drop a file."""
    return _page(scope)


@blueprint.post("/")
@needs("editor")
def upload(scope: Scope) -> Any:
    """Keep a file, and show what it seems to hold."""
    kind, file = request.form.get("kind", ""), request.files.get("file")
    if file is None or not file.filename or kind not in ("customers", "orders"):
        return _page(scope, translate("Choose a file, and what is in it.", language()), 422)
    try:
        upload_id = uploads.keep(scope, kind, file.save, file.filename[:255])  # type: ignore[arg-type]
    except Invalid as error:
        return _page(scope, translate(error.message, language()), error.status)
    return redirect(url_for("import_pages.check", store_id=scope.store_id, upload_id=upload_id), 303)


@blueprint.get("/<uuid:upload_id>")
@needs("editor")
def check(scope: Scope, upload_id: uuid.UUID) -> Any:
    """The first rows of a file, with the column that each heading seems to mean."""
    found = uploads.find(scope, upload_id)
    return _checking(scope, found, found.guessed)


@blueprint.post("/<uuid:upload_id>")
@needs("editor")
def start(scope: Scope, upload_id: uuid.UUID) -> Any:
    """Import the file with the columns that were chosen."""
    found = uploads.find(scope, upload_id)
    chosen = {heading: request.form.get(f"{COLUMN}{place}", "") for place, heading in enumerate(found.headings)}
    try:
        job = uploads.start(scope, upload_id, chosen)
    except (Invalid, TooMany) as error:
        return _checking(scope, found, chosen, error)
    return redirect(url_for("job_pages.show", store_id=scope.store_id, job_id=job.id), 303)


def _page(scope: Scope, fault: str = "", status: int = 200) -> Any:
    jobs = [job for kind in JOB_KINDS for job in asking.find_jobs(scope, kind=kind, limit=LISTED)]
    jobs.sort(key=lambda job: -job.number)
    return render_template("imports/page.html", section="import_pages", jobs=jobs[:LISTED], fault=fault), status


def _checking(scope: Scope, found: uploads.Upload, chosen: Any, error: DomainError | None = None) -> Any:
    fault = translate(error.message, language()) if error else ""
    return render_template("imports/check.html", section="import_pages", upload=found, chosen=chosen, fault=fault,
                           column_name=_column_name), error.status if error else 200


def _column_name(column: str) -> str:
    """What people call a column."""
    return translate(uploads.label(column), language())
