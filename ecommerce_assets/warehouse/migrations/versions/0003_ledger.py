"""The ledger: adjustments, kinds and sale dates of lines, costs, and where orders come from.

Facts that are there already get what they mean without the new columns, so that nothing is null
before `ecommerce rebuild` computes them by the new rules.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_STAGING = """
alter table staging.orders
    add channel text collate "C",
    add country text collate "C",
    add discount_code text collate "C";

alter table staging.order_items
    add kind text collate "C" not null default 'product',
    add gross_amount numeric(20,2),
    add sold_at timestamptz;
alter table staging.order_items alter kind drop default;

create table staging.adjustments (
    batch_date date not null, source_file text collate "C" not null, line_number bigint not null,
    adjustment_id text collate "C" not null,
    order_id text collate "C" not null,
    adjusted_at timestamptz not null,
    amount numeric(20,2) not null,
    kind text collate "C" not null,
    reason text collate "C",
    ingested_at timestamptz not null,
    primary key (batch_date, source_file, line_number)
);
create index on staging.adjustments (adjustment_id);
create index on staging.adjustments (order_id);
"""

_FACTS = """
alter table analytics.fct_orders
    add other_amount numeric(20,2) not null default 0,
    add shipping_refund_amount numeric(20,2) not null default 0,
    add channel text collate "C",
    add country text collate "C",
    add discount_code text collate "C";
alter table analytics.fct_orders
    alter other_amount drop default,
    alter shipping_refund_amount drop default;

alter table analytics.fct_order_items
    add kind text collate "C" not null default 'product',
    add sold_at timestamptz,
    add sale_date date,
    add cost_amount numeric(20,2);
update analytics.fct_order_items i set sold_at = o.ordered_at, sale_date = o.order_date
from analytics.fct_orders o where o.order_id = i.order_id;
alter table analytics.fct_order_items
    alter kind drop default,
    alter sold_at set not null,
    alter sale_date set not null;
drop index analytics.fct_order_items_product_id_order_date_idx;
create index on analytics.fct_order_items (product_id, sold_at);
create index on analytics.fct_order_items (sale_date);

alter table analytics.fct_returns
    add kind text collate "C" not null default 'product',
    add cost_amount numeric(20,2);
alter table analytics.fct_returns alter kind drop default;

create table analytics.fct_adjustments (
    adjustment_id text collate "C" primary key,
    order_id text collate "C" not null,
    kind text collate "C" not null,
    adjusted_at timestamptz not null,
    adjustment_date date not null,
    amount numeric(20,2) not null,
    reason text collate "C",
    batch_date date not null, source_file text collate "C" not null, line_number bigint not null
);
create index on analytics.fct_adjustments (order_id);
create index on analytics.fct_adjustments (adjustment_date);

alter table analytics.fct_revenue_daily
    add cost numeric(20,2) not null default 0,
    add gross_margin numeric(20,2),
    add uncosted_revenue numeric(20,2),
    add other_sales numeric(20,2) not null default 0,
    add order_value numeric(20,2);
update analytics.fct_revenue_daily set
    gross_margin = net_revenue,
    uncosted_revenue = gross_revenue - discounts,
    order_value = gross_revenue - discounts;
alter table analytics.fct_revenue_daily
    alter cost drop default,
    alter gross_margin set not null,
    alter uncosted_revenue set not null,
    alter other_sales drop default,
    alter order_value set not null;
"""


def upgrade() -> None:
    """Add the columns and tables; the reader may read new tables by its default privileges."""
    op.execute(_STAGING)
    op.execute(_FACTS)
