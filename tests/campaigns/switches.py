"""Which mutant is awake: the other half of `tests.campaigns.mutants`, loaded into pytest (`-p`) before the product is.

In a copy of the tree every predicate on a store asks `_mutant(number)` whether it is the one that is neutralised. With
`MUTANT=<number>` that one is; with `MUTANTS_TOUCHED=<folder>` none is, and which tests ask which is written down.
"""

from __future__ import annotations

import builtins
import json
import os
from collections import defaultdict
from pathlib import Path

AWAKE = int(os.environ.get("MUTANT", "0"))
TOUCHED = os.environ.get("MUTANTS_TOUCHED", "")
touched: dict[int, set[str]] = defaultdict(set)


def _mutant(number: int) -> bool:
    if TOUCHED:
        touched[number].add(os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0])
    return number == AWAKE


builtins._mutant = _mutant  # type: ignore[attr-defined]


def pytest_unconfigure() -> None:
    """Write down what was touched; by no test is: while modules were loaded, which every test needs."""
    if TOUCHED:
        name = os.environ.get("PYTEST_XDIST_WORKER", "main")
        Path(TOUCHED, f"{name}.json").write_text(json.dumps({n: sorted(tests) for n, tests in touched.items()}))
