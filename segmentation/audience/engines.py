"""Which engine answers. Nothing above knows: it gets a `Snapshot`, one consistent state of the facts to ask.

A question is asked of the parts of a store's customers (`Snapshot.gather`) and put together by who asks: of all of them
on the primary, or of those unchanged since the replica was made there, and of the changed on the primary. Every
customer is in exactly one part and looks the same in it as on the primary, so the answer is exact. When the replica
fails the whole is asked of the primary, in the same snapshot.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from time import monotonic
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, CursorResult, TextualSelect, text

from segmentation import metrics
from segmentation.audience import duck, replicas
from segmentation.audience.duck import ReplicaFailed
from segmentation.audience.replicas import Source, State
from segmentation.database import reading
from segmentation.departures import HasLeft, departure
from segmentation.rules.dialects import DIALECTS, DUCKDB
from segmentation.rules.writing import SETS, Facts

Rows = Sequence[Sequence[Any]]
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Part:
    """Some of a store's customers: how a question about them is written, and what gives the rows of one."""

    facts: Facts
    run: Callable[[str, Mapping[str, Any]], Rows]


@dataclass
class Snapshot:
    """A connection inside one read transaction of the primary, and how the facts are read there."""

    connection: Connection
    facts: Facts
    end: float = field(default_factory=lambda: monotonic() + 3600)
    has_left: HasLeft | None = None
    _states: dict[uuid.UUID, State] = field(default_factory=dict)
    _sources: dict[uuid.UUID, Source | None] = field(default_factory=dict)
    _has_room: bool = False  # for sets of customers

    def version(self, store_id: uuid.UUID) -> int:
        """The store's data version."""
        return self._state(store_id).version

    def customers(self, store_id: uuid.UUID) -> int:
        """How many customers the store has at most."""
        return self._state(store_id).customers

    def is_divided(self, store_id: uuid.UUID) -> bool:
        """Whether there is more to ask than the primary."""
        return self._source(store_id) is not None

    def gather(self, store_id: uuid.UUID, ask: Callable[[Part], Answer]) -> list[Answer]:
        """The answers of the parts that the store's customers are in."""
        source = self._source(store_id)
        if source is not None:
            try:
                answers = [self._ask_replica(source, ask)]
            except ReplicaFailed as failure:
                replicas.distrust(source, failure)
                self._sources[store_id] = None
            else:
                metrics.told.labels("both" if source.changed else "replica").inc()
                return answers + ([ask(self._primary(source))] if source.changed else [])
        metrics.told.labels("primary").inc()
        return [ask(self._primary())]

    def ask_primary(
        self, written: str, values: Mapping[str, Any], columns: Sequence[ColumnElement[Any]] = (), **options: Any
    ) -> CursorResult[*tuple[Any, ...]]:
        """The rows of a statement on the primary; `columns` give their types, where these matter."""
        dialect = self.facts.dialect
        if dialect.before_sets and not self._has_room and written.startswith(SETS):
            self.connection.exec_driver_sql(dialect.before_sets)
            self._has_room = True
        if columns:
            return self.connection.execute(_typed(written, tuple(columns)), dict(values), execution_options=options)
        # Straight to the driver: a wide statement would take longer to parse than to write.
        return self.connection.exec_driver_sql(dialect.as_driver(written), dict(values), execution_options=options)

    def _ask_replica(self, source: Source, ask: Callable[[Part], Answer]) -> Answer:
        engine = replicas.engine()
        try:
            with engine.reading(source.path) as connection:
                return ask(Part(Facts(DUCKDB, but=source.changed), lambda text, values: duck.run(
                    connection, text, values, self.end, self.has_left)))
        except ReplicaFailed as failure:
            if failure.of_engine:
                duck.forget(engine)
            raise

    def _primary(self, source: Source | None = None) -> Part:
        facts = self.facts if source is None else replace(self.facts, only=source.changed)
        return Part(facts, lambda text, values: self.ask_primary(text, values).all())

    def _source(self, store_id: uuid.UUID) -> Source | None:
        if store_id not in self._sources:
            self._sources[store_id] = replicas.source(self.connection, store_id, self._state(store_id))
        return self._sources[store_id]

    def _state(self, store_id: uuid.UUID) -> State:
        if store_id not in self._states:
            self._states[store_id] = replicas.state(self.connection, store_id)
        return self._states[store_id]


@lru_cache(maxsize=64)
def _typed(written: str, columns: tuple[ColumnElement[Any], ...]) -> TextualSelect:
    return text(written).columns(*columns)


@contextmanager
def snapshot(seconds: float) -> Iterator[Snapshot]:
    """One consistent state of the facts; statements on it may take `seconds` in all. Raises errors.Unavailable."""
    with reading(seconds) as connection:
        yield Snapshot(connection, Facts(DIALECTS[connection.dialect.name]), monotonic() + seconds, departure())
