"""The command `worker`: it lets the processes that answer go first."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from flask import Flask

from segmentation.commands import worker

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the engine makes no difference


def refuse(_by: int) -> None:
    """As where a service manager has the say."""
    raise PermissionError


@pytest.mark.parametrize(("given", "nice", "expected"), [
    ([], list.append, [5]), (["--nice", "0"], list.append, [0]), ([], lambda _told, by: refuse(by), [])])
def test_it_steps_back_and_then_works(
    application: Flask, monkeypatch: pytest.MonkeyPatch, given: list[str], nice: Callable[[list[int], int], None],
    expected: list[int],
) -> None:
    told: list[int] = []
    worked: list[int] = []
    monkeypatch.setattr(os, "nice", lambda by: nice(told, by))
    monkeypatch.setattr(worker, "work", lambda threads, with_parent: worked.append(threads))
    result = application.test_cli_runner().invoke(args=["worker", "--threads", "3", *given])
    assert (result.exit_code, told, worked) == (0, expected, [3])
