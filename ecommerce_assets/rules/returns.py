"""Judges returns and adjustments by the relation rules, and computes refunds.

Source: docs/reference/rules.md, Returns, Adjustments, Relation rules.
"""

import pandas as pd

from ecommerce_assets.rules.calendar import business_date
from ecommerce_assets.rules.money import times_price

ADJUSTMENT_RULES = ("orphan", "unpaid_return", "return_before_order")
RETURN_RULES = (*ADJUSTMENT_RULES, "return_exceeds_line")


def judge_returns(returns: pd.DataFrame, orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Add a flag for each of `RETURN_RULES` to the latest versions of returns.

    `orders` and `lines` are the facts that returns may belong to.
    """
    judged = _judged_by_order(returns, orders, "returned_at")
    line = lines.set_index("order_item_id")[["order_id", "quantity", "net_amount"]]
    line_order = judged["order_item_id"].map(line["order_id"])
    judged["orphan"] = line_order.isna() | (line_order != judged["order_id"])
    judged["return_exceeds_line"] = False
    fit = judged[~judged[list(ADJUSTMENT_RULES)].any(axis=1)]
    fit = fit.sort_values(["order_item_id", "returned_at", "return_id"])
    fit = fit.join(line[["quantity", "net_amount"]].add_prefix("line_"), on="order_item_id")
    by_line = fit.groupby("order_item_id")
    exceeds = (by_line["quantity"].cumsum() > fit["line_quantity"]) | (
        by_line["refund_amount"].cumsum() > fit["line_net_amount"]
    )
    judged.loc[fit.index[exceeds], "return_exceeds_line"] = True
    return judged


def judge_adjustments(adjustments: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Add a flag for each of `ADJUSTMENT_RULES` to the latest versions of adjustments."""
    return _judged_by_order(adjustments, orders, "adjusted_at")


def _judged_by_order(records: pd.DataFrame, orders: pd.DataFrame, at: str) -> pd.DataFrame:
    order = orders.set_index("order_id")[["ordered_at", "is_recognised"]]
    order = order.reindex(records["order_id"]).set_axis(records.index)
    return records.assign(
        orphan=order["ordered_at"].isna(),
        unpaid_return=order["is_recognised"].eq(False).astype(bool),
        return_before_order=records[at] < order["ordered_at"],
    )


def return_facts(
    judged: pd.DataFrame,
    orders: pd.DataFrame,
    lines: pd.DataFrame,
    timezone: str,
    return_days: int,
) -> pd.DataFrame:
    """Make `fct_returns` of the returns that break no rule.

    The refund is the requested amount if the goods came back at most `return_days` days after the
    delivery (or the order, without a delivery), else 0. The cost is that of the line.
    """
    facts = judged[~judged[list(RETURN_RULES)].any(axis=1)].rename(
        columns={"refund_amount": "requested_amount"}
    )
    received_at = orders["delivered_at"].fillna(orders["ordered_at"])
    received = business_date(received_at, timezone).set_axis(orders["order_id"])
    line = lines.set_index("order_item_id")[["product_id", "kind", "unit_cost"]]
    facts = facts.join(line, on="order_item_id")
    facts["return_date"] = business_date(facts["returned_at"], timezone)
    received = received.reindex(facts["order_id"]).set_axis(facts.index)
    facts["days"] = (facts["return_date"] - received).dt.days
    facts["is_refundable"] = facts["days"] <= return_days
    facts["refund_amount"] = facts["requested_amount"].where(facts["is_refundable"], 0)
    facts["cost_amount"] = times_price(facts["quantity"], facts["unit_cost"])
    return facts.astype({"days": "int64", "product_id": "str", "kind": "str"})


def adjustment_facts(judged: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """Make `fct_adjustments` of the adjustments that break no rule."""
    facts = judged[~judged[list(ADJUSTMENT_RULES)].any(axis=1)]
    return facts.assign(adjustment_date=business_date(facts["adjusted_at"], timezone))
