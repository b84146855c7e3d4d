"""people."""

import sqlalchemy as sa
from alembic import op

from segmentation.models import types

revision = '0005'
down_revision = '0004'


def upgrade() -> None:
    """Apply: people are invited by one-time links, programs have tokens,
    sign-ins are told
    apart, events have ids."""
    op.create_table('invites',
    sa.Column('store_id', types.Identifier(), nullable=False),
    sa.Column('id', types.Identifier(), nullable=False),
    sa.Column('user_id', types.Identifier(), nullable=True),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('role', sa.String(length=10), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('created_at', types.Instant(), nullable=False),
    sa.Column('expires_at', types.Instant(), nullable=False),
    sa.Column('used_at', types.Instant(), nullable=True),
    sa.Column('revoked_at', types.Instant(), nullable=True),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_invites_store_id_stores'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_invites_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('store_id', 'id', name=op.f('pk_invites'))
    )
    with op.batch_alter_table('invites', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invites_user_id'), ['user_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_invites_digest'), ['digest'], unique=True)
        batch_op.create_index(batch_op.f('ix_invites_expires_at'), ['expires_at'], unique=False)
    op.create_table('api_tokens',
    sa.Column('store_id', types.Identifier(), nullable=False),
    sa.Column('id', types.Identifier(), nullable=False),
    sa.Column('user_id', types.Identifier(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('role', sa.String(length=10), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('hint', sa.String(length=12), nullable=False),
    sa.Column('created_at', types.Instant(), nullable=False),
    sa.Column('expires_at', types.Instant(), nullable=True),
    sa.Column('last_used_at', types.Instant(), nullable=True),
    sa.Column('revoked_at', types.Instant(), nullable=True),
    sa.ForeignKeyConstraint(['store_id'], ['stores.id'], name=op.f('fk_api_tokens_store_id_stores'),
                            ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_api_tokens_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('store_id', 'id', name=op.f('pk_api_tokens'))
    )
    with op.batch_alter_table('api_tokens', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_tokens_digest'), ['digest'], unique=True)
        batch_op.create_index(batch_op.f('ix_api_tokens_user_id'), ['user_id'], unique=False)
    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('device', sa.String(length=40), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('last_seen_at', types.Instant(), nullable=True))
        batch_op.add_column(sa.Column('previous_refresh_id', types.Identifier(), nullable=True))
        batch_op.add_column(sa.Column('refreshed_at', types.Instant(), nullable=True))
    with op.batch_alter_table('audit_events', schema=None) as batch_op:
        batch_op.add_column(sa.Column('id', types.Identifier(), nullable=True))
    _give_ids()
    with op.batch_alter_table('audit_events', schema=None) as batch_op:
        batch_op.alter_column('id', existing_type=types.Identifier(), nullable=False)
        batch_op.create_index(batch_op.f('ix_audit_events_id'), ['id'], unique=True)
        batch_op.create_index(batch_op.f('ix_audit_events_store_id_action_number'), ['store_id', 'action', 'number'],
                              unique=False)
        batch_op.create_index(batch_op.f('ix_audit_events_user_id_number'), ['user_id', 'number'], unique=False)


def _give_ids() -> None:
    """Give an id to each event there is, in the order in which they happened."""
    events = sa.table('audit_events', sa.column('number', sa.BigInteger), sa.column('id', types.Identifier()))
    connection = op.get_bind()
    numbers = connection.scalars(sa.select(events.c.number).order_by(events.c.number)).all()
    if numbers:
        connection.execute(
            sa.update(events).where(events.c.number == sa.bindparam('of')).values(id=sa.bindparam('given')),
            [{'of': number, 'given': types.new_id()} for number in numbers])


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table('audit_events', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_events_user_id_number'))
        batch_op.drop_index(batch_op.f('ix_audit_events_store_id_action_number'))
        batch_op.drop_index(batch_op.f('ix_audit_events_id'))
        batch_op.drop_column('id')
    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.drop_column('refreshed_at')
        batch_op.drop_column('previous_refresh_id')
        batch_op.drop_column('last_seen_at')
        batch_op.drop_column('device')
    op.drop_table('api_tokens')
    op.drop_table('invites')
