"""Who is calling: signing in and out, and the Scope of a caller in a store.

An access token is only a pointer to a row of `sessions`; that row, the user and the membership are read at every
request, so a sign-out, a deactivation or a changed role holds from the next request on, in every worker.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from flask import current_app
from sqlalchemy import and_, bindparam, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Transaction
from sqlalchemy.orm import joinedload

from segmentation import passwords, tokens
from segmentation.api_tokens import scope_of_token
from segmentation.audience.scope import Scope
from segmentation.audit import record
from segmentation.database import noting, writing
from segmentation.errors import NotFound, NotSignedIn, TooMany
from segmentation.extensions import db
from segmentation.models import Membership, Session, SignInFailures, Store, User
from segmentation.models.types import Identifier, Instant, new_id, utc_now
from segmentation.tokens import SignIn
from segmentation.values import emails
from segmentation.walls import across, keep_to

FAILURES = 10
FAILURE_WINDOW = timedelta(minutes=15)
SECONDS_BETWEEN_NOTES = 60
LOST_ANSWER = timedelta(seconds=30)


@dataclass(frozen=True)
class Caller:
    """A signed-in user."""

    session_id: uuid.UUID
    user_id: uuid.UUID
    email: str


def sign_in(email: str, password: str, address: str, device: str = "") -> SignIn:
    """A sign-in for the right password. Raises NotSignedIn (one answer for every reason) or TooMany."""
    user_id = check_password(email, password, address)
    with writing() as session:
        return open_session(session, user_id, device)


def check_password(email: str, password: str, address: str) -> uuid.UUID:
    """The user whose password that is. Raises NotSignedIn (one answer for every reason) or TooMany.

    The attempt is counted before the password is looked at, so that many at once are no way around the limit; the
    right password forgets them.
    """
    account = emails.normalise(email)
    key = hashlib.sha256(f"{account or email}|{address}".encode()).hexdigest()
    with writing() as session:
        _count_attempt(session, key)
    user = db.session.scalar(select(User).where(User.email == account))
    user_id, right = user.id if user else None, passwords.matches(user.password_hash if user else None, password)
    if user is not None and user.is_active and right:
        with writing() as session:
            session.execute(delete(SignInFailures).where(SignInFailures.key == key))
        return user.id
    with writing() as session:
        record(session, "sign_in_failed", user_id=user_id)
    raise NotSignedIn("The e-mail or the password is wrong.", code="wrong_credentials")


def open_session(session: Transaction, user_id: uuid.UUID, device: str = "") -> SignIn:
    """A sign-in of a user who has shown that they are one, with a coarse word for what with."""
    expires = utc_now() + timedelta(seconds=current_app.config["REFRESH_TOKEN_SECONDS"])
    made = SignIn(new_id(), user_id, new_id(), expires)
    session.add(Session(id=made.id, user_id=user_id, refresh_id=made.refresh_id, device=device,
                        expires_at=expires))
    record(session, "sign_in", user_id=user_id)
    return made


def refresh() -> SignIn:
    """The sign-in of the request's refresh token, which is then used up. A used one ends the whole sign-in.

    But the last used one gives the same again for half a minute: whoever asks may not have got the answer.
    """
    claims = tokens.bearer("refresh")
    with writing() as session:
        row = session.get(Session, uuid.UUID(claims["sid"]), with_for_update=True)
        alive = row is not None and row.revoked_at is None and row.expires_at > utc_now()
        user = session.get(User, row.user_id) if row is not None and alive else None
        if row is not None and user is not None and user.is_active and str(row.refresh_id) == claims["jti"]:
            row.previous_refresh_id, row.refresh_id, row.refreshed_at = row.refresh_id, new_id(), utc_now()
            record(session, "token_refresh", user_id=user.id)
            return SignIn(row.id, row.user_id, row.refresh_id, row.expires_at)
        if row is not None and user is not None and user.is_active and _answer_was_lost(row, claims["jti"]):
            return SignIn(row.id, row.user_id, row.refresh_id, row.expires_at)
        if row is not None and alive:
            row.revoked_at = utc_now()
            record(session, "token_reuse", user_id=row.user_id)
    raise NotSignedIn()


def sign_out(caller: Caller) -> None:
    """End the caller's sign-in: its access and refresh tokens stop working."""
    with writing() as session:
        row = session.get(Session, caller.session_id)
        if row is not None:
            row.revoked_at = utc_now()
        record(session, "sign_out", user_id=caller.user_id)


def session_of_token() -> uuid.UUID:
    """The sign-in that the request's access token points to. Raises NotSignedIn; whether it still counts is in the
    database.
    """
    return uuid.UUID(tokens.bearer("access")["sid"])


def bearer() -> Callable[[str], Scope]:
    """Gives the scope of the request's bearer in a store, by its id. Raises NotSignedIn at once; NotFound, called with
    any store that is not theirs.
    """
    secret = tokens.api_secret()
    if secret is None:
        return partial(scope_of, session_of_token())
    scope = scope_of_token(secret)

    def only_its_own(store_id: str) -> Scope:
        if _identifier(store_id) != scope.store_id:
            raise NotFound()
        return scope

    return only_its_own


def stores_of_bearer() -> list[tuple[Store, str]]:
    """The stores that the request's bearer reaches, and the role in each: one for an API token. Raises NotSignedIn."""
    secret = tokens.api_secret()
    if secret is None:
        return memberships(authenticate())
    scope = scope_of_token(secret)
    return [(db.session.get_one(Store, scope.store_id), scope.role)]


def authenticate() -> Caller:
    """The caller behind the request's access token. Raises NotSignedIn."""
    return caller_of(session_of_token())


def caller_of(session_id: uuid.UUID) -> Caller:
    """The user of that sign-in. Raises NotSignedIn."""
    caller, _store, _role = _look_up(session_id, None)
    return caller


def scope_of(session_id: uuid.UUID, store_id: str) -> Scope:
    """The scope of that sign-in in that store. Raises NotSignedIn; NotFound for any store that is not theirs."""
    identifier = _identifier(store_id)
    keep_to(identifier)
    caller, store, role = _look_up(session_id, identifier)
    if store is None or role is None:
        keep_to(None)
        raise NotFound()
    return Scope.of(store, role, caller.user_id)


def operator_scope(store_id: uuid.UUID) -> Scope:
    """The scope of the operator, who has the database itself. Raises NotFound. For commands, never for requests."""
    keep_to(store_id)
    store = db.session.get(Store, store_id)
    if store is None:
        raise NotFound(f"There is no store {store_id}.")
    return Scope.of(store, "owner", None)


def memberships(caller: Caller) -> list[tuple[Store, str]]:
    """The caller's stores and their role in each."""
    query = (
        select(Store, Membership.role)
        .join(Membership, Membership.store_id == Store.id)
        .where(Membership.user_id == caller.user_id)
        .order_by(Store.created_at)
    )
    with across("member", caller.user_id):
        found = [(store, role) for store, role in db.session.execute(query)]
    for store, _role in found:
        db.session.expunge(store)  # stores but the request's own cannot be read again
    return found


_LOOK_UP = (
    select(User.id, User.email, Session.last_seen_at, Membership.role, Store)
    .join(Session, Session.user_id == User.id)
    .outerjoin(
        Membership, and_(Membership.user_id == User.id, Membership.store_id == bindparam("store_id", type_=Identifier))
    )
    .outerjoin(Store, Store.id == Membership.store_id)
    .options(joinedload(Store.attributes))
    .where(
        Session.id == bindparam("session_id", type_=Identifier),
        Session.revoked_at.is_(None),
        Session.expires_at > bindparam("now", type_=Instant),
        User.is_active,
    )
)


def _answer_was_lost(row: Session, refresh_id: str) -> bool:
    return (str(row.previous_refresh_id) == refresh_id and row.refreshed_at is not None
            and utc_now() <= row.refreshed_at + LOST_ANSWER)


def _identifier(written: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(written) if len(written) == 36 else None
    except ValueError:
        return None


def _look_up(session_id: uuid.UUID, store_id: uuid.UUID | None) -> tuple[Caller, Store | None, str | None]:
    now = utc_now()
    bound = {"session_id": session_id, "store_id": store_id, "now": now}
    row = db.session.execute(_LOOK_UP, bound).unique().one_or_none()
    if row is None:
        raise NotSignedIn()
    before = now - timedelta(seconds=SECONDS_BETWEEN_NOTES)
    if row.last_seen_at is None or row.last_seen_at <= before:
        noting(update(Session).values(last_seen_at=now).where(
            Session.id == session_id, or_(Session.last_seen_at.is_(None), Session.last_seen_at <= before)))
    return Caller(session_id, row.id, row.email), row.Store, row.role


def _count_attempt(session: Transaction, key: str) -> None:
    try:
        with session.begin_nested():
            session.add(SignInFailures(key=key, failures=0, since=utc_now()))
    except IntegrityError:
        pass  # there is a row already, perhaps since a moment ago
    row = session.get(SignInFailures, key, with_for_update=True, populate_existing=True)
    if row is None:
        return  # forgotten since a moment ago, by the right password
    end = row.since + FAILURE_WINDOW
    if utc_now() >= end:
        row.failures, row.since = 0, utc_now()
    elif row.failures >= FAILURES:
        raise TooMany(headers={"Retry-After": str(int((end - utc_now()).total_seconds()) + 1)})
    row.failures += 1
