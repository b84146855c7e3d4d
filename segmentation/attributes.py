"""Custom attributes: declaring what else a store knows of its customers, and forgetting it again. These use cases
commit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select, update

from segmentation import limits
from segmentation.audience.scope import Scope
from segmentation.audit import record
from segmentation.database import writing
from segmentation.errors import Conflict, Invalid, NotFound, Problem
from segmentation.extensions import db
from segmentation.facts.versions import next_version
from segmentation.models import Attribute, Customer, CustomerAttribute
from segmentation.translations import Filled

_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")


def find_attributes(scope: Scope) -> Sequence[Attribute]:
    """The attributes that the store declared, by key."""
    return db.session.scalars(
        select(Attribute).where(Attribute.store_id == scope.store_id).order_by(Attribute.key)).all()


def declare_attribute(scope: Scope, key: str, label: str, kind: str) -> tuple[Attribute, bool]:
    """Declare an attribute, or change the label of a declared one; with it, whether it is new.

    Raises Invalid for a key that cannot be one, Conflict for another kind than before or when there are too many.
    """
    if not _KEY.fullmatch(key):
        message = "Use 1 to 64 small letters, digits and underscores, a letter first."
        raise Invalid("The attribute cannot have this key.", [Problem("/key", "invalid_key", message)])
    with writing() as session:
        next_version(session, scope.store_id)
        row = session.get(Attribute, (scope.store_id, key))
        is_new = row is None
        if row is None:
            _check_room(scope)
            row = Attribute(store_id=scope.store_id, key=key, label=label, kind=kind)
            session.add(row)
        elif row.kind != kind:
            message = Filled("The attribute holds values of kind {kind}. Remove it first.", kind=row.kind)
            raise Conflict(message, code="other_kind")
        row.label = label
        record(session, "attribute_declare", user_id=scope.user_id, store_id=scope.store_id, key=key, kind=kind)
    return row, is_new


def remove_attribute(scope: Scope, key: str) -> None:
    """Forget an attribute and all its values. Segments that ask about it become invalid. Raises NotFound."""
    if not _KEY.fullmatch(key):
        raise NotFound()
    with writing() as session:
        version = next_version(session, scope.store_id)
        row = session.get(Attribute, (scope.store_id, key))
        if row is None:
            raise NotFound()
        holders = select(CustomerAttribute.customer_number).where(
            CustomerAttribute.store_id == scope.store_id, CustomerAttribute.key == key)
        session.execute(update(Customer).where(Customer.store_id == scope.store_id, Customer.number.in_(holders))
                        .values(version=version).execution_options(synchronize_session=False))
        session.delete(row)  # the foreign key takes the values along
        record(session, "attribute_remove", user_id=scope.user_id, store_id=scope.store_id, key=key)


def _check_room(scope: Scope) -> None:
    if len(find_attributes(scope)) >= limits.ATTRIBUTES:
        message = Filled("A store has at most {most} attributes.", most=limits.ATTRIBUTES)
        raise Conflict(message, code="too_many_attributes")
