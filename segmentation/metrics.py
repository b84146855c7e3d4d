"""What is measured, by its Prometheus name. Labels are names of our own: never what somebody sent.

Each process counts for itself, in files below `PROMETHEUS_MULTIPROC_DIR` where that is set (gunicorn.conf.py does), so
that whichever is asked can add them up. What the database knows, jobs above all, is read from it instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Histogram, values

from segmentation.errors import Abandoned, DomainError, Invalid

METHODS = frozenset(("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"))
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60)

registry = CollectorRegistry()  # of this process alone
requests = Counter("segmentation_requests", "Requests that were answered.", ("route", "method", "status"),
                   registry=registry)
request_seconds = Histogram("segmentation_request_seconds", "Time until the answer, without the sending of files.",
                            ("route", "method"), buckets=SECONDS, registry=registry)
previews = Counter("segmentation_previews", "Previews by outcome: answered, refused, timeout, abandoned or failed.",
                   ("outcome",), registry=registry)
told = Counter("segmentation_questions", "Questions about customers by who told: replica, primary, both or memory.",
               ("by",), registry=registry)
preview_seconds = Histogram("segmentation_preview_seconds", "Time that previews took in the database and around it.",
                            buckets=SECONDS, registry=registry)
import_rows = Counter("segmentation_import_rows", "Rows of files that were dealt with: written or rejected.",
                      ("kind", "outcome"), registry=registry)
export_rows = Counter("segmentation_export_rows", "Rows in files that were written.", ("format",), registry=registry)


def are_shared() -> bool:
    """Whether the processes of this machine add up what they count."""
    return values.ValueClass is not values.MutexValue


def named(method: str) -> str:
    """A request's method, if it is one that is known."""
    return method if method in METHODS else "other"


def count_request(route: str | None, method: str, status: int, seconds: float) -> None:
    """A request was answered; `route` is its template, None when there is none for it."""
    requests.labels(route or "none", named(method), str(status)).inc()
    request_seconds.labels(route or "none", named(method)).observe(seconds)


@contextmanager
def preview() -> Iterator[None]:
    """The block answers a preview; how long it took, and how it ended, is counted."""
    started, outcome = perf_counter(), "failed"
    try:
        yield
        outcome = "answered"
    except DomainError as error:
        outcome = _outcome(error)
        raise
    finally:
        previews.labels(outcome).inc()
        preview_seconds.observe(perf_counter() - started)


def _outcome(error: DomainError) -> str:
    if isinstance(error, Abandoned):
        return "abandoned"
    if isinstance(error, Invalid):
        return "refused"
    return "timeout" if error.code == "query_timeout" else "failed"
