"""Answers that are kept: only as long as they are true, and computed once for all who ask at the same time."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from flask import Flask

from segmentation.audience import matching, remembering
from segmentation.audience.engines import Part, Snapshot, snapshot
from segmentation.audience.matching import PageRequest
from segmentation.auth import operator_scope
from segmentation.database import writing
from segmentation.errors import Abandoned, Unavailable
from segmentation.facts.customer_rows import CustomerRecord
from segmentation.facts.customers import upsert_customers
from segmentation.models import Store
from segmentation.models.types import utc_now
from segmentation.rules.reading import read_rules
from tests.conftest import make_store

RIYADH = {"field": "city", "operator": "equals", "value": "Riyadh"}
RECENT = {"field": "created_at", "operator": "in_last", "value": 30, "unit": "days"}
NOT_RECENT = {"field": "created_at", "operator": "not_in_last", "value": 30, "unit": "days"}


@pytest.fixture(autouse=True)
def remembering_again(forgetful: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(remembering, "MOST", 100)
    yield
    remembering.forget_everything()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[uuid.UUID]:
    """Of which store something is asked of the database, each time that it is."""
    found: list[uuid.UUID] = []
    gather = Snapshot.gather

    def noted(facts: Snapshot, store_id: uuid.UUID, ask: Callable[[Part], Any]) -> list[Any]:
        found.append(store_id)
        return gather(facts, store_id, ask)

    monkeypatch.setattr(Snapshot, "gather", noted)
    return found


def write(store: Store, numbers: Sequence[int], **values: Any) -> None:
    with writing() as session:
        upsert_customers(session, store.id, [CustomerRecord(f"c{n}", {"city": "Riyadh", **values}) for n in numbers])


def count(store: Store, condition: dict[str, Any], later: timedelta = timedelta()) -> int:
    scope = operator_scope(store.id)
    tree = read_rules({"logic": "AND", "conditions": [condition]}, scope.catalogue)
    with snapshot(30) as facts:
        return matching.count(scope, tree, utc_now() + later, facts)


def test_a_question_is_asked_again_once_facts_have_changed(store: Store, asked: list[uuid.UUID]) -> None:
    write(store, range(10))
    assert [count(store, RIYADH) for _ in range(3)] == [10, 10, 10]
    assert len(asked) == 1
    write(store, range(10, 13))
    assert [count(store, RIYADH) for _ in range(3)] == [13, 13, 13]
    assert len(asked) == 2


def test_what_is_kept_belongs_to_one_store(store: Store, asked: list[uuid.UUID]) -> None:
    other = make_store("Other")
    write(store, range(3))
    write(other, range(5))
    assert (count(store, RIYADH), count(other, RIYADH)) == (3, 5)
    assert asked == [store.id, other.id]


@pytest.mark.parametrize(("condition", "expected"), [(RECENT, 4), (NOT_RECENT, 0)])
def test_a_window_that_ends_now_may_end_later(
    store: Store, asked: list[uuid.UUID], condition: dict[str, Any], expected: int
) -> None:
    write(store, range(4), created_at=utc_now() - timedelta(minutes=1))
    assert [count(store, condition) for _ in range(3)] == [expected] * 3
    assert len(asked) == 2  # the count, and which fact is the latest


def test_but_not_past_a_fact_that_is_yet_to_come(store: Store) -> None:
    soon = utc_now() + timedelta(hours=1)
    write(store, range(4), created_at=soon)
    assert count(store, RECENT) == 0
    assert count(store, RECENT, timedelta(hours=2)) == 4
    assert count(store, RECENT) == 0
    assert count(store, NOT_RECENT) == 4


def test_windows_of_a_large_store_are_not_kept(
    store: Store, asked: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "SOON_LOOKED_AT", 2)
    write(store, range(4), created_at=utc_now() - timedelta(minutes=1))
    assert [count(store, RECENT), count(store, RECENT)] == [4, 4]
    assert len(asked) == 2


def test_pages_share_what_is_found_of_an_order(
    store: Store, asked: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "FIRST", 6)
    write(store, range(20))
    scope = operator_scope(store.id)
    tree = read_rules({"logic": "AND", "conditions": [RIYADH]}, scope.catalogue)
    with snapshot(30) as facts:
        pages = [matching.page(scope, tree, utc_now(), facts, PageRequest(3, "external_id", offset=offset))
                 for offset in (0, 3, 4, 18, 30)]
    every = sorted(f"c{number}" for number in range(20))
    assert [[row.external_id for row in page] for page in pages] == [
        every[0:3], every[3:6], every[4:7], every[18:20], []]
    assert len(asked) == 4  # the first 6, 12, 24 and 36


@pytest.mark.parametrize("condition", [RIYADH, {"field": "tags", "operator": "is_empty"}])
def test_a_page_comes_with_the_total(store: Store, monkeypatch: pytest.MonkeyPatch, condition: dict[str, Any]) -> None:
    monkeypatch.setattr(matching, "FIRST", 6)
    write(store, range(20))
    scope = operator_scope(store.id)
    tree = read_rules({"logic": "AND", "conditions": [condition]}, scope.catalogue)
    none = read_rules({"logic": "AND", "conditions": [condition, {**RIYADH, "value": "Jeddah"}]}, scope.catalogue)
    with snapshot(30) as facts:
        rows, total = matching.page_and_total(scope, tree, utc_now(), facts, PageRequest(3, "external_id", offset=18))
        assert ([row.external_id for row in rows], total) == (["c8", "c9"], 20)
        after = matching.position(rows[0], "external_id")
        for request in (PageRequest(3, "external_id", after=after), PageRequest(3, "id", offset=30)):
            rows, total = matching.page_and_total(scope, tree, utc_now(), facts, request)
            assert ([row.external_id for row in rows], total) == (["c9"] if request.after else [], 20)
        assert matching.page_and_total(scope, none, utc_now(), facts, PageRequest(3)) == ([], 0)


def _at_once(app: Flask, store: Store, number: int, monkeypatch: pytest.MonkeyPatch, **snapshots: Any) -> list[Any]:
    """What becomes of a question that several ask while the first is at work on it."""
    begun, go_on, found = Event(), Event(), []
    gather = Snapshot.gather

    def slow(facts: Snapshot, store_id: uuid.UUID, ask: Callable[[Part], Any]) -> list[Any]:
        begun.set()
        go_on.wait(10)
        return gather(facts, store_id, ask)

    monkeypatch.setattr(Snapshot, "gather", slow)
    scope = operator_scope(store.id)
    tree = read_rules({"logic": "AND", "conditions": [RIYADH]}, scope.catalogue)

    def ask(first: bool) -> None:
        with app.app_context(), snapshot(10) as facts:
            for name, value in {} if first else snapshots.items():
                setattr(facts, name, value)
            try:
                found.append(matching.count(scope, tree, utc_now(), facts))
            except (Abandoned, Unavailable) as error:
                found.append(error.code)

    threads = [Thread(target=ask, args=(place == 0,)) for place in range(number)]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.3)
    go_on.set()
    for thread in threads:
        thread.join(10)
    return found


def test_what_several_ask_at_once_is_computed_once(
    app: Flask, store: Store, asked: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, range(7))
    assert _at_once(app, store, 5, monkeypatch) == [7] * 5
    assert len(asked) == 1


def test_who_waits_may_leave(app: Flask, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    write(store, range(7))
    assert _at_once(app, store, 3, monkeypatch, has_left=lambda: True) == ["abandoned", "abandoned", 7]


def test_who_waits_has_a_deadline(app: Flask, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    write(store, range(7))
    assert _at_once(app, store, 2, monkeypatch, end=0.0) == ["query_timeout", 7]


def test_no_more_than_so_many_are_kept(
    store: Store, asked: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "MOST", 2)
    write(store, range(3))
    towns = [{**RIYADH, "value": town} for town in ("Riyadh", "Jeddah", "Dammam")]
    assert [count(store, town) for town in (*towns, towns[2], towns[0])] == [3, 0, 0, 0, 3]
    assert len(asked) == 4
