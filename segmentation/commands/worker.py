"""`worker`: run long work."""

from __future__ import annotations

import os
from contextlib import suppress

import click
from flask.cli import with_appcontext

from segmentation.jobs.worker import work


@click.command("worker")
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True, help="Jobs at a time.")
@click.option("--nice", type=click.IntRange(0, 19), default=5, show_default=True,
              help="How far it steps back for the processes that answer, where they share processors.")
@click.option("--with-parent", is_flag=True, help="End when the process that started this one is gone.")
@with_appcontext
def worker_command(threads: int, nice: int, with_parent: bool) -> None:
    """Run exports, imports, scoring and refreshes, until stopped.

    gunicorn brings one when SEGMENTATION_QUEUE is not set. With a queue of your own, run as many as you like.
    """
    with suppress(PermissionError):  # where a service manager has the say
        os.nice(nice)
    work(threads, with_parent=with_parent)
