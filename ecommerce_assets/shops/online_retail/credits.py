"""Matches credits of Online Retail to the lines or orders that they refund."""

import numpy as np
import pandas as pd

from ecommerce_assets.shops.online_retail.lines import cents


def pieces_of(sales: pd.DataFrame, credits_: pd.DataFrame) -> pd.DataFrame:
    """Match credits to sold lines: `credit`, `sale` (rows, or -1), `quantity`, `amount`."""
    # Goods come back as a quantity below 0, carriage perhaps as a price below 0.
    credits_ = credits_.assign(
        quantity=credits_["quantity"].abs(),
        price=credits_["price"].abs() * -np.sign(credits_["value"]),
    )
    matchable = credits_["price"].ge(0)
    broken = credits_[~matchable]
    sold = sales[sales["price"].ge(0) & sales["quantity"].gt(0)]
    pieces = pd.concat(
        [
            match_credits(sold, credits_[matchable]),
            pd.DataFrame({"credit": broken.index, "sale": -1, "quantity": broken["quantity"]}),
        ],
        ignore_index=True,
    )
    price = credits_["price"].loc[pieces["credit"]].to_numpy()
    return pieces.assign(amount=cents(pieces["quantity"].to_numpy() * price))


def entries(rows: pd.DataFrame) -> pd.DataFrame:
    """Prepare account entries so that a credit matches only an entry of the same price.

    An entry's code does not say what it is for, but its amount does, so the price becomes part of
    the code. All entries without a customer count as one customer's.
    """
    return rows.assign(
        stock_code=rows["stock_code"] + " " + rows["price"].abs().astype("str"),
        customer_id=rows["customer_id"].fillna(""),
    )


def orders_of(credits_: pd.DataFrame, orders: pd.DataFrame) -> pd.Series:
    """Match each credit to an earlier order of its customer.

    The match is the latest order of the same amount, or else the latest order.

    Args:
        credits_: one row per line, `customer_id` and `total` (of the credit note, above 0); the
            index gives the order in time, across both frames.
        orders: one row per order, `order_id`, `customer_id`, `total`, indexed by its first line.

    Returns:
        The `order_id` of each credit; null without a customer or an earlier order.
    """
    known = credits_[credits_["customer_id"].notna()].rename_axis("place").reset_index()
    placed = orders[orders["customer_id"].notna()].rename_axis("place").reset_index()
    found = {
        by: pd.merge_asof(
            known[["place", *by]].sort_values("place"),
            placed[["place", "order_id", *by]].sort_values("place"),
            on="place",
            by=list(by),
            allow_exact_matches=False,
        ).set_index("place")["order_id"]
        for by in (("customer_id", "total"), ("customer_id",))
    }
    same_amount, latest = found.values()
    return same_amount.fillna(latest).reindex(credits_.index)


def match_credits(sales: pd.DataFrame, credits_: pd.DataFrame) -> pd.DataFrame:
    """Match each credit to earlier lines of its customer and code, the latest line first.

    A line is credited for at most its remaining units and its remaining amount; the rest goes to
    the line before it. A credit without a customer has no earlier lines.

    Args:
        sales: one row per line sold, `customer_id`, `stock_code`, `quantity`, `price`
            (ten-thousandths); the index gives the order in time, across both frames.
        credits_: the same, `quantity` above 0.

    Returns:
        `credit` and `sale` (indices; `sale` is -1 for units without a line) and `quantity`, in
        order of the credits, latest line first.
    """
    both = pd.concat([sales, credits_])
    is_credit = np.repeat([False, True], [len(sales), len(credits_)])
    known = both["customer_id"].notna().to_numpy()
    customer = pd.factorize(both["customer_id"])[0]
    code = pd.factorize(both["stock_code"])[0]
    product = np.where(known, customer * (code.max(initial=0) + 1) + code, -1)
    of_interest = np.isin(product, product[is_credit])
    order = np.lexsort((both.index, product))
    order = order[of_interest[order] & (is_credit | known)[order]]

    pieces: list[tuple[int, int, int]] = []
    current = -1
    left: list[list[int]] = []
    columns = (
        both.index.to_numpy(),
        product,
        is_credit,
        both["quantity"].to_numpy(),
        both["price"].to_numpy(),
    )
    for line, key, credited, quantity, price in zip(
        *(column[order].tolist() for column in columns), strict=True
    ):
        if key != current or key == -1:
            current, left = key, []
        if not credited:
            left.append([line, quantity, (quantity * price + 50) // 100])
            continue
        for lot in reversed(left):
            # All units whose money, rounded to cents, the line still has.
            payable = (lot[2] * 100 + 49) // price if price else quantity
            taken = min(quantity, lot[1], payable)
            if taken:
                lot[1] -= taken
                lot[2] -= (taken * price + 50) // 100
                quantity -= taken
                pieces.append((line, lot[0], taken))
            if not quantity:
                break
        else:
            pieces.append((line, -1, quantity))
    matched = pd.DataFrame(pieces, columns=["credit", "sale", "quantity"], dtype="int64")
    return matched.sort_values("credit", kind="stable", ignore_index=True)
