"""The warehouse: staging, quarantine, analytics, and what `ops` keeps beside them."""

from alembic import op

revision = "0001"
down_revision = None

# Text compares by code point everywhere, so that SQL, Python and the contract agree on order.
_STAGING = """
create table staging.customers (
    batch_date date not null, source_file text collate "C" not null, line_number bigint not null,
    customer_id text collate "C" not null,
    email_sha256 text collate "C",
    country text collate "C",
    created_at timestamptz not null,
    ingested_at timestamptz not null,
    primary key (batch_date, source_file, line_number)
);
create index on staging.customers (customer_id);

create table staging.products (
    batch_date date not null, source_file text collate "C" not null, line_number bigint not null,
    product_id text collate "C" not null,
    updated_at timestamptz not null,
    name text collate "C" not null,
    category text collate "C",
    price numeric(14,4) not null,
    cost numeric(14,4),
    ingested_at timestamptz not null,
    primary key (batch_date, source_file, line_number)
);
create index on staging.products (product_id);

create table staging.orders (
    batch_date date not null, source_file text collate "C" not null, line_number bigint not null,
    order_id text collate "C" not null,
    customer_id text collate "C",
    status text collate "C" not null,
    ordered_at timestamptz not null,
    paid_at timestamptz,
    fulfilled_at timestamptz,
    delivered_at timestamptz,
    currency text collate "C",
    order_discount numeric(20,2) not null,
    shipping_amount numeric(20,2) not null,
    tax_amount numeric(20,2) not null,
    ingested_at timestamptz not null,
    primary key (batch_date, source_file, line_number)
);
create index on staging.orders (order_id);

create table staging.order_items (
    batch_date date not null, source_file text collate "C" not null, line_number bigint not null,
    order_item_id text collate "C" not null,
    order_id text collate "C" not null,
    product_id text collate "C" not null,
    quantity bigint not null,
    unit_price numeric(14,4) not null,
    discount_amount numeric(20,2) not null,
    ingested_at timestamptz not null,
    primary key (batch_date, source_file, line_number)
);
create index on staging.order_items (order_item_id);
create index on staging.order_items (order_id);

create table staging.returns (
    batch_date date not null, source_file text collate "C" not null, line_number bigint not null,
    return_id text collate "C" not null,
    order_item_id text collate "C" not null,
    order_id text collate "C" not null,
    quantity bigint not null,
    returned_at timestamptz not null,
    refund_amount numeric(20,2) not null,
    reason text collate "C",
    ingested_at timestamptz not null,
    primary key (batch_date, source_file, line_number)
);
create index on staging.returns (return_id);
create index on staging.returns (order_id);

create table staging.inventory (
    batch_date date not null, source_file text collate "C" not null, line_number bigint not null,
    snapshot_date date not null,
    product_id text collate "C" not null,
    warehouse_id text collate "C" not null,
    on_hand bigint not null,
    allocated bigint not null,
    reorder_point bigint not null,
    ingested_at timestamptz not null,
    primary key (batch_date, source_file, line_number)
);
create index on staging.inventory (snapshot_date, product_id, warehouse_id);
"""

_QUARANTINE = """
create table quarantine.records (
    feed text collate "C" not null,
    batch_date date not null, source_file text collate "C" not null, line_number bigint not null,
    business_key text collate "C",
    stage text collate "C" not null check (stage in ('row', 'relation')),
    reasons jsonb not null,
    record jsonb not null,
    order_id text collate "C",
    primary key (feed, batch_date, source_file, line_number)
);
create index on quarantine.records (order_id) where stage = 'relation';
create index on quarantine.records (batch_date desc, feed, source_file, line_number);
comment on column quarantine.records.order_id is 'stage relation: the order that was judged';
"""

_ANALYTICS = """
create table analytics.dim_date (
    date date primary key,
    year bigint not null,
    quarter bigint not null,
    month bigint not null,
    iso_year bigint not null,
    iso_week bigint not null,
    day_of_week bigint not null,
    is_weekend boolean not null
);

create table analytics.dim_customer (
    customer_id text collate "C" primary key,
    email_sha256 text collate "C",
    country text collate "C",
    created_at timestamptz,
    first_order_date date,
    last_order_date date,
    orders bigint not null,
    net_revenue numeric(20,2) not null,
    is_inferred boolean not null
);
create index on analytics.dim_customer (first_order_date);

create table analytics.dim_product (
    product_key text collate "C" primary key,
    product_id text collate "C" not null,
    name text collate "C" not null,
    category text collate "C",
    price numeric(14,4) not null,
    cost numeric(14,4),
    valid_from timestamptz not null,
    valid_to timestamptz,
    is_current boolean not null
);
create index on analytics.dim_product (product_id, valid_from);

create table analytics.fct_orders (
    order_id text collate "C" primary key,
    customer_id text collate "C",
    status text collate "C" not null,
    is_recognised boolean not null,
    ordered_at timestamptz not null,
    order_date date not null,
    paid_at timestamptz,
    fulfilled_at timestamptz,
    delivered_at timestamptz,
    lines bigint not null,
    units bigint not null,
    returns bigint not null,
    gross_amount numeric(20,2) not null,
    discount_amount numeric(20,2) not null,
    refund_amount numeric(20,2) not null,
    net_amount numeric(20,2) not null,
    shipping_amount numeric(20,2) not null,
    tax_amount numeric(20,2) not null,
    batch_date date not null, source_file text collate "C" not null, line_number bigint not null
);
create index on analytics.fct_orders (order_date, is_recognised);
create index on analytics.fct_orders (customer_id, order_date);

create table analytics.fct_order_items (
    order_item_id text collate "C" primary key,
    order_id text collate "C" not null,
    product_id text collate "C" not null,
    product_key text collate "C",
    order_date date not null,
    is_recognised boolean not null,
    quantity bigint not null,
    unit_price numeric(14,4) not null,
    gross_amount numeric(20,2) not null,
    discount_amount numeric(20,2) not null,
    order_discount_amount numeric(20,2) not null,
    net_amount numeric(20,2) not null,
    batch_date date not null, source_file text collate "C" not null, line_number bigint not null
);
create index on analytics.fct_order_items (order_id);
create index on analytics.fct_order_items (product_id, order_date);

create table analytics.fct_returns (
    return_id text collate "C" primary key,
    order_item_id text collate "C" not null,
    order_id text collate "C" not null,
    product_id text collate "C" not null,
    quantity bigint not null,
    returned_at timestamptz not null,
    return_date date not null,
    days bigint not null,
    is_refundable boolean not null,
    requested_amount numeric(20,2) not null,
    refund_amount numeric(20,2) not null,
    reason text collate "C",
    batch_date date not null, source_file text collate "C" not null, line_number bigint not null
);
create index on analytics.fct_returns (order_id);
create index on analytics.fct_returns (return_date);

create table analytics.fct_inventory_daily (
    snapshot_date date not null,
    product_id text collate "C" not null,
    warehouse_id text collate "C" not null,
    product_key text collate "C",
    on_hand bigint not null,
    allocated bigint not null,
    available bigint not null,
    reorder_point bigint not null,
    is_alert boolean not null,
    batch_date date not null, source_file text collate "C" not null, line_number bigint not null,
    primary key (snapshot_date, product_id, warehouse_id)
);
create index on analytics.fct_inventory_daily (product_id, snapshot_date);

create table analytics.fct_revenue_daily (
    date date primary key,
    orders bigint not null,
    units bigint not null,
    gross_revenue numeric(20,2) not null,
    discounts numeric(20,2) not null,
    refunds numeric(20,2) not null,
    refunds_by_order_date numeric(20,2) not null,
    net_revenue numeric(20,2) not null,
    aov numeric(20,2),
    new_customers bigint not null,
    repeat_customers bigint not null,
    guest_orders bigint not null,
    returned_orders bigint not null,
    return_rate numeric(5,4),
    shipping numeric(20,2) not null,
    tax numeric(20,2) not null
);

create table analytics.fct_cohort_ltv (
    cohort_date date not null,
    horizon_days bigint not null,
    customers bigint not null,
    retained_customers bigint not null,
    retention_rate numeric(5,4) not null,
    net_revenue numeric(20,2) not null,
    ltv numeric(20,2) not null,
    complete_on date not null,
    primary key (cohort_date, horizon_days)
);
"""

# Who is handed keys: touched_orders the order cluster, touched_products dim_product, and so on;
# a row stays until the transaction that has worked it off.
_OPS = """
create table ops.settings (name text primary key, value text not null);
comment on table ops.settings is 'the settings and rules version that shaped the figures';

create table ops.staged_files (
    feed text collate "C" not null,
    batch_date date not null,
    source_file text collate "C" not null,
    sha256 text not null,
    records bigint not null,
    staged bigint not null,
    quarantined bigint not null,
    ignored_columns jsonb not null,
    primary key (feed, batch_date, source_file)
);
create index on ops.staged_files (batch_date);
comment on table ops.staged_files is 'the files whose records staging and quarantine hold now';

create table ops.refusals (
    refused_at timestamptz not null default now(),
    run_id text not null,
    feed text collate "C" not null,
    batch_date date not null,
    source_file text collate "C",
    reason text not null
);
create index on ops.refusals (run_id);

create table ops.complete_figures (
    only_row boolean primary key default true check (only_row),
    last_batch_date date
);
insert into ops.complete_figures (last_batch_date) values (null);
comment on table ops.complete_figures is
    'the last loaded batch date when the figures by day were last computed through';

create table ops.touched_batches (batch_date date primary key);
comment on table ops.touched_batches is
    'the batch days that changed since the figures by day were last computed through';

create table ops.unchecked_batches (
    step text not null,
    batch_date date not null,
    primary key (step, batch_date)
);
comment on table ops.unchecked_batches is
    'the batch days that changed since a step of the checks last judged them';

create table ops.restatements (
    restated_at timestamptz not null default now(),
    run_id text not null,
    first_batch_date date not null,
    last_batch_date date not null,
    date date not null,
    figure text not null,
    old_value numeric,
    new_value numeric
);
create index on ops.restatements (date);
create index on ops.restatements (run_id);

create table ops.api_keys (
    name text collate "C" primary key,
    key_sha256 text not null unique,
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);

create table ops.warehouse_version (
    only_row boolean primary key default true check (only_row),
    version bigint not null
);
insert into ops.warehouse_version (version) values (0);
comment on table ops.warehouse_version is 'counts the transactions that changed what readers see';

create table ops.touched_orders (order_id text collate "C" primary key);
create table ops.touched_products (product_id text collate "C" primary key);
create table ops.touched_customers (
    customer_id text collate "C" not null, date date,
    unique nulls not distinct (customer_id, date)
);
comment on column ops.touched_customers.date is 'of a changed order or return; null: the customer';
create table ops.touched_inventory (
    snapshot_date date, product_id text collate "C", warehouse_id text collate "C",
    primary key (snapshot_date, product_id, warehouse_id)
);
create table ops.touched_dates (date date primary key);
create table ops.touched_cohorts (cohort_date date primary key);
"""


def upgrade() -> None:
    """Create the schemas and their tables; `ops` is there already, for Alembic's own table."""
    op.execute("create schema staging; create schema quarantine; create schema analytics;")
    op.execute(_STAGING)
    op.execute(_QUARANTINE)
    op.execute(_ANALYTICS)
    op.execute(_OPS)
