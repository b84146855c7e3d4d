"""How migrations run: on the application's own engine, in one transaction, one runner at a time."""

from alembic import context
from flask import current_app
from sqlalchemy import text

from segmentation.extensions import WRITES, db

MIGRATION_LOCK = 7_305_142_011  # any constant; names the advisory lock


def run() -> None:
    """Migrate. On PostgreSQL a second runner waits for the first; on SQLite the write lock does that."""
    options = {**current_app.extensions["migrate"].configure_args, "target_metadata": db.metadata,
               "user_module_prefix": "types."}
    if context.is_offline_mode():
        context.configure(url=str(db.engine.url), literal_binds=True, **options)
        with context.begin_transaction():
            context.run_migrations()
        return
    with db.engine.connect().execution_options(**{WRITES: True}) as connection:
        if connection.dialect.name == "sqlite":  # rebuilding a table must not cascade into its children
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        else:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
            connection.commit()
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        if connection.dialect.name == "sqlite":
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")


run()
