"""The interpreter's settings while imports and exports run."""

from __future__ import annotations

import gc
import sys

from segmentation import pacing


def settings() -> tuple[int, float]:
    """When collections come, and how often threads change."""
    return gc.get_threshold()[0], sys.getswitchinterval()


def test_work_that_ends_in_any_order_put_the_settings_back() -> None:
    before = settings()
    first, second = pacing.many_rows(), pacing.many_rows()
    first.__enter__()
    second.__enter__()
    held = settings()
    first.__exit__(None, None, None)
    assert settings() == held != before
    second.__exit__(None, None, None)
    assert settings() == before
