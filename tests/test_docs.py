"""The page on the rule language says what the registries say, and its example works."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

from segmentation.rules.fields import StoreSettings, catalogue
from segmentation.rules.operators import OPERATORS
from segmentation.rules.reading import read_rules

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = catalogue(StoreSettings(ZoneInfo("UTC"), 0, "USD", None))


def generator() -> ModuleType:
    """The script that writes the tables."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_up_to_date() -> None:
    page = (ROOT / "docs" / "rules.md").read_text()
    assert generator().write(page) == page, "run `make docs`"


def test_every_word_of_the_language_is_on_the_page() -> None:
    page = (ROOT / "docs" / "rules.md").read_text()
    words = {*CATALOGUE.fields, *CATALOGUE.rows["items"]}
    words |= {name for operator in OPERATORS for name in (operator.key, operator.negative) if name}
    assert not [word for word in sorted(words) if f"`{word}`" not in page]


def test_the_example_can_be_used() -> None:
    example = re.search(r"```json\n(.*?)```", (ROOT / "docs" / "rules.md").read_text(), re.DOTALL)
    assert example is not None
    assert read_rules(json.loads(example[1]), CATALOGUE)
