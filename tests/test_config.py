"""Settings: read once, checked at the start, every fault named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from secrets import token_hex, token_urlsafe

import pytest

from segmentation import create_app
from segmentation.config import PREFIX, SETTINGS, ConfigError, read_settings

SECRET = {"SEGMENTATION_SECRET_KEY": "0123456789 abcdefghijklmnopqrstuvwxyz"}
ROOT = Path(__file__).resolve().parent.parent


def test_defaults(tmp_path: Path) -> None:
    values = read_settings(SECRET, tmp_path)
    assert values["DATABASE_URL"] == f"sqlite:///{tmp_path / 'segmentation.db'}"
    assert values["QUEUE"] == f"sqlite:///{tmp_path / 'queue.db'}"
    assert values["SPOOL_DIR"] == tmp_path / "spool"
    assert values["ACCESS_TOKEN_SECONDS"] == 900
    assert values.keys() == {setting.name for setting in SETTINGS}


@pytest.mark.parametrize(("name", "text"), [
    ("SECRET_KEY", ""), ("SECRET_KEY", "short"), ("SECRET_KEY", "a" * 64),
    ("SECRET_KEY", "change me " * 8), ("SECRET_KEY", "0123456789" * 5), ("SECRET_KEY", "x" * 31),
    ("METRICS_TOKEN", "short"), ("METRICS_TOKEN", "secret! " * 6), ("DATABASE_URL", "mysql://x"),
    ("QUEUE", "amqp://x"), ("QUEUE", "queue.db"),
    ("PREVIEW_SECONDS", "0"), ("PREVIEW_SECONDS", "-1"), ("PREVIEW_SECONDS", "nan"), ("PREVIEW_SECONDS", "soon"),
    ("PROXIES", "-1"), ("PROXIES", "1.5"), ("LOG_LEVEL", "LOUD"), ("NO_SUCH_SETTING", "1"),
])
def test_a_bad_setting_is_named(name: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=PREFIX + name):
        read_settings({**SECRET, PREFIX + name: text}, tmp_path)


def test_no_random_secret_is_refused(tmp_path: Path) -> None:
    for _ in range(300):
        for text in (token_hex(16), token_urlsafe(24), token_urlsafe(48)):
            assert read_settings({PREFIX + "SECRET_KEY": text}, tmp_path)["SECRET_KEY"] == text


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        read_settings({"SEGMENTATION_LOG_LEVEL": "LOUD"}, tmp_path)
    assert "SECRET_KEY" in str(raised.value)
    assert "LOG_LEVEL" in str(raised.value)


def test_the_start_is_refused_without_a_secret() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    run = subprocess.run([sys.executable, "-c", "import wsgi"], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr == "Cannot start: SEGMENTATION_SECRET_KEY: is required\n"


def test_nothing_is_made_beside_the_code_when_everything_lies_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segmentation.ROOT", tmp_path / "code")
    (tmp_path / "code").mkdir()
    places = {f"{PREFIX}DATABASE_URL": f"sqlite:///{tmp_path}/a.db", f"{PREFIX}QUEUE": f"sqlite:///{tmp_path}/q.db"}
    create_app({**SECRET, **places, f"{PREFIX}SPOOL_DIR": str(tmp_path / "spool")})
    assert not (tmp_path / "code" / "instance").exists()
    create_app({**SECRET, **places})
    assert (tmp_path / "code" / "instance").is_dir()
