"""A worker as it is started in life, but in smaller steps with a pause after each, so that it can be met in the middle.
"""

from __future__ import annotations

import os
import time

from segmentation import create_app, imports, refreshing, scoring
from segmentation.audience import matching
from segmentation.facts import recounting
from segmentation.jobs import worker
from segmentation.jobs.work import Work

PAUSE = float(os.environ.get("SEGMENTATION_TEST_PAUSE", "0"))
STEP = int(os.environ.get("SEGMENTATION_TEST_STEP", "10"))


def main() -> None:
    """Work until told to stop."""
    recounting.CUSTOMERS_AT_ONCE = STEP
    imports.BATCH_ROWS, matching.ROWS_AT_ONCE, scoring.ROWS, refreshing.AT_ONCE = 4 * STEP, STEP, STEP, 1
    tell = Work.tell

    def slowly(self: Work, done: int, total: int | None = None) -> None:
        tell(self, done, total)
        time.sleep(PAUSE)

    Work.tell = slowly  # type: ignore[method-assign]
    with create_app().app_context():
        worker.work(4, with_parent=True)


if __name__ == "__main__":
    main()
