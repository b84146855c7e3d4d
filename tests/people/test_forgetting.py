"""Rows that let nobody in any more are swept away, and no others."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select

from segmentation.accounts import add_user
from segmentation.database import writing
from segmentation.extensions import db
from segmentation.jobs import sweeping
from segmentation.models import ApiToken, AuditEvent, Invite, Session, SignInFailures, Store
from segmentation.models.types import new_id, utc_now
from tests.api.conftest import PASSWORD

DAY = timedelta(days=1)


@pytest.fixture
def user_id(app: Flask, store: Store) -> uuid.UUID:
    """An owner of the store, who has done something."""
    return add_user("owner@a.example", PASSWORD, store.id, "owner")


def test_what_lets_nobody_in_any_more_is_forgotten(user_id: uuid.UUID, store: Store) -> None:
    now, of_store = utc_now(), {"store_id": store.id, "user_id": user_id, "role": "viewer"}
    session = {"user_id": user_id, "refresh_id": new_id()}
    rows = {
        Session: [
            ("alive", {**session, "expires_at": now + DAY}),
            ("ended, and could be replayed", {**session, "expires_at": now + DAY, "revoked_at": now - 29 * DAY}),
            ("expired an hour ago", {**session, "expires_at": now - DAY / 24}),
            ("", {**session, "expires_at": now - 2 * DAY}),
            ("", {**session, "expires_at": now - 2 * DAY, "revoked_at": now - 20 * DAY})],
        Invite: [
            ("open", {**of_store, "expires_at": now + DAY}),
            ("used", {**of_store, "expires_at": now + DAY, "used_at": now - DAY}),
            ("", {**of_store, "expires_at": now - 2 * DAY, "used_at": now - 5 * DAY}),
            ("", {**of_store, "expires_at": now - 2 * DAY})],
        ApiToken: [
            ("good", {**of_store}), ("good for a year", {**of_store, "expires_at": now + 365 * DAY}),
            ("revoked", {**of_store, "revoked_at": now - DAY}),
            ("expired", {**of_store, "expires_at": now - 29 * DAY}),
            ("", {**of_store, "expires_at": now - 31 * DAY}),
            ("", {**of_store, "revoked_at": now - 31 * DAY, "expires_at": now + DAY})]}
    kept = {model: plant(model, of) for model, of in rows.items()}
    with writing() as transaction:
        transaction.execute(insert(SignInFailures).values([
            {"key": "counted", "failures": 3, "since": now}, {"key": "old", "failures": 9, "since": now - 2 * DAY}]))
    sweeping.sweep()
    for model, ids in kept.items():
        assert set(db.session.scalars(select(model.id))) == ids, model
    assert list(db.session.scalars(select(SignInFailures.key))) == ["counted"]
    assert db.session.scalars(select(AuditEvent.action)).all() == ["role_set"]


def plant(model: type[Session | Invite | ApiToken], rows: list[tuple[str, dict[str, object]]]) -> set[uuid.UUID]:
    """Make those rows; the ids of those that stay, which have a name."""
    kept = set()
    for name, values in rows:
        made = new_id()
        kept |= {made} if name else set()
        digest = {} if model is Session else {"digest": uuid.uuid4().hex}
        about = {"email": "x@example.com"} if model is Invite else {"name": name, "hint": "seg_"} if digest else {}
        with writing() as session:
            session.execute(insert(model).values(id=made, **values, **digest, **about))
    return kept


def test_a_sweep_that_finds_nothing_old_writes_nothing(
    user_id: uuid.UUID, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "writing", lambda: pytest.fail("it writes"))
    sweeping._forget_access()
