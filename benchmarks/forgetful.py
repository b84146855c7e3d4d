"""The application for gunicorn, without its memory of answers: so that the work is measured and not its absence."""

from __future__ import annotations

from segmentation import create_app
from segmentation.audience import remembering

remembering.MOST = 0
app = create_app()
