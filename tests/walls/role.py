"""A role that owns no table, made by the statements of docs/deployment.md, and requests that are answered as it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from flask import Flask, has_request_context
from sqlalchemy import Connection, event, make_url

from segmentation.extensions import db

DOCS = Path(__file__).resolve().parents[2] / "docs" / "deployment.md"


@contextmanager
def bound_role(url: str) -> Iterator[str]:
    """The name of such a role, whom row-level security binds; it goes with the block."""
    role = f"segmentation_web_{uuid.uuid4().hex[:12]}"
    made = DOCS.read_text().split("```sql\n")[1].split("```")[0].replace("segmentation_web", role)
    with psycopg.connect(url, autocommit=True) as connection:
        made = made.replace("DATABASE segmentation", f'DATABASE "{connection.info.dbname}"')
        made = made.replace("ROLE segmentation_owner ", f"ROLE {connection.info.user} ")
        connection.execute(made)
        try:
            yield role
        finally:
            connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def url_of(url: str, role: str) -> str:
    """The database at `url`, as that role."""
    return make_url(url).set(username=role, password="change me").render_as_string(hide_password=False)


def bind_requests(app: Flask, role: str) -> None:
    """Have the requests to `app` see what that role sees. The test around them stays the owner."""

    def become(connection: Connection) -> None:
        if has_request_context():
            connection.exec_driver_sql(f"SET LOCAL ROLE {role}")

    with app.app_context():
        event.listen(db.engine, "begin", become)
