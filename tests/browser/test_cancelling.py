"""A question that was overtaken stops in the database, on each engine, and the connection is good afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import text

from segmentation import accounts, answers
from segmentation.commands.demo import STORE
from segmentation.database import reading
from segmentation.errors import Abandoned
from tests.browser.building import Builder
from tests.browser.conftest import OWNER, PASSWORD, Shop, Visitor, served
from tests.conftest import make_app

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def small_shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """A shop without people, on each engine."""
    app = make_app(database_url, tmp_path)
    with app.app_context():
        store_id = accounts.create_store(STORE)
        accounts.add_user(OWNER, PASSWORD, store_id, "owner")
    with served(app) as (_, address):
        yield Shop(app, address, store_id)


def test_a_superseded_query_is_cancelled_in_the_database(
        visit: Callable[..., Visitor], small_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    started, ended = Event(), []
    real = answers.answer

    def slow(scope: Any, rules: Any, *more: Any) -> Any:
        if "7777" not in str(rules):
            return real(scope, rules, *more)
        begun = monotonic()
        started.set()
        try:
            with reading(30) as connection:
                connection.execute(text(ENDLESS))
        except Abandoned:
            ended.append(monotonic() - begun)
            raise

    monkeypatch.setattr("segmentation.pages.builder.judging.answers.answer", slow)
    visitor = visit(at=small_shop).sign_in().open("/segments/new")
    builder = Builder(visitor)
    row = builder.row(0)
    builder.choose(row, "Field", "Number of orders")
    value = row.get_by_label("Value", exact=True)
    value.focus()
    visitor.page.keyboard.type("7777")
    assert started.wait(5)
    visitor.page.wait_for_timeout(200)
    overtaken = monotonic()
    visitor.page.keyboard.press("Backspace")
    while not ended and monotonic() - overtaken < 5:
        visitor.page.wait_for_timeout(20)
    assert len(ended) == 1, "the first query was stopped"
    assert monotonic() - overtaken < 1.5
    builder.settle()
    assert builder.total == 0
    assert value.input_value() == "777"
    with small_shop.app.app_context(), reading(5) as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
        if connection.dialect.name == "postgresql":
            running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'WITH RECURSIVE%'"
            assert connection.execute(text(running)).scalar() == 0
