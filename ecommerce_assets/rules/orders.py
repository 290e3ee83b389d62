"""Computes an order with its lines, returns, adjustments and relation quarantine together.

The parts depend on each other (docs/reference/rules.md, Money, Sale date, Relation rules).
`rules.returns` judges returns and adjustments.
"""

from dataclasses import dataclass

import pandas as pd

from ecommerce_assets.rules.calendar import business_date
from ecommerce_assets.rules.keys import is_in
from ecommerce_assets.rules.kinds import PRODUCT, REFUND
from ecommerce_assets.rules.money import line_gross, sums, times_price
from ecommerce_assets.rules.products import unit_costs, version_at
from ecommerce_assets.rules.returns import (
    ADJUSTMENT_RULES,
    RETURN_RULES,
    adjustment_facts,
    judge_adjustments,
    judge_returns,
    return_facts,
)
from ecommerce_assets.rules.versions import latest

RECOGNISED = ("paid", "fulfilled", "delivered", "returned")

RELATION_RULES = {
    "discount_exceeds_gross": "the order's discount is more than the gross of its lines so far",
    "orphan": "what it belongs to is not in the facts",
    "unpaid_return": "its order is not recognised: it was never paid, or was cancelled",
    "return_before_order": "it is of a time before its order",
    "return_exceeds_line": "the line's returns so far pass its quantity or its net amount",
}
"""Every relation rule, with its message."""


@dataclass(frozen=True)
class Cluster:
    """The facts of some orders, with the columns of their tables, and the broken relation rules.

    `broken` has a row a broken rule of a record: `feed`, its address, `business_key`, `order_id`,
    `rule` and `message`.
    """

    orders: pd.DataFrame
    order_items: pd.DataFrame
    returns: pd.DataFrame
    adjustments: pd.DataFrame
    broken: pd.DataFrame


def build_cluster(
    order_ids: pd.Series,
    orders: pd.DataFrame,
    order_items: pd.DataFrame,
    returns: pd.DataFrame,
    adjustments: pd.DataFrame,
    product_versions: pd.DataFrame,
    *,
    timezone: str,
    return_days: int,
) -> Cluster:
    """Compute the facts of the orders `order_ids`.

    `orders`, `order_items`, `returns` and `adjustments` hold all staged versions of every record of
    which any version names one of them; `product_versions` is `dim_product` of the items' products.
    """
    orders = latest(orders, ["order_id"])
    lines = _of(order_ids, latest(order_items, ["order_item_id"]))
    returns = _of(order_ids, latest(returns, ["return_id"]))
    adjustments = _of(order_ids, latest(adjustments, ["adjustment_id"]))

    lines = lines.assign(
        gross_amount=line_gross(lines["quantity"], lines["unit_price"], lines["gross_amount"])
    )
    exceeds = _discount_exceeds_gross(orders, lines)
    facts = orders[~exceeds].copy()
    facts["order_date"] = business_date(facts["ordered_at"], timezone)
    facts["is_recognised"] = facts["status"].isin(RECOGNISED)

    has_order = is_in(lines["order_id"], facts["order_id"])
    line_facts = _line_facts(lines[has_order], facts, product_versions, timezone)
    judged_returns = judge_returns(returns, facts, line_facts)
    kept_returns = return_facts(judged_returns, facts, line_facts, timezone, return_days)
    judged_adjustments = judge_adjustments(adjustments, facts)
    kept_adjustments = adjustment_facts(judged_adjustments, timezone)
    broken = [
        _broken("orders", "order_id", orders[exceeds], "discount_exceeds_gross"),
        _broken("order_items", "order_item_id", lines[~has_order], "orphan"),
        *(
            _broken("returns", "return_id", judged_returns[judged_returns[rule]], rule)
            for rule in RETURN_RULES
        ),
        *(
            _broken(
                "adjustments", "adjustment_id", judged_adjustments[judged_adjustments[rule]], rule
            )
            for rule in ADJUSTMENT_RULES
        ),
    ]
    return Cluster(
        orders=_with_totals(facts, line_facts, kept_returns, kept_adjustments),
        order_items=line_facts,
        returns=kept_returns,
        adjustments=kept_adjustments,
        broken=pd.concat(broken, ignore_index=True),
    )


def _of(order_ids: pd.Series, records: pd.DataFrame) -> pd.DataFrame:
    """Keep the records whose latest version names one of the orders."""
    return records[is_in(records["order_id"], order_ids)]


def _per_order(frame: pd.DataFrame, columns: list[str], order_ids: pd.Series) -> pd.DataFrame:
    """Sum columns by order, 0 for an order without rows; indexed as `order_ids`."""
    # A join with a fill would turn the sums into floats.
    totals = sums(frame, "order_id", columns).reindex(order_ids, fill_value=0)
    return totals.set_axis(order_ids.index)


def _discount_exceeds_gross(orders: pd.DataFrame, lines: pd.DataFrame) -> pd.Series:
    """Find the orders whose discount is more than the gross of their lines, of every kind."""
    totals = _per_order(lines, ["gross_amount", "discount_amount"], orders["order_id"])
    return orders["order_discount"] + totals["discount_amount"] > totals["gross_amount"]


def _line_facts(
    lines: pd.DataFrame, orders: pd.DataFrame, product_versions: pd.DataFrame, timezone: str
) -> pd.DataFrame:
    """Make `fct_order_items`, with `order_discount` of the order and `unit_cost` of the version.

    A line's sale date is the date it was added to the order, not before the order's date.
    """
    order = orders.set_index("order_id")[
        ["ordered_at", "order_date", "is_recognised", "order_discount"]
    ]
    lines = lines.join(order, on="order_id")
    is_later = lines["sold_at"] > lines["ordered_at"]
    lines["sold_at"] = lines["sold_at"].where(is_later, lines["ordered_at"])
    lines["sale_date"] = business_date(lines["sold_at"], timezone)
    lines["order_discount_amount"] = allocate_order_discount(lines)
    lines["net_amount"] = (
        lines["gross_amount"] - lines["discount_amount"] - lines["order_discount_amount"]
    )
    lines["product_key"] = version_at(product_versions, lines["product_id"], lines["sold_at"])
    lines["unit_cost"] = unit_costs(product_versions, lines["product_key"])
    lines["cost_amount"] = times_price(lines["quantity"], lines["unit_cost"])
    return lines


def allocate_order_discount(lines: pd.DataFrame) -> pd.Series:
    """Divide each order's `order_discount` among its lines, in cents that add up to it exactly.

    The parts are in proportion to gross less line discount. The largest remainders get the cents
    left over, ties the smaller `order_item_id`. Source: docs/reference/rules.md, Money. `lines` has
    `order_id`, `order_item_id`, `order_discount`, `gross_amount` and `discount_amount`.
    """
    parts = pd.Series(0, index=lines.index, dtype="int64")
    discounted = lines[lines["order_discount"] > 0]
    if discounted.empty:
        return parts
    # Cents × cents may exceed 64 bits, so these are Python integers.
    weight = (discounted["gross_amount"] - discounted["discount_amount"]).astype(object)
    order = discounted["order_id"]
    total = weight.groupby(order).transform("sum")
    product = discounted["order_discount"].astype(object) * weight
    part, remainder = product // total, product % total
    missing = discounted["order_discount"] - part.groupby(order).transform("sum")
    ranked = pd.DataFrame(
        {"order": order, "remainder": remainder, "item": discounted["order_item_id"]}
    ).sort_values(["order", "remainder", "item"], ascending=[True, False, True])
    rank = ranked.groupby("order").cumcount().reindex(discounted.index)
    parts[discounted.index] = (part + (rank < missing)).astype("int64")
    return parts


def _with_totals(
    orders: pd.DataFrame, lines: pd.DataFrame, returns: pd.DataFrame, adjustments: pd.DataFrame
) -> pd.DataFrame:
    """Add the sums of an order's lines, returns and adjustments (docs/reference/tables.md).

    Product lines give gross, discount, refund and units. The net of the other lines, less their
    refunds, is `other_amount`.
    """
    ids = orders["order_id"]
    products, others = (lines[mask] for mask in _is_product(lines))
    sold = _per_order(
        products.assign(
            lines=(products["quantity"] > 0).astype("int64"),
            units=products["quantity"],
            discount_amount=products["discount_amount"] + products["order_discount_amount"],
        ),
        ["lines", "units", "gross_amount", "discount_amount"],
        ids,
    )
    refunded, refunded_on_others = (
        _per_order(returns[mask], ["refund_amount"], ids)["refund_amount"]
        for mask in _is_product(returns)
    )
    is_refund = adjustments["kind"] == REFUND
    given_back, shipping = (
        _per_order(adjustments[mask], ["amount"], ids)["amount"] for mask in (is_refund, ~is_refund)
    )
    totals = sold.assign(
        returns=_per_order(returns.assign(returns=1), ["returns"], ids)["returns"],
        refund_amount=refunded + given_back,
        other_amount=_per_order(others, ["net_amount"], ids)["net_amount"] - refunded_on_others,
        shipping_refund_amount=shipping,
    )
    totals["net_amount"] = (
        totals["gross_amount"] - totals["discount_amount"] - totals["refund_amount"]
    )
    return pd.concat([orders, totals], axis=1)


def _is_product(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Whether each line, or return, is of a product."""
    is_product = rows["kind"] == PRODUCT
    return is_product, ~is_product


def _broken(feed: str, key: str, records: pd.DataFrame, rule: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "feed": pd.Series(feed, index=records.index, dtype="str"),
            "batch_date": records["batch_date"],
            "source_file": records["source_file"],
            "line_number": records["line_number"],
            "business_key": records[key],
            "order_id": records["order_id"],
            "rule": rule,
            "message": RELATION_RULES[rule],
        }
    )
