"""The files of jobs: a private folder for each, which holds what was uploaded and what came out.

What is in a folder counts only once the job's row says so. A folder goes when its job is cancelled, or a day after.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from shutil import rmtree

from flask import current_app

from segmentation import limits
from segmentation.leases import DONE, FAILED
from segmentation.models import Job

KEPT = timedelta(hours=limits.FILE_HOURS)
UPLOAD, REJECTED = "upload.csv", "rejected.csv"


def folders() -> Path:
    """Where the folders of all jobs are; nobody else may look inside."""
    path: Path = current_app.config["SPOOL_DIR"] / "jobs"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def folder(job_id: uuid.UUID) -> Path:
    """The folder of a job, which is there from then on."""
    path = folders() / str(job_id)
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def remove(job_id: uuid.UUID) -> None:
    """Remove a job's folder with all that is in it."""
    rmtree(folders() / str(job_id), ignore_errors=True)


def emptied(job_id: uuid.UUID) -> Path:
    """The folder of a job, without what an attempt that died has left."""
    remove(job_id)
    return folder(job_id)


def forget_upload(job_id: uuid.UUID) -> None:
    """Remove what was uploaded, once it has been read to its end."""
    with suppress(OSError):
        (folders() / str(job_id) / UPLOAD).unlink()


def file_of(job: Job) -> Path | None:
    """The finished file of a job; None when it has none, or none any more."""
    made = (job.result or {}).get("file") if job.state == DONE else None
    path = folders() / str(job.id) / made["stored_as"] if made else None
    return path if path is not None and path.is_file() else None


def rejected_of(job: Job) -> Path | None:
    """The rejected rows of an import that has ended; None when there are none, or none any more."""
    path = folders() / str(job.id) / REJECTED
    rejected = job.kind.startswith("import_") and job.state in (DONE, FAILED) and job.checkpoint.get("rejected")
    return path if rejected and path.is_file() else None
