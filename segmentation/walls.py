"""The second wall between stores, on PostgreSQL: which store's rows the running transaction is let see and write.

The policies of the tables (see the migration `walls`) compare `store_id` with a setting that ends with its
transaction, so it cannot be there for whoever has the connection next; a transaction for which nothing was said sees no
store at all. It is said before the first statement that needs it, and again when it has changed meanwhile. The policies
bind every role but the tables' owner: whoever connects as the owner has the first wall only, the conditions of our own
statements. SQLite has none of this.

`keep_to` names the store for what an application context (a request, a command, a job) does from then on. `across`
lets it see more for one purpose only, and only in the few tables that this purpose's policies name.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

from flask import g, has_app_context
from sqlalchemy import Connection, Engine, event, text

# member: the memberships of the user whose id is the key, and their stores. invite, token: the one whose digest is the
# key. jobs: the rows of jobs, to take and take back. sweep: what is due in which store, old invites and tokens.
Purpose = Literal["member", "invite", "token", "jobs", "sweep"]
_TOLD = "segmentation_sight"
_SET = text("SELECT set_config('segmentation.store_id', :store, true),"
            " set_config('segmentation.across', :across, true),"
            " set_config('segmentation.key', :key, true)")


class Sight(NamedTuple):
    """What may be seen: a store, and what a purpose opens of others."""

    store: str = ""
    across: str = ""
    key: str = ""


NOTHING = Sight()


def keep_to(store_id: uuid.UUID | None) -> None:
    """From now on the context is let see this store only; with None, none."""
    g.sight = _sight()._replace(store=str(store_id or ""))


@contextmanager
def across(purpose: Purpose, key: uuid.UUID | str = "") -> Iterator[None]:
    """Inside the block the context may see what that purpose needs of all stores, or what its key opens."""
    _store, *before = _sight()
    g.sight = _sight()._replace(across=purpose, key=str(key))
    try:
        yield
    finally:
        g.sight = Sight(_sight().store, *before)


def _sight() -> Sight:
    sight: Sight = g.get("sight", NOTHING)
    return sight


@event.listens_for(Engine, "begin")
def _nothing_is_told(connection: Connection) -> None:
    connection.info.pop(_TOLD, None)


@event.listens_for(Engine, "rollback_savepoint")
def _perhaps_untold(connection: Connection, _name: str, _context: None) -> None:
    if not connection.invalidated:
        connection.info[_TOLD] = None  # a savepoint takes along what was said after it


@event.listens_for(Engine, "before_cursor_execute")
def _tell(connection: Connection, _cursor: Any, statement: str, *_about: Any) -> None:
    if connection.dialect.name != "postgresql" or not has_app_context() or statement.startswith("ROLLBACK"):
        return
    sight = _sight()
    if connection.info.get(_TOLD, NOTHING) != sight:
        connection.info[_TOLD] = sight  # first, because what tells it is a statement too
        connection.execute(_SET, sight._asdict())
