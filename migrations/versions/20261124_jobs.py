"""jobs."""

import sqlalchemy as sa
from alembic import op

from segmentation.models import types

revision = '0003'
down_revision = '0002'
NEW = ('params', 'deaths', 'cancelling', 'done', 'user_id', 'total', 'rate', 'result', 'error', 'started_at',
       'finished_at')


def upgrade() -> None:
    """Apply: a job says who asked for what, how far it is, and what came out of it."""
    with op.batch_alter_table('jobs', schema=None) as batch_op:
        batch_op.add_column(sa.Column('params', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('deaths', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('cancelling', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('done', sa.BigInteger(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('user_id', types.Identifier()))
        batch_op.add_column(sa.Column('total', sa.BigInteger()))
        batch_op.add_column(sa.Column('rate', sa.Double()))
        batch_op.add_column(sa.Column('result', sa.JSON()))
        batch_op.add_column(sa.Column('error', sa.JSON()))
        batch_op.add_column(sa.Column('started_at', types.Instant()))
        batch_op.add_column(sa.Column('finished_at', types.Instant()))
        batch_op.create_index(batch_op.f('ix_jobs_store_id_number'), ['store_id', 'number'], unique=False)
        batch_op.create_index(batch_op.f('ix_jobs_state'), ['state'], unique=False)
    # All jobs so far are imports by a command, which take up a failed one by themselves.
    op.execute("UPDATE jobs SET started_at = created_at, params = '{\"command\": true}'")
    op.execute("UPDATE jobs SET finished_at = updated_at WHERE state <> 'running'")


def downgrade() -> None:
    """Undo; jobs in states that were not known before are forgotten."""
    op.execute("DELETE FROM jobs WHERE state IN ('queued', 'cancelled')")
    with op.batch_alter_table('jobs', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_jobs_state'))
        batch_op.drop_index(batch_op.f('ix_jobs_store_id_number'))
        for name in reversed(NEW):
            batch_op.drop_column(name)
