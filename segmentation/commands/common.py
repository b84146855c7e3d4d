"""What the commands share: reading a store's id, and turning refusals into messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from segmentation.errors import DomainError

STORE = click.UUID


def refusals(command: Callable[..., Any]) -> Callable[..., Any]:
    """Show a domain error as a message and exit 2, instead of a traceback."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except DomainError as error:
            details = "".join(f"\n  {problem.path}: {problem.message}" for problem in error.problems)
            raise click.UsageError(f"{error}{details}") from error

    return wrapped


