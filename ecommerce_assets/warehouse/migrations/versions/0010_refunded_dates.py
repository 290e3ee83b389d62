"""The queue of order dates of which only what was given back has changed."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the queue."""
    op.execute("create table ops.touched_refunded_dates (date date not null)")
