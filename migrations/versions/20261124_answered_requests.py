"""answered requests."""

import sqlalchemy as sa
from alembic import op

from segmentation.models import types

revision = '0004'
down_revision = '0003'


def upgrade() -> None:
    """Apply: answers to requests with an idempotency key are kept for a day."""
    op.create_table('answered_requests',
    sa.Column('store_id', types.Identifier(), nullable=False),
    sa.Column('route', sa.String(length=80), nullable=False),
    sa.Column('key', sa.String(length=255), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('status', sa.SmallInteger(), nullable=False),
    sa.Column('headers', sa.JSON(), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('created_at', types.Instant(), nullable=False),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_answered_requests_store_id_stores'),
                            ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('store_id', 'route', 'key', name=op.f('pk_answered_requests')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('answered_requests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_answered_requests_store_id_created_at'), ['store_id', 'created_at'],
                              unique=False)


def downgrade() -> None:
    """Undo."""
    op.drop_table('answered_requests')
