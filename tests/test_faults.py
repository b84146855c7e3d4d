"""The list of faults that others had (docs/faults.md) names tests that there are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_test_that_is_named_is_there() -> None:
    named = NAMED.findall((ROOT / "docs" / "faults.md").read_text())
    assert len(named) > 100
    there = {path: functions(ROOT / path) for path, _ in named if (ROOT / path).is_file()}
    assert [f"{path}::{name}" for path, name in named if name not in there.get(path, ())] == []


def test_every_line_names_a_test() -> None:
    lines = (ROOT / "docs" / "faults.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| what is tried")]
    assert len(rows) > 60
    assert [line for line in rows if not NAMED.search(line)] == []


def functions(path: Path) -> set[str]:
    """The functions of a file."""
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
