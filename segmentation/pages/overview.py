"""The overview: the store's totals, the RFM grid whose cells open the builder, and the share of each label."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template

from segmentation import segments
from segmentation.audience.engines import snapshot
from segmentation.audience.portrait import Portrait, Share, portrait
from segmentation.audience.scope import Scope
from segmentation.extensions import db
from segmentation.models import Store
from segmentation.models.types import utc_now
from segmentation.pages.access import needs
from segmentation.rules.tree import Group, Logic

blueprint = Blueprint("overview", __name__, url_prefix="/stores/<uuid:store_id>")
EVERYONE = Group("root", Logic.AND)
SCORES = (5, 4, 3, 2, 1)
SHADES = 5
NEWEST = 5


@blueprint.get("/")
@needs("viewer")
def show(scope: Scope) -> Any:
    """The overview of a store."""
    with snapshot(current_app.config["PAGE_SECONDS"]) as facts:
        drawn = portrait(scope, EVERYONE, utc_now(), facts)
    store = db.session.get_one(Store, scope.store_id)
    return render_template(
        "overview/page.html", section="overview", portrait=drawn, grid=_grid(drawn), store=store,
        rfm=store.rfm or {}, scores=SCORES, newest=segments.find_segments(scope)[:NEWEST])


def _grid(drawn: Portrait) -> list[list[tuple[int, int, Share, int]]]:
    """The cells, the recent in the first row and the frequent in the last column, each with a shade from 0 to 5."""
    most = max((share.people for cell, share in drawn.cells.items() if cell != (None, None)), default=0)

    def cell(recency: int, frequency: int) -> tuple[int, int, Share, int]:
        share = drawn.cells.get((recency, frequency), Share())
        return recency, frequency, share, -(-SHADES * share.people // most) if most else 0

    return [[cell(recency, frequency) for frequency in reversed(SCORES)] for recency in SCORES]
