"""Sending a finished file: whole, with its length, its digest and its number of rows."""

from __future__ import annotations

from base64 import b64encode

from flask import Response, send_file

from segmentation.exports.segment import ExportedFile


def send_export(exported: ExportedFile) -> Response:
    """The file as a download. It is unlinked at once: the open handle is all that the sender needs."""
    handle = exported.path.open("rb")
    exported.path.unlink()
    response = send_file(handle, mimetype=exported.mimetype, as_attachment=True, download_name=exported.name)
    response.content_length = exported.written.size
    response.headers["X-Row-Count"] = str(exported.written.rows)
    response.headers["Repr-Digest"] = f"sha-256=:{b64encode(exported.written.sha256).decode()}:"
    response.headers["Cache-Control"] = "no-store"
    return response
