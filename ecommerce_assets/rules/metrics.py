"""The list of metrics: slug, unit, formula, and aggregation over time.

The API's models, its `/metrics` and the page use this list. `rules.revenue` computes the metrics.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Unit(StrEnum):
    """The unit of a metric."""

    COUNT = "count"
    """A whole number."""
    AMOUNT = "amount"
    """The store's currency, two decimals."""
    RATE = "rate"
    """A rate between 0 and 1, four decimals."""


DECIMALS = MappingProxyType({Unit.COUNT: 0, Unit.AMOUNT: 2, Unit.RATE: 4})


class OverTime(StrEnum):
    """How the metric of a period is computed from that of its days."""

    SUM = "sum"
    """The sum over its days."""
    RATIO = "ratio"
    """The ratio of the period's totals, since a mean would weigh all days equally."""
    DISTINCT = "distinct"
    """A distinct count over the period, since a customer or order may occur on several days."""


@dataclass(frozen=True)
class Metric:
    """A figure of a day or a period; `slug` is its name in the table, the API and the page."""

    slug: str
    title: str
    unit: Unit
    over_time: OverTime
    formula: str
    example: int | str


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.slug: metric
        for metric in (
            Metric(
                "orders",
                "Orders",
                Unit.COUNT,
                OverTime.SUM,
                "Recognised orders placed.",
                42,
            ),
            Metric(
                "units",
                "Units",
                Unit.COUNT,
                OverTime.SUM,
                "Units on product lines of recognised orders, sold then.",
                97,
            ),
            Metric(
                "gross_revenue",
                "Gross revenue",
                Unit.AMOUNT,
                OverTime.SUM,
                "Line gross of product lines of recognised orders, sold then.",
                "4744.76",
            ),
            Metric(
                "discounts",
                "Discounts",
                Unit.AMOUNT,
                OverTime.SUM,
                "Discounts on these lines: their own, and their parts of the orders'.",
                "279.52",
            ),
            Metric(
                "refunds",
                "Refunds",
                Unit.AMOUNT,
                OverTime.SUM,
                "Refunds on the basis asked for: by their own date or by the order's.",
                "158.47",
            ),
            Metric(
                "refunds_by_return_date",
                "Refunds by return date",
                Unit.AMOUNT,
                OverTime.SUM,
                "Refunds of returns of product lines, and other refunds, given then.",
                "158.47",
            ),
            Metric(
                "refunds_by_order_date",
                "Refunds by order date",
                Unit.AMOUNT,
                OverTime.SUM,
                "Refunds, on any day so far, of orders placed then.",
                "91.43",
            ),
            Metric(
                "net_revenue",
                "Net revenue",
                Unit.AMOUNT,
                OverTime.SUM,
                "gross_revenue − discounts − refunds.",
                "4306.77",
            ),
            Metric(
                "cost",
                "Cost of goods",
                Unit.AMOUNT,
                OverTime.SUM,
                "Cost of the product lines sold then, less that of returns that came back then; "
                "a cost that is not known counts 0.",
                "1898.40",
            ),
            Metric(
                "gross_margin",
                "Gross margin",
                Unit.AMOUNT,
                OverTime.SUM,
                "net_revenue − cost.",
                "2408.37",
            ),
            Metric(
                "uncosted_revenue",
                "Revenue without a cost",
                Unit.AMOUNT,
                OverTime.SUM,
                "Of gross_revenue − discounts, the lines whose cost is not known.",
                "120.00",
            ),
            Metric(
                "other_sales",
                "Other sales",
                Unit.AMOUNT,
                OverTime.SUM,
                "Lines that are no products, such as gift cards, sold then, less their refunds; "
                "in no revenue figure.",
                "50.00",
            ),
            Metric(
                "order_value",
                "Order value",
                Unit.AMOUNT,
                OverTime.SUM,
                "Gross less discounts of the product lines, sold on any day, "
                "of recognised orders placed.",
                "4465.24",
            ),
            Metric(
                "aov",
                "Average order value",
                Unit.AMOUNT,
                OverTime.RATIO,
                "order_value ÷ orders, half up; null without orders.",
                "106.32",
            ),
            Metric(
                "new_customers",
                "New customers",
                Unit.COUNT,
                OverTime.SUM,
                "Customers whose first recognised order was placed then.",
                15,
            ),
            Metric(
                "repeat_customers",
                "Repeat customers",
                Unit.COUNT,
                OverTime.DISTINCT,
                "Customers with a recognised order then that is not of their first order date.",
                6,
            ),
            Metric(
                "guest_orders",
                "Guest orders",
                Unit.COUNT,
                OverTime.SUM,
                "Recognised orders placed without a customer.",
                3,
            ),
            Metric(
                "returned_orders",
                "Returned orders",
                Unit.COUNT,
                OverTime.DISTINCT,
                "Orders with a return that came back then.",
                1,
            ),
            Metric(
                "return_rate",
                "Return rate",
                Unit.RATE,
                OverTime.RATIO,
                "Of the recognised orders placed then, the share that has a return by now; "
                "null without orders.",
                "0.0526",
            ),
            Metric(
                "shipping",
                "Shipping",
                Unit.AMOUNT,
                OverTime.SUM,
                "Shipping of recognised orders placed, less what was given back of shipping then; "
                "in no revenue figure.",
                "72.70",
            ),
            Metric(
                "tax",
                "Tax",
                Unit.AMOUNT,
                OverTime.SUM,
                "Tax of recognised orders placed; in no revenue figure.",
                "476.60",
            ),
        )
    }
)
