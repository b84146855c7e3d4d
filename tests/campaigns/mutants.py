"""``python -m tests.campaigns.mutants``: each predicate on a store taken out of the code, in turn; tests must fail.

The predicates are found in the sources, not listed: comparisons of a column `store_id` or of `Store.id`, of a store's
id in Python, and `store_id = …` in SQL text. In a copy of the tree each of them gets a switch (see `switches`). A first
run of the tests tells which of them ask which; then each mutant has a run of those tests alone, up to the first
failure. Reads by a whole primary key have no predicate that could be left out.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
TESTS = ("tests/walls/test_matrix.py", "tests/people", "tests/facts", "tests/test_scoring.py",
         "tests/test_refreshing.py", "tests/test_leases.py", "tests/test_replication.py", "tests/test_stores.py",
         "tests/jobs/test_running.py", "tests/pages/test_words.py",
         *(f"tests/api/test_{name}.py" for name in (
             "answers", "attributes", "customers", "imports", "jobs", "references", "repeats", "segments", "stores")))
IN_SQL = re.compile(r"(\b\w+|\{[\w.]+\})\.store_id = (?:\{[^{}]*\}|\w+\.store_id)")
ON_POSTGRESQL = ("tests/facts",)  # for what SQLite is not asked
FAILED = re.compile(r"^(?:FAILED|ERROR) (tests/.+?)(?: - .*)?$", re.MULTILINE)
SECONDS = 600  # that one mutant's tests have
MOST_TESTS = 200  # of those that ask a mutant


Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Place:
    """A predicate: where it stands, as it is, and as it is when it holds for every store."""

    path: Path
    line: int
    start: int  # bytes
    end: int
    whole: str
    neutral: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {' '.join(self.whole.split())[:100]}"


def places(path: Path) -> list[Place]:
    """The predicates on stores in a source file, in order."""
    source = path.read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node in _outermost(ast.parse(source)):
        start, end = (starts[node.lineno - 1] + node.col_offset,
                      starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0))
        whole = source[start:end].decode()
        found += [Place(path, node.lineno, start, end, whole, neutral) for neutral in _neutral(node, whole)]
    return sorted(found, key=lambda place: place.start)


def _outermost(tree: ast.AST) -> Iterator[ast.expr]:
    """Comparisons and texts; a text within a text is a part of it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Compare, ast.JoinedStr, ast.Constant)):
            yield node
        if not isinstance(node, ast.JoinedStr):
            yield from _outermost(node)


def _neutral(node: ast.expr, whole: str) -> Iterator[str]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = node.left, node.comparators[0]
        if isinstance(node.ops[0], ast.Eq) and (_is_column(left) or _is_column(right)):
            column = ast.unparse(left if _is_column(left) else right)
            yield f"{column} == {column}"
        elif isinstance(node.ops[0], ast.NotEq) and not isinstance(right, ast.Constant) and "store" in whole:
            yield "False"
    elif isinstance(node, (ast.JoinedStr, ast.Constant)) and whole[:3] not in ('"""', "'''"):
        for match in IN_SQL.finditer(whole):
            yield f"{whole[:match.start()]}{match[1]}.store_id = {match[1]}.store_id{whole[match.end():]}"


def _is_column(node: ast.expr) -> bool:
    if not isinstance(node, ast.Attribute):
        return False
    owner = ast.unparse(node.value)
    return (node.attr == "store_id" and (owner[0].isupper() or owner == "model" or owner.endswith(".c"))
            ) or ast.unparse(node) == "Store.id"


def with_switches(source: bytes, numbered: Sequence[tuple[int, Place]]) -> bytes:
    """A source in which each of the predicates can be neutralised by its number."""
    for place in {place.start: place for _, place in numbered[::-1]}.values():
        choices = "".join(f"({each.neutral}) if _mutant({number}) else " for number, each in numbered
                          if each.start == place.start)
        source = source[:place.start] + f"({choices}({place.whole}))".encode() + source[place.end:]
    return source


def all_places() -> list[Place]:
    """The predicates of the whole package; their numbers are their positions, from 1."""
    return [place for path in sorted((ROOT / "segmentation").rglob("*.py")) for place in places(path)]


def copied(found: Sequence[Place], folder: Path) -> None:
    """A copy of what git knows of the tree, with switches. The working tree is only read."""
    known = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                           check=True, capture_output=True, text=True).stdout
    for name in filter(None, known.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for path in {place.path for place in found}:
        numbered = [(number, place) for number, place in enumerate(found, 1) if place.path == path]
        target = folder / path.relative_to(ROOT)
        target.write_bytes(with_switches(path.read_bytes(), numbered))


def run_tests(
    folder: Path, tests: Sequence[str], *options: str, which: str = "not postgresql", **environment: str
) -> Done:
    """The tests of the copy, on SQLite unless said otherwise."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.campaigns.switches", "-p", "no:cacheprovider", "-k",
               which, "--tb=line", *options, *tests]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS * 10,
                          env={**os.environ, "PYTHONPATH": str(folder), **environment})


def touched_by(folder: Path, tests: Sequence[str]) -> tuple[dict[int, set[str]], dict[str, float]]:
    """Which tests ask which mutant, none awake; and the seconds each takes. A test that fails by itself is left out."""
    notes = folder / "touched"
    notes.mkdir()
    done = run_tests(folder, tests, "-n", "3", "--durations=0", "--durations-min=0.0", MUTANTS_TOUCHED=str(notes))
    failing = set(FAILED.findall(done.stdout))
    print(done.stdout.strip().splitlines()[-1], *(f"fails without any mutant: {name}" for name in sorted(failing)),
          sep="\n", flush=True)
    seconds: dict[str, float] = defaultdict(float)
    for taken, test in re.findall(r"^([\d.]+)s \w+ +(\S.*)$", done.stdout, re.MULTILINE):
        seconds[test] += float(taken)
    touched: dict[int, set[str]] = defaultdict(set)
    for path in notes.iterdir():
        for number, names in json.loads(path.read_text()).items():
            touched[int(number)].update(set(names) - failing)
    return touched, seconds


def fate(folder: Path, number: int, tests: Sequence[str], which: str = "not postgresql") -> str:
    """What kills a mutant: the first test that fails; nothing, if none does."""
    try:
        done = run_tests(folder, tests, "-x", "--timeout", "120", which=which, MUTANT=str(number))
    except subprocess.TimeoutExpired:
        return "time"
    failed = FAILED.search(done.stdout)
    return failed[1] if failed else "" if done.returncode == 0 else f"exit {done.returncode}"


def chosen(names: Iterable[str], seconds: Mapping[str, float]) -> list[str]:
    """The tests to try, those that take least first; all there are for what is asked as modules are loaded."""
    real = sorted(filter(None, names), key=lambda name: seconds.get(name, 1.0))
    return real[:MOST_TESTS] if real else [*TESTS]


def main() -> None:
    """Find, copy, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tests", nargs="*", default=TESTS)
    parser.add_argument("--only", type=int, nargs="*", help="numbers of mutants")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    found, started = all_places(), time.monotonic()
    numbers = options.only or range(1, len(found) + 1)
    with TemporaryDirectory() as name, ThreadPoolExecutor(options.at_once) as threads:
        folder = Path(name)
        copied(found, folder)
        touched, seconds = touched_by(folder, options.tests)
        killers = list(threads.map(
            lambda number: _told(folder, number, found[number - 1], touched, seconds), numbers))
    print(f"{len(killers)} mutants, {killers.count('')} survive, {time.monotonic() - started:.0f} s")
    raise SystemExit("" in killers)


def _told(
    folder: Path, number: int, place: Place, touched: Mapping[int, set[str]], seconds: Mapping[str, float]
) -> str:
    """Run a mutant's tests, print its fate; what killed it."""
    if number in touched:
        killer = fate(folder, number, chosen(touched[number], seconds))
    else:
        killer = fate(folder, number, ON_POSTGRESQL, "postgresql")
    print(f"{number:>4} {place}\n     {killer or 'SURVIVES'}", flush=True)
    return killer


if __name__ == "__main__":
    main()
