"""Replicas: where their files lie, which one may be read, and which customers have changed since it was made.

A replica holds one store's facts as of one data version and never changes. For the customers that have not changed
since it answers exactly as the primary does; those that have are asked about on the primary. Files lie in
`<directory>/<store>/<version>-<token>.duckdb`.
"""

from __future__ import annotations

import logging
import uuid
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from flask import current_app
from sqlalchemy import Connection, bindparam, select, union_all

from segmentation.audience.columnar import layout
from segmentation.audience.duck import Duck, ReplicaFailed, duck
from segmentation.models import Customer, Replica, Store, Tombstone
from segmentation.models.types import Identifier
from segmentation.rules.dialects import Numbers

MOST_CHANGED = 20_000  # or a twentieth of all customers: with more, the primary alone is as fast
MOST_SHARE = 0.05
_KEPT = 16
# Written once: it is asked with every question, and takes longer to write than to answer.
_STATE = (
    select(Store.data_version, Store.last_customer_number,
           Replica.version, Replica.token, Replica.layout, Replica.customers)
    .outerjoin(Replica, Replica.store_id == Store.id)
    .where(Store.id == bindparam("store_id", type_=Identifier)))
_changed: OrderedDict[tuple[str, int], Numbers | None] = OrderedDict()
_broken: OrderedDict[str, None] = OrderedDict()
_lock = Lock()
log = logging.getLogger("segmentation.replicas")


@dataclass(frozen=True)
class Source:
    """A replica that may be read: its file, its token, and the customers to ask the primary about."""

    path: Path
    token: str
    changed: Numbers


class _Row(NamedTuple):
    version: int
    token: str
    layout: str
    customers: int


@dataclass(frozen=True)
class State:
    """What one snapshot of the primary says of a store: its data version, how many customers it has had, and the row of
    its replica, if it has one.
    """

    version: int
    customers: int
    replica: _Row | None


def directory() -> Path | None:
    """Where the replicas lie; None when there are to be none."""
    found: Path | None = current_app.config["REPLICA"]
    return found


def engine() -> Duck:
    """What reads them in this process."""
    config = current_app.config
    return duck(config["REPLICA_THREADS"], config["REPLICA_MEMORY"], config["REPLICA"])


def path_of(root: Path, store_id: uuid.UUID, version: int, token: str) -> Path:
    """The file of a replica."""
    return root / str(store_id) / f"{version}-{token}.duckdb"


def state(connection: Connection, store_id: uuid.UUID) -> State:
    """The store's state in the connection's snapshot."""
    row = connection.execute(_STATE, {"store_id": store_id}).one()
    return State(row[0], row[1], None if row[2] is None else _Row(row[2], row[3], row[4], row[5]))


def source(connection: Connection, store_id: uuid.UUID, found: State) -> Source | None:
    """The replica to read in the connection's snapshot; None when the primary had better answer alone."""
    root = directory()
    if root is None or found.replica is None:
        return None
    version, token, made_as, customers = found.replica
    if made_as != layout() or version > found.version or token in _broken:
        return None
    changed = _changed_since(connection, store_id, version, found.version, token, customers)
    return None if changed is None else Source(path_of(root, store_id, version, token), token, changed)


def distrust(source: Source, failure: ReplicaFailed) -> None:
    """Log that a replica failed; one that cannot be read is not tried again, and removed so that another is made."""
    log.warning("a replica could not answer; the primary did", extra={"fields": {
        "file": str(source.path), "reason": str(failure)}})
    if not failure.unreadable:
        return
    with _lock:
        _broken[source.token] = None
        while len(_broken) > 1_000:
            _broken.popitem(last=False)
    with suppress(OSError):
        source.path.unlink(missing_ok=True)


def changed_numbers(connection: Connection, store_id: uuid.UUID, since: int, most: int) -> list[int]:
    """The customers changed or erased since a data version, at most so many."""
    parts = (select(Customer.number).where(Customer.store_id == store_id, Customer.version > since).limit(most),
             select(Tombstone.customer_number).where(Tombstone.store_id == store_id, Tombstone.version > since)
             .limit(most))
    # Each is limited by itself, which SQLite wants in a select of its own.
    numbers = union_all(*(select(part.subquery()) for part in parts))
    return list(connection.execute(numbers).scalars())[:most]


def most_changed(customers: int) -> int:
    """With how many changed customers a replica is still worth asking."""
    return max(MOST_CHANGED, int(customers * MOST_SHARE))


def _changed_since(connection: Connection, store_id: uuid.UUID, since: int, version: int, token: str,
                   customers: int) -> Numbers | None:
    """The changed customers; None when they are too many. Between two data versions they are always the same."""
    if version == since:
        return Numbers()
    key, most = (token, version), most_changed(customers)
    with _lock:
        if key in _changed:
            _changed.move_to_end(key)
            return _changed[key]
    numbers = changed_numbers(connection, store_id, since, most + 1)
    found = Numbers(sorted(numbers)) if len(numbers) <= most else None
    with _lock:
        _changed[key] = found
        while len(_changed) > _KEPT:
            _changed.popitem(last=False)
    return found
