"""Restatements: up to when figures are complete, which batches change them, values of any size."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """
        create table ops.complete_figures (
            only_row boolean primary key default true check (only_row),
            last_batch_date date
        );
        insert into ops.complete_figures (last_batch_date)
        select max(batch_date) from ops.staged_files;
        comment on table ops.complete_figures is
            'the last loaded batch date when the figures by day were last computed through';

        create table ops.touched_batches (batch_date date primary key);
        comment on table ops.touched_batches is
            'the batch days that changed since the figures by day were last computed through';

        alter table ops.restatements
            alter old_value type numeric, alter new_value type numeric;
        create index on ops.restatements (run_id);

        drop table ops.loads;
        """
    )
