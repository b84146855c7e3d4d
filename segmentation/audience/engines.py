"""Which engine answers. Nothing above knows: it gets a `Snapshot`, one consistent state of the facts to read from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from segmentation.database import reading
from segmentation.rules.dialects import DIALECTS
from segmentation.rules.writing import Facts


@dataclass(frozen=True)
class Snapshot:
    """A connection inside one read transaction, and how the facts are read there."""

    connection: Connection
    facts: Facts


@contextmanager
def snapshot(seconds: float) -> Iterator[Snapshot]:
    """One consistent state of the facts; statements on it may take `seconds` in all. Raises errors.Unavailable."""
    with reading(seconds) as connection:
        yield Snapshot(connection, Facts(DIALECTS[connection.dialect.name]))
