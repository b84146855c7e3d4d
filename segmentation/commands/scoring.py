"""`flask score`: score a store's buyers and print what was found."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask.cli import with_appcontext

from segmentation import limits
from segmentation.commands.common import STORE, refusals
from segmentation.extensions import db
from segmentation.facts.rfm import FEWEST_BUYERS, SCORES
from segmentation.models import Store
from segmentation.models.types import utc_now
from segmentation.rules.windows import DAY, start_of_day
from segmentation.scoring import ScoringResult, score_store
from segmentation.walls import keep_to


@click.command("score")
@click.option("--store", "store_id", type=STORE, required=True, help="Id of the store.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
              help="Lifetime values take the end of this local day as now; orders after it still "
                   "count. [default: now]")
@with_appcontext
@refusals
def score_command(store_id: uuid.UUID, as_of: datetime | None) -> None:
    """Give a store's buyers their RFM scores, labels and lifetime values."""
    keep_to(store_id)
    store = db.session.get(Store, store_id)
    if store is None:
        raise click.BadParameter(f"there is no store {store_id}.", param_hint="'--store'")
    now = utc_now() if as_of is None else _end_of(as_of.date(), ZoneInfo(store.timezone))
    currency = store.currency
    result = score_store(store_id, now)
    click.echo("\n".join(_lines(result, currency)))


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    if not limits.EARLIEST_YEAR <= day.year <= limits.LATEST_YEAR:
        years = f"{limits.EARLIEST_YEAR} to {limits.LATEST_YEAR}"
        raise click.BadParameter(f"the year must be from {years}.", param_hint="'--as-of'")
    return start_of_day(day + DAY, zone)


def _lines(result: ScoringResult, currency: str) -> Iterator[str]:
    rfm = result.rfm
    gap = rfm["median_gap_days"]
    yield f"As of       {datetime.fromisoformat(rfm['as_of']).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    yield f"Buyers      {result.buyers:,}"
    yield f"Changed     {result.changed:,}"
    yield "Median gap  " + ("none: nobody ordered twice" if gap is None else f"{gap:,.1f} days")
    yield ""
    if not any(result.labels.values()):
        yield f"No scores: they need at least {FEWEST_BUYERS} buyers."
        return
    yield from _thresholds(rfm["thresholds"], currency)
    yield ""
    yield from _shares(result)


def _thresholds(thresholds: dict[str, list[Any]], currency: str) -> Iterator[str]:
    yield _row("Score begins at", *range(1, SCORES + 1))
    yield _row("Recency", *thresholds["recency"])
    yield _row("Frequency (orders)", *thresholds["frequency"])
    yield _row(f"Monetary ({currency})", *thresholds["monetary"])


def _row(title: str, *values: Any) -> str:
    return f"{title:20}" + "".join(f"{'-' if value is None else value:>16}" for value in values)


def _shares(result: ScoringResult) -> Iterator[str]:
    yield f"{'Label':20}{'Buyers':>16}{'Share':>16}"
    for label, count in result.labels.items():
        yield f"{label:20}{count:>16,}{count / result.buyers:>16.1%}"
