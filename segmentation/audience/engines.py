"""Which engine answers. Nothing above knows: it gets a `Snapshot`, one consistent state of the facts to ask.

A question is asked of the parts that a store's customers are in (`Snapshot.gather`) and put together by who asks. So
far there is one part: all of them, on the primary.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, bindparam, select

from segmentation.database import reading
from segmentation.departures import HasLeft, departure
from segmentation.models import Store
from segmentation.rules.dialects import DIALECTS
from segmentation.rules.writing import Facts

Rows = Sequence[Sequence[Any]]
Answer = TypeVar("Answer")
_STATE = select(Store.data_version, Store.last_customer_number).where(Store.id == bindparam("store_id"))


@dataclass(frozen=True)
class Part:
    """Some of a store's customers: how a question about them is written, and what gives the rows of one."""

    facts: Facts
    run: Callable[[str, Mapping[str, Any]], Rows]


class _State(NamedTuple):
    version: int
    customers: int


@dataclass
class Snapshot:
    """A connection inside one read transaction of the primary, and how the facts are read there."""

    connection: Connection
    facts: Facts
    end: float = field(default_factory=lambda: monotonic() + 3600)
    has_left: HasLeft | None = None
    _states: dict[uuid.UUID, _State] = field(default_factory=dict)

    def version(self, store_id: uuid.UUID) -> int:
        """The store's data version."""
        return self._state(store_id).version

    def customers(self, store_id: uuid.UUID) -> int:
        """How many customers the store has at most."""
        return self._state(store_id).customers

    def gather(self, store_id: uuid.UUID, ask: Callable[[Part], Answer]) -> list[Answer]:
        """The answers of the parts that the store's customers are in."""
        driver = self.facts.dialect.as_driver
        return [ask(Part(self.facts, lambda text, values: self.connection.exec_driver_sql(
            driver(text), dict(values)).all()))]

    def _state(self, store_id: uuid.UUID) -> _State:
        if store_id not in self._states:
            self._states[store_id] = _State(*self.connection.execute(_STATE, {"store_id": store_id}).one())
        return self._states[store_id]


@contextmanager
def snapshot(seconds: float) -> Iterator[Snapshot]:
    """One consistent state of the facts; statements on it may take `seconds` in all. Raises errors.Unavailable."""
    with reading(seconds) as connection:
        yield Snapshot(connection, Facts(DIALECTS[connection.dialect.name]), monotonic() + seconds, departure())
