"""What the README promises by name exists."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask

from segmentation.config import PREFIX, SETTINGS

README = (Path(__file__).resolve().parent.parent / "README.md").read_text()


def test_every_setting_is_listed_with_its_default_and_its_meaning() -> None:
    for setting in SETTINGS:
        row = next(line for line in README.splitlines() if line.startswith(f"| `{PREFIX}{setting.name}`"))
        assert row.endswith(f"| {setting.help} |")
        if setting.default:
            assert f"| {setting.default} |" in row


def test_every_command_exists(app: Flask) -> None:
    named = re.findall(r"^flask --app wsgi (\S+)", README, re.MULTILINE)
    assert set(named) <= {*app.cli.commands, "db"}
    assert {"store", "user", "import", "score", "segments"} <= set(named)


def test_every_target_exists() -> None:
    makefile = (Path(__file__).resolve().parent.parent / "Makefile").read_text()
    for target in re.findall(r"`make ([\w-]+)`", README):
        assert f"\n{target}:" in makefile
