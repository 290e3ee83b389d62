"""Sales by day of each product, category, country, …, and the indexes that they are read by.

The dates that are there are handed over, so that the next load fills the table.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

_SALES = """
create table analytics.fct_sales_daily (
    dimension text collate "C" not null,
    date date not null,
    value text collate "C" not null,
    orders bigint not null,
    units bigint not null,
    gross_revenue numeric(20,2) not null,
    discounts numeric(20,2) not null,
    refunds numeric(20,2) not null,
    refunds_by_order_date numeric(20,2) not null,
    cost numeric(20,2) not null,
    primary key (dimension, date, value)
);
create index on analytics.fct_order_items (order_date) where sale_date <> order_date;
insert into ops.touched_dates select date from analytics.fct_revenue_daily on conflict do nothing;
"""


def upgrade() -> None:
    """Add the table."""
    op.execute(_SALES)
