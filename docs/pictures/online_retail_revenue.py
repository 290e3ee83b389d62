"""Draws online_retail_revenue.png from a loaded warehouse, and prints its table for the README.

Run it after docs/online-retail.md: `.venv/bin/python docs/pictures/online_retail_revenue.py`.
"""

from pathlib import Path

import psycopg
from matplotlib.figure import Figure

from ecommerce_assets.settings import load_settings
from ecommerce_assets.warehouse.database_url import database_url

MONTHS = """
    select to_char(date, 'YYYY-MM'), sum(orders)::bigint, sum(gross_revenue), sum(refunds),
           sum(net_revenue)
    from analytics.fct_revenue_daily group by 1 order by 1
"""


def main() -> None:
    """Draw the picture and print the table."""
    with psycopg.connect(database_url(load_settings())) as connection:
        months = connection.execute(MONTHS).fetchall()
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.bar([month for month, *_ in months], [float(row[4]) / 1000 for row in months])
    axes.set_ylabel("net revenue, thousand GBP")
    axes.tick_params(axis="x", rotation=60)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110)
    print("| month | orders | gross | refunds | net |\n|---|---:|---:|---:|---:|")
    for month, orders, gross, refunds, net in months:
        print(f"| {month} | {orders:,} | {gross:,} | {refunds:,} | {net:,} |")


if __name__ == "__main__":
    main()
