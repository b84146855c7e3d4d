"""The interpreter's settings while imports run."""

from __future__ import annotations

import gc
import sys

from segmentation import pacing


def settings() -> tuple[int, float]:
    """When collections come, and how often threads change."""
    return gc.get_threshold()[0], sys.getswitchinterval()


def test_imports_that_end_in_any_order_put_the_settings_back() -> None:
    before = settings()
    first, second = pacing.importing(), pacing.importing()
    first.__enter__()
    second.__enter__()
    held = settings()
    first.__exit__(None, None, None)
    assert settings() == held != before
    second.__exit__(None, None, None)
    assert settings() == before
