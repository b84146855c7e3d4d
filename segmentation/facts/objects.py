"""Facts in JSON -> typed values, with every problem at its address. Which columns there are is said elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from segmentation.errors import Problem, pointer
from segmentation.facts.columns import Column
from segmentation.facts.entries import RowFault
from segmentation.rules.kinds import Fault

R = TypeVar("R")
Read = Callable[[Any, str], Any]  # of a member: its raw value and its address


@dataclass
class Batch(Generic[R]):
    """Records read from a list in JSON, by their place in it, and what is wrong with the others."""

    path: str
    records: dict[int, R] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def refused(self, faults: Mapping[int, RowFault]) -> list[Problem]:
        """All problems: those found in reading, and the faults of records (by position) that could not be stored."""
        places = list(self.records)
        found = [Problem(f"{self.path}/{places[at]}/{fault.column}", fault.code, fault.message)
                 for at, fault in faults.items()]
        return [*self.problems, *found]


def read_batch(raw: Any, path: str, most: int, read: Callable[[ObjectReader, Any, str], R], id_of: Callable[[R], str],
               ) -> Batch[R]:
    """The records of a list of up to `most` objects, each with an external id of its own. Raises Fault."""
    batch: Batch[R] = Batch(path)
    seen: set[str] = set()
    for place, item in enumerate(read_list(raw, most)):
        reader, here = ObjectReader(), f"{path}/{place}"
        record = read(reader, item, here)
        if not reader.problems and id_of(record) in seen:
            reader.note(f"{here}/external_id", Fault("repeated", "Another one in the list has this id."))
        if reader.problems:
            batch.problems += reader.problems
        else:
            batch.records[place] = record
            seen.add(id_of(record))
    return batch


def read_list(raw: Any, most: int) -> list[Any]:
    """A list of up to `most` things. Raises Fault."""
    if not isinstance(raw, list):
        raise Fault("not_a_list", "Give a list.")
    if len(raw) > most:
        raise Fault("too_many", f"Give at most {most:,} at a time.")
    return raw


class ObjectReader:
    """Reads objects, and keeps what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def members(self, raw: Any, readers: Mapping[str, Read], path: str) -> dict[str, Any]:
        """The members of an object that can be read; the others are noted."""
        if not isinstance(raw, dict):
            self.note(path, Fault("not_an_object", "Give an object."))
            return {}
        found = {}
        for key, value in raw.items():
            here = f"{path}/{pointer(key)}"
            try:
                found[key] = _known(readers, key)(value, here)
            except Fault as fault:
                self.note(here, fault)
        return found

    def items(self, raw: Any, most: int, path: str) -> Iterator[tuple[Any, str]]:
        """The items of a list, none for null, each with its address. Raises Fault."""
        for place, item in enumerate(read_list([] if raw is None else raw, most)):
            yield item, f"{path}/{place}"

    def note(self, path: str, fault: Fault) -> None:
        """Keep a problem."""
        self.problems.append(Problem(path, fault.code, fault.message))


def members_of(columns: Mapping[str, Column]) -> dict[str, Read]:
    """Readers of members that are columns."""
    return {name: _member(column) for name, column in columns.items()}


def object_schema(columns: Mapping[str, Column], required: Sequence[str] = (), **further: Any) -> dict[str, Any]:
    """The JSON Schema of an object with such members and some `further` ones."""
    members = {name: dict(column.schema) for name, column in columns.items()} | further
    return {"type": "object", "required": list(required), "additionalProperties": False, "properties": members}


def _member(column: Column) -> Read:
    return lambda raw, _path: column.json(raw)


def _known(readers: Mapping[str, Read], key: str) -> Read:
    if key not in readers:
        raise Fault("unknown_key", "There is no such key here.")
    return readers[key]
