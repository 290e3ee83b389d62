"""An order with its lines, returns and relation quarantine: one cluster, computed together.

Each part decides on the others (docs/reference/rules.md, Money, Returns, Relation rules).
"""

from dataclasses import dataclass

import pandas as pd

from ecommerce_assets.rules.calendar import business_date
from ecommerce_assets.rules.money import line_gross, sums
from ecommerce_assets.rules.products import version_at
from ecommerce_assets.rules.versions import latest

RECOGNISED = ("paid", "fulfilled", "delivered", "returned")

_MESSAGES = {
    "discount_exceeds_gross": "the order's discount is more than the gross of its lines so far",
    "orphan": "what it belongs to is not in the facts",
    "unpaid_return": "its order is not recognised: it was never paid, or was cancelled",
    "return_before_order": "it was returned before it was ordered",
    "return_exceeds_line": "the line's returns so far pass its quantity or its net amount",
}


@dataclass(frozen=True)
class Cluster:
    """The facts of some orders, with the columns of their tables, and what broke relation rules.

    `broken` has a row a broken rule of a record: `feed`, its address, `business_key`, `order_id`,
    `rule` and `message`.
    """

    orders: pd.DataFrame
    order_items: pd.DataFrame
    returns: pd.DataFrame
    broken: pd.DataFrame


def build_cluster(
    order_ids: pd.Series,
    orders: pd.DataFrame,
    order_items: pd.DataFrame,
    returns: pd.DataFrame,
    product_versions: pd.DataFrame,
    *,
    timezone: str,
    return_days: int,
) -> Cluster:
    """Compute the facts of the orders `order_ids`.

    `orders`, `order_items` and `returns` hold all staged versions of every record of which any
    version names one of them; `product_versions` is `dim_product` of the items' products.
    """
    orders = latest(orders, ["order_id"])
    order_items = _of(order_ids, latest(order_items, ["order_item_id"]))
    returns = _of(order_ids, latest(returns, ["return_id"]))

    lines = order_items.assign(
        gross_amount=line_gross(order_items["quantity"], order_items["unit_price"])
    )
    orders = _with_totals(orders, lines)
    exceeds = orders["discount_amount"] > orders["gross_amount"]
    facts = orders[~exceeds].copy()
    facts["order_date"] = business_date(facts["ordered_at"], timezone)
    facts["is_recognised"] = facts["status"].isin(RECOGNISED)

    has_order = lines["order_id"].isin(facts["order_id"])
    line_facts = _line_facts(lines[has_order], facts, product_versions)

    judged = _judge_returns(returns, facts, line_facts)
    return_facts = _return_facts(
        judged[judged["rules"] == 0], facts, line_facts, timezone, return_days
    )
    broken = [
        _broken("orders", "order_id", orders[exceeds], "discount_exceeds_gross"),
        _broken("order_items", "order_item_id", lines[~has_order], "orphan"),
        *(
            _broken("returns", "return_id", judged[judged[rule]], rule)
            for rule in ("orphan", "unpaid_return", "return_before_order", "return_exceeds_line")
        ),
    ]
    return Cluster(
        orders=_with_refunds(facts, return_facts),
        order_items=line_facts,
        returns=return_facts,
        broken=pd.concat(broken, ignore_index=True),
    )


def _of(order_ids: pd.Series, records: pd.DataFrame) -> pd.DataFrame:
    """Keep the records that now belong to one of the orders: their latest version names it."""
    return records[records["order_id"].isin(order_ids)]


def _with_totals(orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Add `lines`, `units`, `gross_amount` and `discount_amount` (the order's and the lines')."""
    counted = lines.assign(lines=(lines["quantity"] > 0).astype("int64"), units=lines["quantity"])
    totals = sums(counted, "order_id", ["lines", "units", "gross_amount", "discount_amount"])
    orders = orders.join(totals, on="order_id")
    for column in totals.columns:
        orders[column] = orders[column].fillna(0).astype(totals[column].dtype)
    orders["discount_amount"] += orders["order_discount"]
    return orders


def _line_facts(
    lines: pd.DataFrame, orders: pd.DataFrame, product_versions: pd.DataFrame
) -> pd.DataFrame:
    order = orders.set_index("order_id")[
        ["ordered_at", "order_date", "is_recognised", "order_discount"]
    ]
    lines = lines.join(order, on="order_id")
    lines["order_discount_amount"] = allocate_order_discount(lines)
    lines["net_amount"] = (
        lines["gross_amount"] - lines["discount_amount"] - lines["order_discount_amount"]
    )
    lines["product_key"] = version_at(product_versions, lines["product_id"], lines["ordered_at"])
    return lines


def allocate_order_discount(lines: pd.DataFrame) -> pd.Series:
    """Divide each order's `order_discount` over its lines, in cents that add up to it exactly.

    In proportion to gross less line discount, by largest remainder, ties to the smaller
    `order_item_id`. Takes `order_id`, `order_item_id`, `order_discount`, `gross_amount` and
    `discount_amount`; source: docs/reference/rules.md, Money.
    """
    parts = pd.Series(0, index=lines.index, dtype="int64")
    discounted = lines[lines["order_discount"] > 0]
    if discounted.empty:
        return parts
    # Cents × cents pass 64 bits at the allowed sizes, hence Python's integers.
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


def _judge_returns(
    returns: pd.DataFrame, orders: pd.DataFrame, lines: pd.DataFrame
) -> pd.DataFrame:
    """Add a flag a relation rule, and `rules`, how many are broken."""
    order = orders.set_index("order_id")[["is_recognised", "ordered_at"]]
    judged = returns.join(order, on="order_id")
    line = lines.set_index("order_item_id")[["order_id", "quantity", "net_amount"]]
    judged = judged.join(line.add_prefix("line_"), on="order_item_id")
    has_order = judged["ordered_at"].notna()
    judged["orphan"] = judged["line_order_id"].isna() | (
        judged["line_order_id"] != judged["order_id"]
    )
    judged["unpaid_return"] = has_order & judged["is_recognised"].eq(False)
    judged["return_before_order"] = has_order & (judged["returned_at"] < judged["ordered_at"])
    judged["return_exceeds_line"] = False
    fit = judged[
        ~(judged["orphan"] | judged["unpaid_return"] | judged["return_before_order"])
    ].sort_values(["order_item_id", "returned_at", "return_id"])
    by_line = fit.groupby("order_item_id")
    exceeds = (by_line["quantity"].cumsum() > fit["line_quantity"]) | (
        by_line["refund_amount"].cumsum() > fit["line_net_amount"]
    )
    judged.loc[fit.index[exceeds], "return_exceeds_line"] = True
    judged["rules"] = judged[
        ["orphan", "unpaid_return", "return_before_order", "return_exceeds_line"]
    ].sum(axis=1)
    return judged


def _return_facts(
    returns: pd.DataFrame,
    orders: pd.DataFrame,
    lines: pd.DataFrame,
    timezone: str,
    return_days: int,
) -> pd.DataFrame:
    """Make `fct_returns`: the refund is what was asked for, if it was returned in time."""
    received = orders["delivered_at"].fillna(orders["ordered_at"])
    received_date = pd.DataFrame(
        {"order_id": orders["order_id"], "received_date": business_date(received, timezone)}
    )
    facts = returns.assign(
        return_date=business_date(returns["returned_at"], timezone),
        requested_amount=returns["refund_amount"],
    )
    facts = facts.join(received_date.set_index("order_id"), on="order_id")
    facts = facts.join(lines.set_index("order_item_id")["product_id"], on="order_item_id")
    facts["days"] = (facts["return_date"] - facts["received_date"]).dt.days
    facts["is_refundable"] = facts["days"] <= return_days
    facts["refund_amount"] = facts["requested_amount"].where(facts["is_refundable"], 0)
    return facts.astype({"days": "int64", "product_id": "str"})


def _with_refunds(orders: pd.DataFrame, returns: pd.DataFrame) -> pd.DataFrame:
    """Add `returns`, `refund_amount` and `net_amount`."""
    totals = sums(returns.assign(returns=1), "order_id", ["returns", "refund_amount"])
    orders = orders.join(totals, on="order_id")
    for column in totals.columns:
        orders[column] = orders[column].fillna(0).astype(totals[column].dtype)
    orders["net_amount"] = (
        orders["gross_amount"] - orders["discount_amount"] - orders["refund_amount"]
    )
    return orders


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
            "message": _MESSAGES[rule],
        }
    )
