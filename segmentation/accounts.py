"""Creating stores and users, and giving roles. These use cases commit."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as Transaction

from segmentation import limits
from segmentation.audit import record
from segmentation.database import writing
from segmentation.errors import Conflict, Invalid, NotFound, Problem
from segmentation.extensions import db
from segmentation.facts import readers
from segmentation.members import end_rights
from segmentation.models import Membership, Session, Store, User
from segmentation.models.accounts import ROLES
from segmentation.models.types import new_id, utc_now
from segmentation.passwords import hash_password
from segmentation.repeats import ANY_TIME, AnyTime
from segmentation.rules.kinds import Fault
from segmentation.translations import LANGUAGES, Filled
from segmentation.values import codes, emails
from segmentation.values.text import has_control_characters
from segmentation.walls import across, keep_to


@dataclass(frozen=True)
class StoreDraft:
    """What a store is made of. `week_start`: Monday = 0, None for the country's own; see `check`."""

    name: str
    timezone: str
    currency: str
    country: str | None
    week_start: int | None
    language: str
    counted_statuses: Sequence[str]


def create_store(draft: StoreDraft, owner_id: uuid.UUID | None = None, once: AnyTime = ANY_TIME) -> uuid.UUID:
    """A new store's id; `owner_id` owns it, or, made by the operator, nobody yet. Raises Invalid with every problem,
    Conflict for somebody who owns as many as may be.
    """
    store_id = new_id()
    keep_to(store_id)
    with writing() as session:
        with across("member", owner_id or ""):
            once.begin(session)
            if owner_id is not None:
                _check_room(session, owner_id)
        store = Store(id=store_id, **vars(check(draft)))
        session.add(store)
        session.flush()
        if owner_id is not None:
            session.add(Membership(store_id=store_id, user_id=owner_id, role="owner"))
        record(session, "store_create", user_id=owner_id, store_id=store_id)
        once.end(session, store)
    return store_id


def _check_room(session: Transaction, user_id: uuid.UUID) -> None:
    session.get_one(User, user_id, with_for_update=True)  # two at once must not both take the last place
    owned = select(func.count()).select_from(Membership).where(
        Membership.user_id == user_id, Membership.role == "owner")
    if session.execute(owned).scalar_one() >= limits.STORES:
        raise Conflict(Filled("One person owns at most {most} stores.", most=limits.STORES), code="too_many_stores")


def check(draft: StoreDraft) -> StoreDraft:
    """The draft as it is stored: trimmed, statuses spelled as orders have them. Raises Invalid with every problem."""
    try:
        statuses = sorted({status for status in map(readers.status, draft.counted_statuses) if status})
    except Fault as fault:
        raise _refused([Problem("/counted_statuses", fault.code, fault.message)]) from fault
    start = codes.first_week_day(draft.country) if draft.week_start is None else draft.week_start
    whole = replace(draft, name=draft.name.strip(), week_start=start, counted_statuses=statuses)
    problems = _faults(whole)
    if problems:
        raise _refused(problems)
    return whole


def _refused(problems: Sequence[Problem]) -> Invalid:
    return Invalid("A store cannot be like that.", problems)


def add_user(email: str, password: str, store_id: uuid.UUID, role: str) -> uuid.UUID:
    """Give a user a role in a store, creating the user if there is none of that address. Raises Invalid, NotFound."""
    address = emails.normalise(email)
    if address is None:
        raise Invalid("This is not an e-mail address.", [Problem("/email", "not_an_email", "Enter an e-mail address.")])
    if role not in ROLES:
        raise Invalid("There is no such role.")
    hashed = hash_password(password, address)
    keep_to(store_id)
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
    named = 0 < len(draft.name) <= limits.NAME_LENGTH and not has_control_characters(draft.name)
    checks = (
        (named, Problem(
            "/name", "bad_name", Filled("Enter a name of 1 to {most} characters.", most=limits.NAME_LENGTH))),
        (codes.is_zone(draft.timezone), Problem(
            "/timezone", "unknown_timezone", "Enter an IANA time zone, such as Asia/Riyadh.")),
        (draft.currency in codes.currencies(), Problem(
            "/currency", "unknown_currency", "Enter an ISO 4217 code, such as SAR.")),
        (draft.country is None or draft.country in codes.countries(), Problem(
            "/country", "unknown_country", "Enter an ISO 3166 code, such as SA.")),
        (draft.week_start in range(7), Problem(
            "/week_start", "unknown_day", "Give the day as 0 (Monday) to 6 (Sunday).")),
        (draft.language in LANGUAGES, Problem("/language", "unknown_language", "Choose one of the languages.")),
        (bool(draft.counted_statuses), Problem("/counted_statuses", "required", "Name at least one status.")),
        (len(draft.counted_statuses) <= limits.COUNTED_STATUSES, Problem(
            "/counted_statuses", "too_many", Filled("Name at most {most} statuses.", most=limits.COUNTED_STATUSES))),
    )
    return [problem for right, problem in checks if not right]


def store_of(email: str) -> uuid.UUID | None:
    """The oldest store of the user of that address, if any."""
    user_id = db.session.scalar(select(User.id).where(User.email == emails.normalise(email)))
    if user_id is None:
        return None
    with across("member", user_id):
        return db.session.scalar(select(Membership.store_id).where(Membership.user_id == user_id)
                                 .order_by(Membership.created_at).limit(1))


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
