"""Sending a finished file: whole, with its length, its digest and its number of rows."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

from flask import Response, send_file

from segmentation.errors import Conflict, NotFound, Stale
from segmentation.exports.segment import ExportedFile
from segmentation.jobs import files
from segmentation.leases import UNFINISHED
from segmentation.models import Job


def send_export(exported: ExportedFile) -> Response:
    """The file as a download. It is unlinked at once: the open handle is all that the sender needs."""
    handle = exported.path.open("rb")
    exported.path.unlink()
    response = send_file(handle, mimetype=exported.mimetype, as_attachment=True, download_name=exported.name)
    response.content_length = exported.written.size
    return _described(response, exported.written.rows, exported.written.sha256)


def send_file_of(job: Job) -> Response:
    """The file a job has made, or the part of it that is asked for. Raises Conflict before it is finished, NotFound,
    Stale when `If-Match` asks for another.
    """
    path = _there(job, files.file_of(job))
    made = (job.result or {})["file"]
    response = _sent(path, mimetype=made["mimetype"], download_name=made["name"], etag=made["sha256"])
    return _described(response, made["rows"], bytes.fromhex(made["sha256"]))


def send_rejected_of(job: Job) -> Response:
    """The rows that an import did not take, with reasons. Raises Conflict before it has ended, NotFound."""
    path = _there(job, files.rejected_of(job))
    response = _sent(path, mimetype="text/csv", download_name="rejected.csv")
    response.headers["X-Row-Count"] = str(job.checkpoint["rejected"])
    return response


def _sent(path: Path, **options: Any) -> Response:
    response = send_file(path, as_attachment=True, conditional=True, **options)
    if response.status_code == Stale.status:  # the library would send the headers of the file, and no reason
        response.close()
        raise Stale()
    return response


def _there(job: Job, path: Path | None) -> Path:
    if job.state in UNFINISHED:
        raise Conflict("The job has not finished. Ask for it until it is done.", code="not_ready")
    if path is None:
        raise NotFound()
    return path


def _described(response: Response, rows: int, sha256: bytes) -> Response:
    response.headers["X-Row-Count"] = str(rows)
    response.headers["Repr-Digest"] = f"sha-256=:{b64encode(sha256).decode()}:"
    return response
