"""`/metrics`: what is measured, for Prometheus. Only for whoever brings `SEGMENTATION_METRICS_TOKEN`; there is nothing
here while that is not set, because behind a proxy every stranger seems to come from this machine.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from hmac import compare_digest

from flask import Blueprint, Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from segmentation import metrics
from segmentation.database import reading
from segmentation.errors import NotFound, NotSignedIn
from segmentation.leases import QUEUED
from segmentation.models import Job
from segmentation.models.types import utc_now
from segmentation.walls import across

SECONDS = 2.0  # that the database has
log = logging.getLogger("segmentation.metrics")
blueprint = Blueprint("metrics", __name__)


class Jobs(Collector):
    """The jobs as the database has them, of all workers, wherever these run."""

    def collect(self) -> Iterator[Metric]:
        """How many there are by kind and state, how long the oldest has waited, whether the database answers."""
        up = GaugeMetricFamily("segmentation_database_up", "Whether the database answers.", value=1)
        try:
            yield from self._jobs()
        except Exception:
            log.warning("the jobs could not be measured", exc_info=True)
            up = GaugeMetricFamily("segmentation_database_up", "Whether the database answers.", value=0)
        yield up

    def _jobs(self) -> Iterator[Metric]:
        with across("sweep"), reading(SECONDS) as connection:
            counted = connection.execute(
                select(Job.kind, Job.state, func.count()).group_by(Job.kind, Job.state)).all()
            oldest = connection.scalar(select(func.min(Job.created_at)).where(Job.state == QUEUED))
        jobs = GaugeMetricFamily("segmentation_jobs", "Jobs of the last 30 days.", labels=("kind", "state"))
        for kind, state, number in counted:
            jobs.add_metric((kind, state), number)
        yield jobs
        yield GaugeMetricFamily("segmentation_jobs_waiting", "Jobs that wait for a worker.",
                                value=sum(number for _, state, number in counted if state == QUEUED))
        yield GaugeMetricFamily("segmentation_jobs_waiting_oldest_seconds", "How long the oldest of them has waited.",
                                value=(utc_now() - oldest).total_seconds() if oldest else 0)


@blueprint.get("/metrics")
def show() -> Response:
    """Everything, in the text format."""
    _check_token()
    everything = CollectorRegistry()
    everything.register(Jobs())
    if metrics.are_shared():
        MultiProcessCollector(everything)  # type: ignore[no-untyped-call]
    else:
        everything.register(metrics.registry)
    return Response(generate_latest(everything), content_type=CONTENT_TYPE_LATEST)


def _check_token() -> None:
    wanted, given = current_app.config["METRICS_TOKEN"], request.headers.get("Authorization", "")
    if not wanted:
        raise NotFound()
    if not compare_digest(given.encode(), f"Bearer {wanted}".encode()):
        raise NotSignedIn("The token of the metrics is needed.")
