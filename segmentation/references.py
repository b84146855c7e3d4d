"""Rules as they are stored: read again before every use, together with the segments that they refer to.

A segment whose rules no longer fit (a field, an attribute or a segment they speak of is gone) is invalid: it says why,
and so does every segment that refers to it; nothing else is touched.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from segmentation import json, limits
from segmentation.audience.scope import Scope
from segmentation.errors import Problem
from segmentation.models import Segment
from segmentation.rules.fields import StoreSettings
from segmentation.rules.kinds import Fault
from segmentation.rules.reading import RulesError, read_rules
from segmentation.rules.references import too_deep
from segmentation.rules.tree import Group, Reference, reference_depth, references_of
from segmentation.rules.wire import referred_ids
from segmentation.translations import ARROW, Filled, Listing

MOST, LARGEST = 1_000, 4_000  # trees that are kept, and characters of the rules of each
_read: OrderedDict[tuple[StoreSettings, bytes], Group] = OrderedDict()
_lock = Lock()


class _TooDeep(Exception):
    """References go on and on; whatever they started from is invalid, so nothing between needs to be looked at."""


class StoredSegments:
    """The segments of a store, as rules refer to them. Lives as long as one answer, so each is read once."""

    def __init__(self, scope: Scope, session: Session) -> None:
        self._scope = scope
        self._session = session
        self._trees: dict[uuid.UUID, Group] = {}
        self._failed: dict[uuid.UUID, list[Problem]] = {}
        self._path: list[Segment] = []

    def tree(self, row: Segment) -> Group:
        """The rules of a segment. Raises RulesError when they no longer fit."""
        if row.id in self._failed:
            raise RulesError(self._failed[row.id])
        if row.id not in self._trees:
            try:
                self._trees[row.id] = self._known(row) or self._learn(row)
            except RulesError as error:
                self._failed[row.id] = error.problems
                raise
        return self._trees[row.id]

    def check(self, raw: Any, row: Segment | None, path: str = "/rules") -> Group:
        """The tree of `raw` as the rules of `row` (None: of a new segment). Raises RulesError."""
        outermost = not self._path
        self._path += [row] if row else []
        try:
            return read_rules(raw, self._scope.catalogue, path, self)
        except _TooDeep:
            if not outermost:
                raise
            raise RulesError([too_deep(path)]) from None
        finally:
            del self._path[len(self._path) - bool(row):]

    def problems(self, row: Segment) -> list[Problem]:
        """Why a segment is invalid; nothing when it is not."""
        try:
            self.tree(row)
        except RulesError as error:
            return error.problems
        return []

    def find(self, segment_id: uuid.UUID) -> Reference:
        """The segment that a condition refers to. Raises Fault when it is gone, invalid, or leads back."""
        row = self._row(segment_id)
        if row is None:
            raise Fault("unknown_segment", "There is no such segment.")
        if row in self._path:
            names = Listing([each.name for each in (*self._path[self._path.index(row):], row)], ARROW)
            raise Fault("cycle", Filled("Segments may not refer to themselves: {names}.", names=names))
        if len(self._path) > limits.REFERENCE_DEPTH:
            raise _TooDeep
        tree = self._usable(row)
        return Reference(row.id, row.name, tree, reference_depth(tree))

    def _known(self, row: Segment) -> Group | None:
        with _lock:
            return _read.get(self._key(row))

    def _learn(self, row: Segment) -> Group:
        """The tree, kept for the next answer if it follows from what is written in it and the store's settings alone.
        """
        tree = self.check(row.rules, row)
        settings, written = self._key(row)
        if len(written) <= LARGEST and not references_of(tree):
            with _lock:
                _read[settings, written] = tree
                while len(_read) > MOST:
                    _read.popitem(last=False)
        return tree

    def _key(self, row: Segment) -> tuple[StoreSettings, bytes]:
        return self._scope.settings, json.dumps(row.rules)

    def _usable(self, row: Segment) -> Group:
        try:
            return self.tree(row)
        except RulesError as error:
            for problem in error.problems:
                if problem.code == "cycle":
                    raise Fault(problem.code, problem.message) from error
            raise Fault("invalid_segment", Filled("The rules of “{name}” no longer fit.", name=row.name)) from error

    def _row(self, segment_id: uuid.UUID) -> Segment | None:
        row = self._session.get(Segment, (self._scope.store_id, segment_id))
        return None if row is None or row.deleted_at is not None else row


def referring(session: Session, store_id: uuid.UUID, segment_id: uuid.UUID) -> Sequence[Segment]:
    """The living segments of the store whose rules speak of that one."""
    rows: Iterable[Segment] = session.scalars(
        select(Segment).where(Segment.store_id == store_id, Segment.deleted_at.is_(None)).order_by(Segment.name))
    return [row for row in rows if str(segment_id) in referred_ids(row.rules)]
