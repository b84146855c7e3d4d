"""walls."""

from alembic import op

revision = '0008'
down_revision = '0007'
# Each in a query of its own, so that it is asked once a statement and not once a row.
OWN = "(SELECT NULLIF(current_setting('segmentation.store_id', true), '')::uuid)"
ACROSS = "(SELECT current_setting('segmentation.across', true))"
KEY = "(SELECT current_setting('segmentation.key', true))"
USER = ("(SELECT CASE current_setting('segmentation.across', true) WHEN 'member'"
        " THEN NULLIF(current_setting('segmentation.key', true), '')::uuid END)")
# Which rows a role that does not own the tables is let see and write, table by table.
TABLES = ('stores', 'memberships', 'invites', 'api_tokens', 'customers', 'customer_tags', 'attributes',
          'customer_attributes', 'orders', 'order_lines', 'tombstones', 'segments', 'segment_revisions',
          'answered_requests', 'jobs', 'audit_events')
ROWS = {'stores': f'id = {OWN}',
        'audit_events': f'store_id = {OWN} OR store_id IS NULL'}  # sign-ins are of no store
# And what a purpose adds to them.
PURPOSES = (
    ('memberships', 'member', 'SELECT', f'user_id = {USER}'),
    ('stores', 'member', 'SELECT', f'id IN (SELECT store_id FROM memberships WHERE user_id = {USER})'),
    ('answered_requests', 'member', 'SELECT',
     f'store_id IN (SELECT store_id FROM memberships WHERE user_id = {USER})'),
    ('invites', 'invite', 'SELECT', f"digest = {KEY} AND {ACROSS} = 'invite'"),
    ('api_tokens', 'token', 'SELECT', f"digest = {KEY} AND {ACROSS} = 'token'"),
    ('jobs', 'jobs', 'ALL', f"{ACROSS} = 'jobs'"),
    *((table, 'sweep', 'SELECT', f"{ACROSS} = 'sweep'") for table in ('stores', 'segments', 'jobs')),
    *((table, 'sweep', 'ALL', f"{ACROSS} = 'sweep'") for table in ('invites', 'api_tokens')),
)


def upgrade() -> None:
    """Apply: the database itself keeps stores apart. The owner of the tables, who migrates them, is not bound."""
    if op.get_bind().dialect.name != 'postgresql':
        return
    for table in TABLES:
        rows = ROWS.get(table, f'store_id = {OWN}')
        op.execute(f'ALTER TABLE {table} ENABLE ROW LEVEL SECURITY')
        op.execute(f'CREATE POLICY own_store ON {table} USING ({rows})')
    for table, purpose, what, rows in PURPOSES:
        op.execute(f'CREATE POLICY {purpose} ON {table} FOR {what} USING ({rows})')


def downgrade() -> None:
    """Undo."""
    if op.get_bind().dialect.name != 'postgresql':
        return
    for table, purpose, _what, _rows in PURPOSES:
        op.execute(f'DROP POLICY {purpose} ON {table}')
    for table in TABLES:
        op.execute(f'DROP POLICY own_store ON {table}')
        op.execute(f'ALTER TABLE {table} DISABLE ROW LEVEL SECURITY')
