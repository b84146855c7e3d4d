"""A little of each campaign, so that what it found stays mended; the whole of them is behind `make fuzz` and
`make tokens`.
"""

from __future__ import annotations

import pytest
from flask import Flask

from tests.api.conftest import make_world
from tests.campaigns import fuzz, tokens
from tests.campaigns.requests import Sent
from tests.pages.conftest import SQLITE

REQUESTS = {"sqlite": 500, "postgresql": 250}


def test_no_strange_request_breaks_anything(application: Flask, database_url: str) -> None:
    world, carried = fuzz.make_stores(application)
    count = REQUESTS[database_url.partition(":")[0]]
    figures, wrong = fuzz.run(world, carried, fuzz.asked_inside(application), 20_260, range(count))
    assert not wrong
    assert figures["2xx"] > count / 10, "most were refused for one and the same reason"


@SQLITE
def test_no_token_of_another_hand_opens_anything(application: Flask) -> None:
    make_world(application)
    figures, accepted = tokens.run(application, 20_260, 300)
    assert not accepted
    assert figures["vectors"] > 100


@pytest.mark.parametrize("answer", [
    (500, {}, b""), (503, {}, b"{}"), (404, {"x-request-id": "1"}, b"<html>"), (200, {}, b'{"name": "ZZ-B-9f3c"}'),
    (404, {"x-request-id": "1"}, b'{"error": {"code": "x", "message": "m", "request_id": "2", "problems": []}}'),
])
def test_the_campaign_sees_what_is_wrong(answer: fuzz.Answer) -> None:
    with pytest.raises(fuzz.Wrong):
        fuzz.check(Sent("GET", "/api/jobs"), answer)
