"""The `flask` commands: what they do, what they print, and how they refuse."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlalchemy import func, select

from segmentation.auth import operator_scope
from segmentation.extensions import db
from segmentation.models import Customer, Membership, Order, Segment, Store, User
from segmentation.rules.reading import read_rules
from segmentation.segments import Draft, create_segment

PASSWORD = "a long enough password"


def run(app: Flask, *words: str) -> tuple[int, str]:
    """A command's exit status and everything it printed."""
    result = app.test_cli_runner().invoke(args=list(words))
    db.session.remove()
    return result.exit_code, result.output


def new_store(app: Flask, *options: str) -> uuid.UUID:
    """The id of a store made by the command."""
    status, output = run(app, "store", "create", "Souq", *options)
    assert status == 0, output
    return uuid.UUID(output.strip())


def test_a_store_takes_from_its_time_zone_what_is_not_said(app: Flask) -> None:
    store = db.session.get_one(Store, new_store(app, "--timezone", "Africa/Cairo", "--currency", "EGP"))
    assert (store.country, store.week_start, store.currency, store.language) == ("EG", 5, "EGP", "en")
    store = db.session.get_one(Store, new_store(
        app, "--timezone", "UTC", "--currency", "USD", "--week-start", "3", "--language", "ar",
        "--counted-status", "Paid", "--counted-status", "shipped "))
    assert (store.country, store.week_start, store.language) == (None, 3, "ar")
    assert store.counted_statuses == ["paid", "shipped"]


@pytest.mark.parametrize(("options", "named"), [
    (["--timezone", "Mars/Base"], "/timezone"), (["--currency", "riyal"], "/currency"),
    (["--country", "Narnia"], "/country"), (["--language", "fr"], "--language"),
])
def test_a_store_that_makes_no_sense_is_refused(app: Flask, options: list[str], named: str) -> None:
    status, output = run(app, "store", "create", "Souq", *options)
    assert status == 2
    assert named in output
    assert db.session.scalar(select(func.count()).select_from(Store)) == 0


def test_a_user_joins_stores(app: Flask) -> None:
    first, second = new_store(app), new_store(app)
    for store, role in ((first, "owner"), (second, "viewer"), (second, "editor")):
        status, output = run(app, "user", "create", "Me@Example.com", "--password", PASSWORD, "--store", str(store),
                             "--role", role)
        assert status == 0, output
    assert db.session.scalars(select(User.email)).all() == ["me@example.com"]
    roles = {row.store_id: row.role for row in db.session.scalars(select(Membership))}
    assert roles == {first: "owner", second: "editor"}


def test_addresses_that_differ_by_an_accent_are_two_people(app: Flask) -> None:
    mine, theirs = new_store(app), new_store(app)
    for email, store in (("jose@example.com", mine), ("josé@example.com", theirs)):
        assert run(app, "user", "create", email, "--password", PASSWORD, "--store", str(store))[0] == 0
    assert len(set(db.session.scalars(select(Membership.user_id)))) == 2


@pytest.mark.parametrize("words", [
    ("nobody", PASSWORD), ("a@b", PASSWORD), ("a@b.co", "short"),
])
def test_a_bad_user_is_refused(app: Flask, words: tuple[str, str]) -> None:
    store = new_store(app)
    assert run(app, "user", "create", words[0], "--password", words[1], "--store", str(store))[0] == 2
    assert run(app, "user", "create", "a@b.co", "--password", PASSWORD, "--store", str(uuid.uuid4()))[0] == 2
    assert run(app, "user", "create", "a@b.co", "--password", PASSWORD, "--store", "1")[0] == 2
    assert db.session.scalar(select(func.count()).select_from(User)) == 0


def test_refresh_counts_every_store_and_a_broken_segment_stops_no_other(app: Flask) -> None:
    stores = [new_store(app), new_store(app)]
    for number, store in enumerate(stores):
        scope = operator_scope(store)
        rules = read_rules({"logic": "AND"}, scope.catalogue)
        for name in ("good", "broken", "asleep"):
            create_segment(scope, Draft(f"{name} {number}", "", rules, is_active=name != "asleep"))
        db.session.add(Customer(store_id=store, number=1, id=uuid.uuid4(), version=1, external_id="1",
                                external_id_folded="1"))
        db.session.commit()
    for row in db.session.scalars(select(Segment).where(Segment.name.startswith("broken"))):
        row.rules = {"logic": "AND", "conditions": [{"field": "no such field", "operator": "equals", "value": 1}]}
    db.session.commit()
    status, output = run(app, "segments", "refresh")
    assert status == 1
    assert {row.name: row.cached_count for row in db.session.scalars(select(Segment))} == {
        "good 0": 1, "broken 0": 0, "asleep 0": 0, "good 1": 1, "broken 1": 0, "asleep 1": 0}
    assert "broken 0" in output
    assert run(app, "segments", "refresh", "--store", str(uuid.uuid4()))[0] == 2


def test_the_demo_is_made_once_and_signs_in(app: Flask) -> None:
    for _ in range(2):
        status, output = run(app, "demo", "--size", "300", "--today", "2026-03-10")
        assert status == 0, output
        assert db.session.scalar(select(func.count()).select_from(Store)) == 1
        assert db.session.scalar(select(func.count()).select_from(Customer)) == 300
    assert db.session.scalar(select(func.count()).select_from(Order)) > 500
    counts = {row.name: row.cached_count for row in db.session.scalars(select(Segment))}
    assert len(counts) >= 5
    assert sum(count > 0 for count in counts.values()) >= 5
    said = dict(line.split(maxsplit=1) for line in output.splitlines() if line.startswith(("  e-mail", "  password")))
    answer = app.test_client().post("/api/auth/token", json={"email": said["e-mail"], "password": said["password"]})
    assert answer.status_code == 200
