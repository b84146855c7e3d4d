"""Scope: which store somebody may read and change, and as what. No customer or segment is reached without one.

A Scope is made by `auth.scope_of`, which checks the membership in the database at each request, or by
`auth.operator_scope` for the operator at the command line.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from segmentation.errors import Forbidden
from segmentation.models import Store
from segmentation.models.accounts import ROLES
from segmentation.rules.fields import Catalogue, DeclaredAttribute, StoreSettings, catalogue
from segmentation.values.codes import ORDER_STATUSES


@dataclass(frozen=True)
class Scope:
    """One caller in one store. `user_id` is None for the operator. `token_id`: the API token that acts in their place.
    `settings_version` tells of which settings `settings` is.
    """

    store_id: uuid.UUID
    settings: StoreSettings
    language: str
    role: str
    user_id: uuid.UUID | None
    token_id: uuid.UUID | None = None
    settings_version: int = 1

    @classmethod
    def of(cls, store: Store, role: str, user_id: uuid.UUID | None) -> Scope:
        """The scope of a caller with that role in that store."""
        statuses = dict.fromkeys((*store.counted_statuses, *ORDER_STATUSES, *store.seen_statuses))
        attributes = tuple(DeclaredAttribute(each.key, each.label, each.kind) for each in store.attributes)
        settings = StoreSettings(
            ZoneInfo(store.timezone), store.week_start, store.currency, store.country, tuple(statuses), attributes)
        return cls(store.id, settings, store.language, role, user_id, settings_version=store.settings_version)

    @property
    def catalogue(self) -> Catalogue:
        """What can be asked about this store's customers."""
        return catalogue(self.settings)

    def with_role(self, role: str) -> Scope:
        """The same caller with another role."""
        return replace(self, role=role)

    def require(self, role: str) -> None:
        """Raise Forbidden unless the caller's role is at least `role`."""
        if ROLES.index(self.role) < ROLES.index(role):
            raise Forbidden()

    def require_person(self) -> None:
        """Raise Forbidden for an API token: who belongs to a store, and by what means, only people say."""
        if self.token_id is not None:
            raise Forbidden("An API token may not do this. Sign in.", code="person_needed")
