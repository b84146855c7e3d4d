"""Undo and redo without a memory of our own: earlier drafts travel in the form, packed.

What comes back was in the visitor's hands, so it is unpacked with care and, like any form, read again; history that
cannot be read is no history.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from time import time

from werkzeug.datastructures import MultiDict

from segmentation.errors import Malformed
from segmentation.pages.builder import form
from segmentation.pages.builder.draft import DraftCondition, DraftGroup, every

MOST = 50
PAUSE = 2.0  # seconds
LONGEST_PACKED = 64_000
LONGEST_UNPACKED = 4_000_000
State = form.Pairs


@dataclass(frozen=True)
class History:
    """The drafts before and after the present one, nearest last; `typed`: the node whose values were last typed, and
    `typed_at` when.
    """

    past: tuple[State, ...] = ()
    future: tuple[State, ...] = ()
    typed: str = ""
    typed_at: float = 0

    def then(self, before: DraftGroup, now: DraftGroup) -> History:
        """The history once `before` has become `now`."""
        return self if before == now else History((*self.past[-MOST:], form.write(before)))

    def then_typed(self, before: DraftGroup, now: DraftGroup) -> History:
        """Likewise, by the person's own hand: to type on in one condition is one change, until one pauses."""
        typed, at = _typed_in(before, now), time()
        if typed and typed == self.typed and self.past and at - self.typed_at < PAUSE:
            return replace(self, future=(), typed_at=at)
        return self if before == now else replace(self.then(before, now), typed=typed, typed_at=at)

    def undo(self, now: DraftGroup) -> tuple[DraftGroup, History]:
        """The draft before, and the history from there."""
        if not self.past:
            return now, self
        return _draft(self.past[-1]), History(self.past[:-1], (*self.future, form.write(now)))

    def redo(self, now: DraftGroup) -> tuple[DraftGroup, History]:
        """The draft that was undone, and the history from there."""
        if not self.future:
            return now, self
        return _draft(self.future[-1]), History((*self.past, form.write(now)), self.future[:-1])


def pack(history: History) -> str:
    """The history as a text that fits into the form; the oldest is forgotten where it would not."""
    while True:
        plain = json.dumps([history.past, history.future, history.typed, history.typed_at], ensure_ascii=False,
                           separators=(",", ":"))
        packed = b64encode(zlib.compress(plain.encode(), 6)).decode()
        if len(packed) <= LONGEST_PACKED:
            return packed
        if not history.past and not history.future:
            return ""
        history = replace(history, past=history.past[len(history.past) // 2 + 1:], future=())


def unpack(packed: str) -> History:
    """The history in a text; an empty one when the text holds none."""
    if not packed or len(packed) > LONGEST_PACKED:
        return History()
    try:
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(b64decode(packed, validate=True), LONGEST_UNPACKED)
        past, future, typed, at = json.loads(plain)
        return History(tuple(map(_state, past)), tuple(map(_state, future)), _text(typed), float(at))
    except (ValueError, OverflowError, TypeError, zlib.error, Malformed, RecursionError):
        return History()


def _state(pairs: object) -> State:
    if not isinstance(pairs, list):
        raise ValueError("not a form")
    found = [(_text(name), _text(value)) for name, value in pairs]
    _draft(found)
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    value.encode()  # lone surrogates could not be shown
    return value


def _draft(state: State) -> DraftGroup:
    return form.read(MultiDict(state))


def _typed_in(before: DraftGroup, now: DraftGroup) -> str:
    """The one condition whose values alone differ; nothing if more does."""
    first, second = list(every(before)), list(every(now))
    if len(first) != len(second):
        return ""
    found = {new.id for old, new in zip(first, second, strict=True)
             if isinstance(old, DraftCondition) and isinstance(new, DraftCondition) and _own(old) != _own(new)}
    alike = [_without_values(node) for node in first] == [_without_values(node) for node in second]
    return found.pop() if alike and len(found) == 1 else ""


def _own(node: DraftCondition) -> DraftCondition:
    return replace(node, where=None)


def _without_values(node: object) -> object:
    if isinstance(node, DraftCondition):
        return replace(node, value=(), value2="", adding="", where=None)
    return (node.id, node.logic, node.negate) if isinstance(node, DraftGroup) else node
