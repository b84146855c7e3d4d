"""The commands of ``flask --app wsgi``: registered here, written in `commands`."""

from __future__ import annotations

from flask import Flask

from segmentation.commands.accounts import store_group, user_group
from segmentation.commands.attributes import attribute_group
from segmentation.commands.backup import backup_command
from segmentation.commands.demo import demo_command
from segmentation.commands.imports import import_group
from segmentation.commands.replicas import replica_group
from segmentation.commands.scoring import score_command
from segmentation.commands.segments import segments_group
from segmentation.commands.worker import worker_command


def init_app(app: Flask) -> None:
    """Register every command."""
    groups = (store_group, user_group, attribute_group, import_group, segments_group, replica_group)
    for command in (*groups, score_command, demo_command, worker_command, backup_command):
        app.cli.add_command(command)
