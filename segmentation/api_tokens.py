"""API tokens: a program's way into one store, with one role, for as long as the owner who made it has that role.

A token holds 256 random bits behind a prefix by which it is known wherever it turns up; only a digest is kept. It acts
in its maker's name, and ends for good when they leave the store or get a role below its own. It may do what its role
may, but for saying who belongs to the store and by what means: no members, invites or tokens. These use cases commit.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session as Transaction
from sqlalchemy.orm import joinedload

from segmentation import limits
from segmentation.audience.scope import Scope
from segmentation.audit import record
from segmentation.database import noting
from segmentation.errors import Conflict, NotFound, NotSignedIn
from segmentation.extensions import db
from segmentation.models import ApiToken, Membership, Store, User
from segmentation.models.accounts import ROLES
from segmentation.models.types import new_id, utc_now
from segmentation.owning import holding
from segmentation.tokens import API_PREFIX
from segmentation.translations import Filled
from segmentation.walls import across, keep_to

HINT = 9  # characters
SECONDS_BETWEEN_NOTES = 60


def create_token(scope: Scope, name: str, role: str, days: int | None) -> tuple[ApiToken, str]:
    """A token, good for that many days (None: until it is revoked), and its secret. Raises Conflict."""
    secret, now = API_PREFIX + secrets.token_urlsafe(32), utc_now()
    with holding(scope) as session:
        if scope.user_id is None:
            raise NotFound()  # somebody has to answer for it
        scope.require(role)
        _check_room(session, scope, name)
        row = ApiToken(store_id=scope.store_id, id=new_id(), user_id=scope.user_id, name=name, role=role,
                       digest=_digest(secret), hint=secret[:HINT], created_at=now,
                       expires_at=now + timedelta(days=days) if days else None)
        session.add(row)
        record(session, "token_create", user_id=scope.user_id, store_id=scope.store_id, api_token_id=str(row.id),
               role=role, days=days)
    return row, secret


def find_tokens(scope: Scope) -> Sequence[ApiToken]:
    """The tokens that are good, newest first."""
    return db.session.scalars(
        select(ApiToken).where(ApiToken.store_id == scope.store_id, *_good(utc_now()))
        .order_by(ApiToken.created_at.desc(), ApiToken.id.desc())).all()


def revoke_token(scope: Scope, token_id: uuid.UUID) -> None:
    """End a token at once. Raises NotFound unless it is good."""
    with holding(scope) as session:
        row = session.scalar(select(ApiToken).where(
            ApiToken.store_id == scope.store_id, ApiToken.id == token_id, *_good(utc_now())).with_for_update())
        if row is None:
            raise NotFound()
        row.revoked_at = utc_now()
        record(session, "token_revoke", user_id=scope.user_id, store_id=scope.store_id, api_token_id=str(token_id))


def scope_of_token(secret: str) -> Scope:
    """The scope that a token is good for. Raises NotSignedIn. When it was used is noted about once a minute."""
    now, digest = utc_now(), _digest(secret)
    with across("token", digest):
        token = db.session.scalar(
            select(ApiToken).join(User, User.id == ApiToken.user_id)
            .where(ApiToken.digest == digest, User.is_active, *_good(now)))
    if token is None:
        raise NotSignedIn()
    keep_to(token.store_id)
    store, role = db.session.execute(
        select(Store, Membership.role).join(Membership, Membership.store_id == Store.id)
        .where(Store.id == token.store_id, Membership.user_id == token.user_id)
        .options(joinedload(Store.attributes))).unique().one_or_none() or (None, None)
    if store is None or role is None or ROLES.index(role) < ROLES.index(token.role):
        raise NotSignedIn()
    _note_use(token, now)
    return replace(Scope.of(store, token.role, token.user_id), token_id=token.id)


def _note_use(token: ApiToken, now: datetime) -> None:
    before = now - timedelta(seconds=SECONDS_BETWEEN_NOTES)
    if token.last_used_at is None or token.last_used_at <= before:
        noting(update(ApiToken).values(last_used_at=now).where(
            ApiToken.store_id == token.store_id, ApiToken.id == token.id,
            or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= before)))


def _good(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return ApiToken.revoked_at.is_(None), or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _check_room(session: Transaction, scope: Scope, name: str) -> None:
    good = (ApiToken.store_id == scope.store_id, *_good(utc_now()))
    if session.execute(select(ApiToken.id).where(*good, ApiToken.name == name)).first() is not None:
        raise Conflict("There is a token of this name already.", code="name_taken")
    if session.execute(select(func.count()).select_from(ApiToken).where(*good)).scalar_one() >= limits.API_TOKENS:
        raise Conflict(Filled("A store has at most {most} tokens. Revoke one.", most=limits.API_TOKENS),
                       code="too_many_tokens")
