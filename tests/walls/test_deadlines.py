"""Questions that would never end, asked by every route: each is stopped when its time is up, and answered so."""

from __future__ import annotations

from collections import Counter
from time import monotonic

import pytest

from segmentation import segments
from segmentation.audience.matching import Question
from tests.api.conftest import World, world
from tests.test_database import ENDLESS
from tests.walls.routes import ENDS_THE_SIGN_IN, all_routes
from tests.walls.stores import Principal, _sign_in, plant, things

__all__ = ["world"]
SECONDS, PATIENCE = 0.1, 3.0
STOPPED = {
    "/api/segmentation/preview", "/api/segmentation/<uuid:segment_id>/customers",
    "/api/segmentation/<uuid:segment_id>/export", "/api/segmentation/<uuid:segment_id>/explain",
    "/api/segmentation/<uuid:segment_id>/refresh", "/api/customers", "/stores/<uuid:store_id>/",
    "/stores/<uuid:store_id>/customers/",
}


@pytest.fixture
def endless(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The two stores, where whatever asks for customers by rule would take for ever."""
    written = Question.text
    monkeypatch.setattr(Question, "text", lambda question, columns, where="TRUE", rest="": written(
        question, columns, f"({ENDLESS}) >= 0 AND ({where})", rest))
    monkeypatch.setattr(segments, "SECONDS_WITH_A_WRITE", SECONDS)
    for name in ("PREVIEW_SECONDS", "PAGE_SECONDS", "REFRESH_SECONDS", "EXPORT_SECONDS"):
        world.app.config[name] = SECONDS
    plant(world)
    return world


def test_no_question_outlives_its_deadline(endless: World) -> None:
    own, owner = things(endless, "a"), Principal("owner", endless.app.test_client(),
                                                 *_sign_in(endless.app, "owner@a.example"), "owner")
    stopped: Counter[str] = Counter()
    for asked in all_routes(endless.app):
        if asked.method == "DELETE" or asked.rule in ENDS_THE_SIGN_IN:
            continue
        path, options = asked.request(own)
        started = monotonic()
        with owner.open(asked.method, path, **options) as answer:
            assert monotonic() - started < PATIENCE, asked
            assert answer.status_code in (*range(200, 500), 503), (asked, answer.text)
            if answer.status_code == 503:
                assert "Retry-After" in answer.headers, asked
                assert asked.is_page or answer.json["error"]["code"] == "query_timeout", (asked, answer.text)
                stopped[asked.rule] += 1
    assert stopped.keys() >= STOPPED
