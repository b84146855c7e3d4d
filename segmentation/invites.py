"""Inviting people by one-time links, and joining a store by one. These use cases commit.

The link holds 256 random bits, of which only a digest is kept: it is shown once, to the owner who made it, and nobody
can be told it again. A link that was used, has expired, was revoked or never was is one and the same to whoever opens
it.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session as Transaction

from segmentation import limits
from segmentation.audience.scope import Scope
from segmentation.audit import record
from segmentation.auth import Caller, check_password, open_session
from segmentation.database import writing
from segmentation.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from segmentation.extensions import db
from segmentation.facts.versions import lock_facts
from segmentation.models import Invite, Membership, Store, User
from segmentation.models.types import new_id, utc_now
from segmentation.owning import holding
from segmentation.passwords import hash_password
from segmentation.tokens import SignIn
from segmentation.translations import Filled
from segmentation.values import emails
from segmentation.walls import across, keep_to


@dataclass(frozen=True)
class Offer:
    """What an open link offers: the store and role, to whom; `has_account`: they have a password already."""

    id: uuid.UUID
    store_id: uuid.UUID
    store_name: str
    email: str
    role: str
    has_account: bool


def create_invite(scope: Scope, email: str, role: str) -> tuple[Invite, str]:
    """An invite and the secret of its link. An earlier one to the same address ends. Raises Invalid, Conflict."""
    address = emails.normalise(email)
    if address is None:
        raise Invalid("This is not an e-mail address.", [Problem("/email", "not_an_email", "Enter an e-mail address.")])
    secret, now = secrets.token_urlsafe(32), utc_now()
    with holding(scope) as session:
        _check_no_member(session, scope, address)
        session.execute(update(Invite).where(*_open(scope.store_id), Invite.email == address).values(revoked_at=now)
                        .execution_options(synchronize_session=False))
        _check_room(session, scope)
        row = Invite(id=new_id(), store_id=scope.store_id, user_id=scope.user_id, email=address, role=role,
                     digest=_digest(secret), created_at=now, expires_at=now + timedelta(days=limits.INVITE_DAYS))
        session.add(row)
        record(session, "invite_create", user_id=scope.user_id, store_id=scope.store_id, invite_id=str(row.id),
               role=role)
    return row, secret


def find_invites(scope: Scope) -> Sequence[Invite]:
    """The open invites, newest first."""
    return db.session.scalars(
        select(Invite).where(*_open(scope.store_id)).order_by(Invite.created_at.desc(), Invite.id.desc())).all()


def revoke_invite(scope: Scope, invite_id: uuid.UUID) -> None:
    """Have a link lead nowhere. Raises NotFound unless it is open."""
    with holding(scope) as session:
        row = session.scalar(select(Invite).where(*_open(scope.store_id), Invite.id == invite_id).with_for_update())
        if row is None:
            raise NotFound()
        row.revoked_at = utc_now()
        record(session, "invite_revoke", user_id=scope.user_id, store_id=scope.store_id, invite_id=str(invite_id))


def open_invite(secret: str) -> Offer:
    """What a link offers. Raises NotFound unless it is open."""
    digest = _digest(secret)
    with across("invite", digest):
        row = db.session.execute(
            select(Invite.id, Invite.store_id, Invite.email, Invite.role, User.id)
            .outerjoin(User, User.email == Invite.email).where(*_open(), Invite.digest == digest)).one_or_none()
    if row is None:
        raise _gone()
    identifier, store_id, email, role, user_id = row
    keep_to(store_id)
    name = db.session.execute(select(Store.name).where(Store.id == store_id)).scalar_one()
    return Offer(identifier, store_id, name, email, role, user_id is not None)


def join(secret: str, caller: Caller) -> Offer:
    """Join the store of a link as somebody who is signed in. Raises NotFound; Forbidden when it is for another."""
    offer = open_invite(secret)
    if caller.email != offer.email:
        raise _for_another()
    with writing() as session:
        _use(session, offer, caller.user_id)
    return offer


def join_with_password(secret: str, password: str, address: str, device: str = ""
                       ) -> tuple[Offer, SignIn]:
    """Join the store of a link with the password of the account it is for; for somebody who has none, the password
    makes one. The offer and the sign-in. Raises NotFound, NotSignedIn or TooMany as signing in does, Invalid for a new
    password that is too weak.
    """
    offer = open_invite(secret)
    user_id = check_password(offer.email, password, address) if offer.has_account else None
    hashed = "" if user_id else hash_password(password, offer.email)
    with writing() as session:
        if user_id is None:
            user_id = new_id()
            session.add(User(id=user_id, email=offer.email, password_hash=hashed))
            record(session, "user_create", user_id=user_id)
        _use(session, offer, user_id)
        return offer, open_session(session, user_id, device)


def _use(session: Transaction, offer: Offer, user_id: uuid.UUID) -> None:
    """Use the link up, if it is still open, and make the user a member; who is one already keeps their role."""
    lock_facts(session, offer.store_id)
    row = session.scalar(select(Invite).where(*_open(offer.store_id), Invite.id == offer.id).with_for_update())
    if row is None:
        raise _gone()
    row.used_at = utc_now()
    session.flush()
    if session.get(Membership, (offer.store_id, user_id)) is None:
        session.add(Membership(store_id=offer.store_id, user_id=user_id, role=offer.role))
    record(session, "invite_accept", user_id=user_id, store_id=offer.store_id, invite_id=str(offer.id),
           role=offer.role)


def _open(store_id: uuid.UUID | None = None) -> tuple[ColumnElement[bool], ...]:
    ours = (Invite.store_id == store_id,) if store_id else ()
    return (*ours, Invite.used_at.is_(None), Invite.revoked_at.is_(None), Invite.expires_at > utc_now())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _gone() -> NotFound:
    return NotFound("This invite is not good, or not any more. Ask for another.", code="invite_gone")


def _for_another() -> Forbidden:
    return Forbidden("This invite is for another e-mail address than the one you are signed in with.",
                     code="other_email")


def _check_no_member(session: Transaction, scope: Scope, email: str) -> None:
    found = (select(Membership.user_id).join(User, User.id == Membership.user_id)
             .where(Membership.store_id == scope.store_id, User.email == email))
    if session.execute(found).first() is not None:
        raise Conflict("Whoever has this address belongs to the store already.", code="already_member")


def _check_room(session: Transaction, scope: Scope) -> None:
    count = session.execute(select(func.count()).select_from(Invite).where(*_open(scope.store_id))).scalar_one()
    if count >= limits.INVITES:
        message = Filled("A store has at most {most} open invites. Revoke one.", most=limits.INVITES)
        raise Conflict(message, code="too_many_invites")
