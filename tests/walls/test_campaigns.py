"""A little of each campaign, so that what it found stays mended; the whole of them is behind `make fuzz`,
`make tokens`, `make writers` and `make mutants`.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from segmentation.accounts import add_user
from segmentation.extensions import db
from tests.api.conftest import PASSWORD, make_world, sign_in
from tests.campaigns import fuzz, mutants, tokens, writers
from tests.campaigns.requests import Sent
from tests.conftest import make_store
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


@SQLITE
def test_many_who_write_at_once_hear_of_no_lock(application: Flask) -> None:
    with application.app_context():
        store = make_store().id
        add_user(writers.EMAIL, PASSWORD, store, "owner")
        db.session.remove()
    token = sign_in(application.test_client(), writers.EMAIL)["access_token"]

    def connect() -> writers.Ask:
        http = application.test_client()

        def asked(method: str, path: str, body: object) -> writers.Answer:
            answer = http.open(path, method=method, json=body, headers={"Authorization": f"Bearer {token}"})
            return answer.status_code, answer.json if answer.data else None

        return asked

    written = writers.run(connect, store, 2.0)
    assert not written.wrong
    with application.app_context():
        assert not writers.differences(written, store)
        db.session.remove()
    assert written.done["customers"] >= writers.CLIENTS


def test_every_predicate_on_a_store_can_be_taken_out() -> None:
    found = mutants.all_places()
    assert len(found) > 90
    for path in {place.path for place in found}:
        numbered = [(number, place) for number, place in enumerate(found, 1) if place.path == path]
        compile(mutants.with_switches(path.read_bytes(), numbered), path, "exec")


def test_a_mutant_holds_for_every_store(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text('def seen(A, store_id, other):\n    """Not A.store_id = {store_id}."""\n    return (\n'
                    '        A.store_id == store_id, other != store_id,\n'
                    '        f"é{1} a.store_id = {store_id} AND b.store_id = {2}", A.x == store_id)\n')
    numbered = list(enumerate(mutants.places(path), 1))
    seen = []
    for awake in range(len(numbered) + 1):
        known: dict[str, Any] = {"_mutant": lambda number, awake=awake: number == awake}
        exec(mutants.with_switches(path.read_bytes(), numbered), known)  # noqa: S102
        seen.append(known["seen"](SimpleNamespace(store_id=7, x=7), 8, 9))
    right = (False, True, "é1 a.store_id = 8 AND b.store_id = 2", False)
    assert seen == [right, (True, *right[1:]), (False, False, *right[2:]),
                    (*right[:2], "é1 a.store_id = a.store_id AND b.store_id = 2", False),
                    (*right[:2], "é1 a.store_id = 8 AND b.store_id = b.store_id", False)]


@pytest.mark.parametrize("answer", [
    (500, {}, b""), (503, {}, b"{}"), (404, {"x-request-id": "1"}, b"<html>"), (200, {}, b'{"name": "ZZ-B-9f3c"}'),
    (404, {"x-request-id": "1"}, b'{"error": {"code": "x", "message": "m", "request_id": "2", "problems": []}}'),
])
def test_the_campaign_sees_what_is_wrong(answer: fuzz.Answer) -> None:
    with pytest.raises(fuzz.Wrong):
        fuzz.check(Sent("GET", "/api/jobs"), answer)
