"""What is not ours is listed, unchanged, and comes with its licence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
STATIC = ROOT / "static"
FOLDERS = (STATIC / "vendor", STATIC / "fonts", ROOT / "tests" / "browser" / "vendor")
TEXT = (STATIC / "VENDORED.md").read_text()
DIGESTS = {name: digest for digest, name in re.findall(r"^([0-9a-f]{64})  (\S+)$", TEXT, re.MULTILINE)}
ROWS = list(re.findall(r"^\| `([^`]+)` \|(.*)\|$", TEXT, re.MULTILINE))


def located(name: str) -> Path:
    """Where a listed file lies: below `static`, or where its whole path says."""
    return ROOT / name if name.startswith("tests/") else STATIC / name


def spelt_out(name: str) -> Iterator[str]:
    """The files that one row of the table names: `a-{1,2}.x` are two."""
    parts = re.split(r"\{([^}]*)\}", name)
    yield from map("".join, product(*(part.split(",") if place % 2 else [part] for place, part in enumerate(parts))))


def listed() -> set[str]:
    """Every file that the table names."""
    return {each for name, _ in ROWS for each in spelt_out(name)}


@pytest.mark.parametrize("name", DIGESTS)
def test_a_listed_file_is_exactly_what_it_was(name: str) -> None:
    assert sha256(located(name).read_bytes()).hexdigest() == DIGESTS[name]


def test_every_file_of_the_table_has_a_digest_and_the_other_way_round() -> None:
    assert listed() == set(DIGESTS)
    assert len(DIGESTS) >= 5


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_file_of_others_is_listed(folder: Path) -> None:
    """Licences stand beside what they are for and need no line of their own."""
    there = {path for path in folder.rglob("*") if path.is_file() and "LICENSE" not in path.name}
    assert there
    assert there <= {located(name) for name in listed()}


def test_every_file_that_is_listed_comes_with_its_licence() -> None:
    for name, rest in ROWS:
        found = re.search(r"`((?:licences|tests)/[^`]+)`", rest)
        assert found, name
        assert located(found[1]).stat().st_size > 200, name


def test_every_licence_is_somebodys() -> None:
    named = set(re.findall(r"`(licences/[^`]+)`", TEXT))
    assert {f"licences/{path.name}" for path in (STATIC / "licences").iterdir()} == named


@pytest.mark.parametrize("name", DIGESTS)
def test_a_file_has_its_version_in_its_name_or_is_put_together_by_us(name: str) -> None:
    assert re.search(r"\d+\.\d+\.\d+", name) or name == "icons.svg"


def test_no_page_loads_anything_from_elsewhere() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', path.read_text()), path
    for path in (*(STATIC / "css").iterdir(), *(STATIC / "js").iterdir()):
        assert not re.search(r"""(?:url\(|import\s|fetch\()['"]?(?:https?:)?//""", path.read_text()), path
