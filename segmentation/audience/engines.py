"""Which engine answers. Nothing above knows: it gets a `Snapshot`, one consistent state of the facts to read from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from segmentation.database import reading
from segmentation.models import Customer
from segmentation.rules.places import Facts

PRIMARY = Facts(customers=Customer.__table__)


@dataclass(frozen=True)
class Snapshot:
    """A connection inside one read transaction, and the selectables that hold the facts there."""

    connection: Connection
    facts: Facts


@contextmanager
def snapshot(seconds: float) -> Iterator[Snapshot]:
    """One consistent state of the facts; statements on it may take `seconds` in all. Raises errors.Unavailable."""
    with reading(seconds) as connection:
        yield Snapshot(connection, PRIMARY)
