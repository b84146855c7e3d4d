"""replicas."""

import sqlalchemy as sa
from alembic import op

from segmentation.models import types

revision = '0009'
down_revision = '0008'
OWN = "(SELECT NULLIF(current_setting('segmentation.store_id', true), '')::uuid)"


def upgrade() -> None:
    """Apply: which columnar copy of a store is the one to read. It is the store's own, as in `walls`."""
    op.create_table(
        'replicas',
        sa.Column('store_id', types.Identifier(), nullable=False),
        sa.Column('version', sa.BigInteger(), nullable=False),
        sa.Column('token', sa.String(length=32), nullable=False),
        sa.Column('layout', sa.String(length=32), nullable=False),
        sa.Column('customers', sa.BigInteger(), nullable=False),
        sa.Column('renewed', sa.BigInteger(), nullable=False),
        sa.Column('size', sa.BigInteger(), nullable=False),
        sa.Column('seconds', sa.Double(), nullable=False),
        sa.Column('built_at', types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_replicas_store_id_stores'),
                                ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('store_id', name=op.f('pk_replicas')),
    )
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('ALTER TABLE replicas ENABLE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY own_store ON replicas USING (store_id = {OWN})')


def downgrade() -> None:
    """Undo."""
    op.drop_table('replicas')
