"""settings."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'


def upgrade() -> None:
    """Apply: changes of a store's settings are counted."""
    with op.batch_alter_table('stores', schema=None) as batch_op:
        batch_op.add_column(sa.Column('settings_version', sa.Integer(), nullable=False, server_default='1'))


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table('stores', schema=None) as batch_op:
        batch_op.drop_column('settings_version')
