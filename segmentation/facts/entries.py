"""What the rows of an import become: entries, each a record or the reasons why its rows are rejected.

Also which columns a file may have. What the columns mean is said in `customer_rows` and `order_rows`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Generic, NamedTuple, TypeVar

from segmentation.errors import Invalid
from segmentation.facts.csv_files import Row
from segmentation.rules.kinds import Fault

# What a file of rejected rows has before the columns of its original, so that once mended it can be imported as it is.
REJECTED_COLUMNS = ("line", "column", "reason")

# The name of a column that is not to be read; no header has it.
LEFT_OUT = "\0"

R = TypeVar("R")


class RowFault(Fault):
    """A row cannot be taken: the column at fault (empty for the row as a whole), and why."""

    def __init__(self, column: str, code: str, message: str) -> None:
        super().__init__(code, message)
        self.column = column


class Entry(NamedTuple, Generic[R]):
    """Rows that are taken or rejected together: a record, or (record None) a fault for each of the rows."""

    rows: Sequence[Row]
    record: R | None
    faults: Sequence[RowFault] = ()


def places(names: Sequence[str], known: Collection[str], required: Sequence[str]) -> dict[str, int]:
    """Where each column stands, from a header's names. Raises errors.Invalid naming everything that is wrong with it.
    """
    skipped = len(REJECTED_COLUMNS) if tuple(names[:3]) == REJECTED_COLUMNS else 0
    read = [(name, index) for index, name in enumerate(names) if index >= skipped and name != LEFT_OUT]
    found = dict(read)
    repeated = sorted(name for name, count in Counter(name for name, _ in read).items() if name and count > 1)
    unknown = sorted(name for name in found if name and name not in known)
    missing = [name for name in required if name not in found]
    faults = [f"{what}: {', '.join(which)}." for what, which in (
        ("Unknown columns", unknown), ("Columns that appear twice", repeated), ("Missing columns", missing)) if which]
    if "" in found:
        faults.insert(0, f"Column {found[''] + 1} has no name.")
    if faults:
        raise Invalid(" ".join(["The file's first line does not fit.", *faults]), code="invalid_header")
    return found
