"""Creating stores and users, and giving roles. These use cases commit."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select, update

from segmentation import limits
from segmentation.audit import record
from segmentation.database import writing
from segmentation.errors import Invalid, NotFound, Problem
from segmentation.extensions import db
from segmentation.members import end_rights
from segmentation.models import Membership, Session, Store, User
from segmentation.models.accounts import ROLES
from segmentation.models.types import utc_now
from segmentation.passwords import hash_password
from segmentation.values import codes, emails


@dataclass(frozen=True)
class StoreDraft:
    """What a store is made of. `week_start`: Monday = 0, None for the country's own."""

    name: str
    timezone: str
    currency: str
    country: str | None
    week_start: int | None
    language: str
    counted_statuses: tuple[str, ...]


def create_store(draft: StoreDraft) -> uuid.UUID:
    """A new store's id. Raises Invalid with every problem."""
    problems = list(_faults(draft))
    if problems:
        raise Invalid("The store cannot be created.", problems)
    start = codes.first_week_day(draft.country) if draft.week_start is None else draft.week_start
    with writing() as session:
        store = Store(name=draft.name.strip(), timezone=draft.timezone, currency=draft.currency, week_start=start,
                      country=draft.country, language=draft.language,
                      counted_statuses=sorted({status.strip().lower() for status in draft.counted_statuses}))
        session.add(store)
        session.flush()
        record(session, "store_create", store_id=store.id)
        return store.id


def add_user(email: str, password: str, store_id: uuid.UUID, role: str) -> uuid.UUID:
    """Give a user a role in a store, creating the user if there is none of that address. Raises Invalid, NotFound."""
    address = emails.normalise(email)
    if address is None:
        raise Invalid("This is not an e-mail address.", [Problem("/email", "not_an_email", "Enter an e-mail address.")])
    if role not in ROLES:
        raise Invalid("There is no such role.")
    hashed = hash_password(password, address)
    with writing() as session:
        if session.get(Store, store_id) is None:
            raise NotFound(f"There is no store {store_id}.")
        user = session.scalar(select(User).where(User.email == address))
        if user is None:
            user = User(email=address, password_hash=hashed)
            session.add(user)
            session.flush()
        session.merge(Membership(store_id=store_id, user_id=user.id, role=role))
        end_rights(session, store_id, user.id, role)
        record(session, "role_set", store_id=store_id, member_id=str(user.id), role=role)
        return user.id


def _faults(draft: StoreDraft) -> list[Problem]:
    checks = (
        ("name", "bad_name", 0 < len(draft.name.strip()) <= limits.NAME_LENGTH,
         f"Enter a name of 1 to {limits.NAME_LENGTH} characters."),
        ("timezone", "unknown_timezone", codes.is_zone(draft.timezone),
         "Enter an IANA time zone, such as Asia/Riyadh."),
        ("currency", "unknown_currency", draft.currency in codes.currencies(), "Enter an ISO 4217 code, such as SAR."),
        ("country", "unknown_country", draft.country is None or draft.country in codes.countries(),
         "Enter an ISO 3166 code, such as SA."),
        ("counted_statuses", "required", bool(draft.counted_statuses), "Name at least one status."),
    )
    return [Problem(f"/{key}", code, message) for key, code, right, message in checks if not right]


def store_of(email: str) -> uuid.UUID | None:
    """The oldest store of the user of that address, if any."""
    query = (select(Membership.store_id).join(User, User.id == Membership.user_id)
             .where(User.email == emails.normalise(email)).order_by(Membership.created_at).limit(1))
    return db.session.scalar(query)


def set_password(email: str, password: str) -> None:
    """Give a user another password and end all their sign-ins. Raises Invalid, NotFound."""
    hashed = hash_password(password, email)
    with writing() as session:
        user = session.scalar(select(User).where(User.email == emails.normalise(email)))
        if user is None:
            raise NotFound(f"There is no user {email}.")
        user.password_hash = hashed
        session.execute(update(Session).where(Session.user_id == user.id, Session.revoked_at.is_(None))
                        .values(revoked_at=utc_now()))
        record(session, "password_set", user_id=user.id)
