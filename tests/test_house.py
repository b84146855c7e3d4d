"""The house plan, held by reading the sources: imports run one way, and a few things happen in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "segmentation"
USE_CASES = {"segments", "exports", "imports", "scoring", "auth", "accounts", "demo", "leases", "rejected",
             "attributes", "jobs", "customers", "pacing", "ahead", "members", "invites", "owning",
             "api_tokens", "sign_ins", "stores", "replication"}
# From the top down; a module may import its own layer and those below.
LAYERS = (
    {"", "api", "pages", "cli", "commands", "failures", "headers", "refusals", "downloads", "operations"},
    USE_CASES | {"references", "answers", "repeats", "tokens", "starters", "uploads", "counting", "refreshing",
                 "passwords", "trail"},
    {"audience", "facts", "audit", "logs", "metrics"},
    {"rules"},
    {"models"},
    {"database", "walls", "departures", "queue", "disk", "extensions", "errors", "config", "limits", "json", "values",
     "translations"},
)
RANK = {part: rank for rank, layer in enumerate(LAYERS) for part in layer}


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports(path: Path) -> Iterator[str]:
    """The modules a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else str(node.module)


def part(module: str) -> str:
    """Which part of the house a module is in: the name below the package."""
    return [*module.split("."), ""][1]


def calls(path: Path) -> Iterator[str]:
    """The names that are called in a file, without what stands before the last dot."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", ""))


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downwards(module: str) -> None:
    own = RANK[part(module)]
    wrong = [name for name in imports(MODULES[module])
             if name.split(".")[0] == "segmentation" and RANK[part(name)] < own]
    assert not wrong


def test_imports_have_no_cycle() -> None:
    graph = {module: {name for name in imports(path) if name in MODULES and name != module}
             for module, path in MODULES.items()}
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("module", [name for name in MODULES if part(name) == "rules"])
def test_rules_know_no_flask(module: str) -> None:
    assert not [name for name in imports(MODULES[module]) if name.startswith("flask")]


@pytest.mark.parametrize("module", MODULES)
def test_only_use_cases_write_and_only_the_database_module_commits(module: str) -> None:
    called = set(calls(MODULES[module]))
    if module != "segmentation.database":
        assert "commit" not in called
    if part(module) not in USE_CASES:
        assert "writing" not in called


@pytest.mark.parametrize("module", [name for name in MODULES if part(name) != "rules"])
def test_customers_are_selected_by_rule_in_one_place(module: str) -> None:
    if module != "segmentation.audience.matching":
        assert "FROM customers" not in MODULES[module].read_text()
