"""An index that holds what most rules ask of customers, so that counting does not read their names and addresses.

Revision ID: 0007
"""

from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None
COLUMNS = ['store_id', 'number', 'id', 'orders_count', 'orders_amount', 'average_order_amount', 'first_order_at',
           'last_order_at', 'segment', 'recency_score', 'frequency_score', 'monetary_score', 'cltv',
           'accepts_marketing', 'created_at', 'birthday_month_day', 'gender', 'country', 'language']


def upgrade() -> None:
    """Apply."""
    op.create_index('ix_customers_narrow', 'customers', COLUMNS, unique=False)


def downgrade() -> None:
    """Undo."""
    op.drop_index('ix_customers_narrow', 'customers')
