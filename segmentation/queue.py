"""The queue: carries the ids of jobs to a worker, and nothing else. What a job is and who runs it, the jobs table says.

A queue may lose an entry or deliver it twice; neither matters, because a worker looks for waiting jobs by itself too
and takes each by a conditional update. Entries are JSON, so that reading one can run nothing.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from huey import Huey, crontab
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import PostgresStorage, RedisStorage, SqliteStorage

from segmentation import json

NAME = "segmentation"
EXTENSION = "segmentation-queue"
EMBEDDED = "sqlite:///"
log = logging.getLogger("segmentation.queue")


class _AsJSON(Serializer):  # type: ignore[misc]
    """Entries as JSON: the entry's id, the task's name, the job's id."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps_text([data.id, data.name, list(data.args)]).encode()

    def _deserialize(self, data: bytes) -> Any:
        entry, name, arguments = json.loads(bytes(data))
        return Message(id=entry, name=name, args=tuple(arguments))


class Queue:
    """The queue of one application: `run` is called with a job's id, `sweep` every minute, both in a worker."""

    def __init__(self, url: str, run: Callable[[str], None], sweep: Callable[[], None]) -> None:
        self.huey = Huey(NAME, results=False, serializer=_AsJSON(), **_storage(url))
        self._run = self.huey.task(name="run")(run)
        self.huey.periodic_task(crontab(minute="*"), name="sweep")(sweep)

    def put(self, job_id: uuid.UUID) -> None:
        """Have a worker look at that job."""
        self._run(str(job_id))

    def is_empty(self) -> bool:
        """Whether every entry has been fetched."""
        return bool(self.huey.pending_count() == 0)


def init_app(app: Flask, run: Callable[[str], None], sweep: Callable[[], None]) -> None:
    """Say what workers do. The queue itself is opened when it is first needed."""
    app.extensions[EXTENSION] = [lambda: Queue(app.config["QUEUE"], run, sweep)]


def queue() -> Queue:
    """The application's queue."""
    holder = current_app.extensions[EXTENSION]
    if not isinstance(holder[0], Queue):
        holder[0] = holder[0]()
    opened: Queue = holder[0]
    return opened


def enqueue(job_id: uuid.UUID) -> None:
    """Have a worker look at that job soon; call it once the job is committed. A queue that is down only delays it."""
    try:
        queue().put(job_id)
    except Exception:
        log.warning("the queue did not take a job; a worker will find it", exc_info=True)


def _storage(url: str) -> dict[str, Any]:
    if url.startswith(EMBEDDED):
        path = Path(url.removeprefix(EMBEDDED))
        path.parent.mkdir(parents=True, exist_ok=True)
        return {"storage_class": SqliteStorage, "filename": str(path), "journal_mode": "wal"}
    if url.startswith(("redis:", "rediss:")):
        return {"storage_class": RedisStorage, "url": url, "blocking": False}
    return {"storage_class": PostgresStorage, "dsn": url, "blocking": False}
