"""seen statuses."""

import json

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'


def upgrade() -> None:
    """Apply: each store remembers the statuses of its orders."""
    with op.batch_alter_table('stores', schema=None) as batch_op:
        batch_op.add_column(sa.Column('seen_statuses', sa.JSON(), nullable=False, server_default='[]'))
    connection = op.get_bind()
    seen: dict[object, list[str]] = {}
    for store_id, status in connection.execute(sa.text('SELECT DISTINCT store_id, status FROM orders ORDER BY status')):
        seen.setdefault(store_id, []).append(status)
    for store_id, statuses in seen.items():
        connection.execute(sa.text('UPDATE stores SET seen_statuses = :statuses WHERE id = :store_id'),
                           {'statuses': json.dumps(statuses), 'store_id': store_id})


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table('stores', schema=None) as batch_op:
        batch_op.drop_column('seen_statuses')
