"""What `ecommerce prune` deleted: a log of prunings, and how many records of each file."""

from alembic import op

revision = "0008"
down_revision = "0007"

_PRUNINGS = """
create table ops.prunings (
    pruned_at timestamptz primary key default now(),
    before date not null,
    records bigint not null
);
alter table ops.staged_files add pruned bigint not null default 0;
comment on column ops.staged_files.pruned is 'of the staged records, how many were pruned';
"""


def upgrade() -> None:
    """Add the log and the count; nothing is pruned yet."""
    op.execute(_PRUNINGS)
