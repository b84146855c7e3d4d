"""One job: how far it is, what came out of it, its files, and a way to stop it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, redirect, render_template, url_for

from segmentation.audience.scope import Scope
from segmentation.downloads import send_file_of, send_rejected_of
from segmentation.jobs import asking, files
from segmentation.leases import UNFINISHED
from segmentation.models import Job
from segmentation.pages.access import needs
from segmentation.pages.notices import tell
from segmentation.pages.rendering import is_live
from segmentation.pages.words import language
from segmentation.translations import translate, unpacked

blueprint = Blueprint("job_pages", __name__, url_prefix="/stores/<uuid:store_id>/jobs/<uuid:job_id>")

SECTIONS = {"settings": "settings"}


@blueprint.get("/")
@needs("viewer")
def show(scope: Scope, job_id: uuid.UUID) -> Any:
    """The job. While it is not finished the page asks for its progress, and stops once it is."""
    job = asking.get_job(scope, job_id)
    template = "jobs/_progress.html" if is_live() else "jobs/page.html"
    section = "import_pages" if job.kind.startswith("import_") else SECTIONS.get(job.kind, "segment_list")
    return render_template(template, section=section, job=job, **about(job))


@blueprint.post("/cancel")
@needs("editor")
def cancel(scope: Scope, job_id: uuid.UUID) -> Any:
    """Stop the job."""
    asking.cancel_job(scope, job_id)
    tell("It is being stopped.")
    return redirect(url_for("job_pages.show", store_id=scope.store_id, job_id=job_id), 303)


@blueprint.get("/file")
@needs("editor")
def file(scope: Scope, job_id: uuid.UUID) -> Response:
    """The file that an export has made."""
    return send_file_of(asking.get_job(scope, job_id))


@blueprint.get("/rejected")
@needs("editor")
def rejected(scope: Scope, job_id: uuid.UUID) -> Response:
    """The rows that an import did not take, with reasons."""
    return send_rejected_of(asking.get_job(scope, job_id))


def about(job: Job) -> dict[str, Any]:
    """What the templates ask of a job: whether it goes on, the part done in percent, the seconds that remain."""
    total, rate = job.total or 0, job.rate or 0
    left = (total - job.done) / rate if rate and total > job.done else None
    return {"goes_on": job.state in UNFINISHED, "seconds_left": left,
            "part": min(100, 100 * job.done // total) if total else 0,
            "has_file": files.file_of(job) is not None,
            "has_rejected": files.rejected_of(job) is not None, "rejected": _rejected(job)}


def _rejected(job: Job) -> list[tuple[int, str, str]]:
    """The first rejected rows: line, column and reason, in the visitor's language. (The file of them speaks English.)
    """
    return [(line, column, translate(unpacked(template, values), language()))
            for line, column, template, values in job.checkpoint.get("first", ())]
