"""Sales by month, so that a year broken down is read from whole months and a few days."""

from alembic import op

revision = "0006"
down_revision = "0005"

_SALES = """
create table analytics.fct_sales_monthly (
    dimension text collate "C" not null,
    month date not null,
    value text collate "C" not null,
    orders bigint not null,
    units bigint not null,
    gross_revenue numeric(20,2) not null,
    discounts numeric(20,2) not null,
    refunds numeric(20,2) not null,
    refunds_by_order_date numeric(20,2) not null,
    cost numeric(20,2) not null,
    primary key (dimension, month, value)
);
insert into analytics.fct_sales_monthly
select dimension, date_trunc('month', date)::date, value, sum(orders), sum(units),
       sum(gross_revenue), sum(discounts), sum(refunds), sum(refunds_by_order_date), sum(cost)
from analytics.fct_sales_daily group by 1, 2, 3;
"""


def upgrade() -> None:
    """Add the table, and sum what there is by day."""
    op.execute(_SALES)
