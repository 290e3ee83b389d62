"""The batch days that changed since their checks were last judged."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        """
        create table ops.unchecked_batches (
            step text not null,
            batch_date date not null,
            primary key (step, batch_date)
        );
        comment on table ops.unchecked_batches is
            'the batch days that changed since a step of the checks last judged them';
        """
    )
