"""The queues of touched keys hold a key as often as it is handed over, without an index."""

from alembic import op

revision = "0007"
down_revision = "0006"

_KEYS = """
alter table ops.touched_orders drop constraint touched_orders_pkey;
alter table ops.touched_products drop constraint touched_products_pkey;
alter table ops.touched_customers drop constraint touched_customers_customer_id_date_key;
alter table ops.touched_inventory drop constraint touched_inventory_pkey;
alter table ops.touched_dates drop constraint touched_dates_pkey;
alter table ops.touched_cohorts drop constraint touched_cohorts_pkey;
"""


def upgrade() -> None:
    """Drop the keys of the queues; the one who takes entries takes each once."""
    op.execute(_KEYS)
