"""Makes the records of the feeds from the lines of Online Retail."""

import numpy as np
import pandas as pd

from ecommerce_assets.shops.online_retail.credits import entries, orders_of, pieces_of
from ecommerce_assets.shops.online_retail.lines import Kind, cents, reasons

_COUNTRY_CODES = {
    "Australia": "AU",
    "Austria": "AT",
    "Bahrain": "BH",
    "Belgium": "BE",
    "Bermuda": "BM",
    "Brazil": "BR",
    "Canada": "CA",
    "Cyprus": "CY",
    "Czech Republic": "CZ",
    "Denmark": "DK",
    "EIRE": "IE",
    "Finland": "FI",
    "France": "FR",
    "Germany": "DE",
    "Greece": "GR",
    "Hong Kong": "HK",
    "Iceland": "IS",
    "Israel": "IL",
    "Italy": "IT",
    "Japan": "JP",
    "Korea": "KR",
    "Lebanon": "LB",
    "Lithuania": "LT",
    "Malta": "MT",
    "Netherlands": "NL",
    "Nigeria": "NG",
    "Norway": "NO",
    "Poland": "PL",
    "Portugal": "PT",
    "RSA": "ZA",
    "Saudi Arabia": "SA",
    "Singapore": "SG",
    "Spain": "ES",
    "Sweden": "SE",
    "Switzerland": "CH",
    "Thailand": "TH",
    "USA": "US",
    "United Arab Emirates": "AE",
    "United Kingdom": "GB",
}


_LINE_KINDS = {Kind.GOODS: "product", Kind.GIFT_CARD: "gift_card", Kind.ACCOUNT: "other"}


def feeds(lines: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Make the six feeds of the shop; it has no stock.

    Args:
        lines: one row per invoice line in order of time, with the columns of `source.read_files`,
            `kind` and `value` (quantity × price).

    Returns:
        For each feed its records in order, amounts in cents and prices in ten-thousandths, and
        `day`, the batch they land in. `returns` has `days` since the order too, null for a return
        of no line.
    """
    rows = _dated(lines)
    of_goods = rows["kind"].isin([Kind.GOODS, Kind.GIFT_CARD])
    account, carriage = rows["kind"].eq(Kind.ACCOUNT), rows["kind"].eq(Kind.CARRIAGE)
    is_credit = rows["quantity"].lt(0).where(of_goods, rows["value"].lt(0))
    items = rows[(of_goods | account) & ~is_credit]
    charges = rows[carriage & ~is_credit]
    orders = _orders(items, charges, rows)

    goods_back = pieces_of(rows[of_goods & ~is_credit], rows[of_goods & is_credit])
    entries_back = pieces_of(
        entries(rows[account & ~is_credit]), entries(rows[account & is_credit])
    )
    carriage_back = pieces_of(charges, rows[carriage & is_credit])
    has_line = entries_back["sale"].ge(0)
    discounts = rows[rows["kind"].eq(Kind.DISCOUNT)]
    without_line = pd.concat(
        [
            entries_back[~has_line],
            carriage_back,
            pd.DataFrame(
                {
                    "credit": discounts.index,
                    "sale": -1,
                    "amount": -cents(discounts["value"].to_numpy()),
                }
            ),
        ]
    )
    return {
        "customers": _customers(rows),
        "products": _products(items[items["kind"].ne(Kind.ACCOUNT)]),
        "orders": orders.drop(columns=["total", "ordered_on"]),
        "order_items": _order_items(items),
        "returns": _returns(pd.concat([goods_back, entries_back[has_line]]), rows, orders),
        "adjustments": _adjustments(without_line, rows, orders),
    }


def _dated(rows: pd.DataFrame) -> pd.DataFrame:
    day = rows["at"].dt.normalize()
    return rows.assign(
        moment=_utc(rows["at"]),
        day=day,
        # The shop's export reads a day when it is over.
        ingested_at=_utc(day + pd.Timedelta(hours=23, minutes=59, seconds=59)),
        line=rows.groupby("invoice").cumcount() + 1,
    )


def _utc(local: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    summer = np.ones(len(local), dtype=bool)
    here = local.dt.tz_localize("Europe/London", ambiguous=summer, nonexistent="shift_forward")
    return here.dt.tz_convert("UTC")


def _ids(rows: pd.DataFrame) -> "pd.Series[str]":
    """Name lines by their invoice and number in it: `489434-0001`."""
    return rows["invoice"] + "-" + rows["line"].astype("str").str.zfill(4)


def _orders(items: pd.DataFrame, charges: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Each invoice that sells or ships, indexed by its first line; `total` is its whole amount."""
    lines = rows.loc[items.index.union(charges.index)].reset_index(names="place")
    orders = lines.groupby("invoice", sort=False).agg(
        place=("place", "first"),
        customer_id=("customer_id", "first"),
        country=("country", "first"),
        ordered_at=("moment", "first"),
        ordered_on=("day", "first"),
        day=("day", "first"),
        ingested_at=("ingested_at", "first"),
        total=("value", "sum"),
    )
    carriage = charges.groupby("invoice")["value"].sum()
    return (
        orders.assign(
            shipping_amount=cents(carriage.reindex(orders.index, fill_value=0).to_numpy()),
            country=orders["country"].map(_COUNTRY_CODES).fillna(""),
            status="fulfilled",
            currency="GBP",
        )
        .rename_axis("order_id")
        .reset_index()
        .set_index("place")
        .sort_index()
    )


def _order_items(items: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "order_item_id": _ids(items),
            "order_id": items["invoice"],
            "product_id": items["stock_code"],
            "kind": items["kind"].map(_LINE_KINDS),
            "quantity": items["quantity"],
            "unit_price": items["price"],
            "ingested_at": items["ingested_at"],
            "day": items["day"],
        }
    )


def _returns(pieces: pd.DataFrame, rows: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Each part of a credit of goods; without a matching line it refers to a line of its own id."""
    credited = rows.loc[pieces["credit"]].reset_index(drop=True)
    matched = pieces["sale"].ge(0).to_numpy()
    line = rows.loc[np.where(matched, pieces["sale"], pieces["credit"])].reset_index(drop=True)
    piece = pieces.groupby("credit").cumcount().add(1).astype("str").reset_index(drop=True)
    ordered_on = orders.set_index("order_id")["ordered_on"]
    returns = pd.DataFrame(
        {
            "return_id": _ids(credited) + "-" + piece,
            "order_item_id": _ids(line),
            "order_id": line["invoice"],
            "quantity": pieces["quantity"].to_numpy(),
            "returned_at": credited["moment"],
            "refund_amount": pieces["amount"].to_numpy(),
            "ingested_at": credited["ingested_at"],
            "day": credited["day"],
            "days": (credited["day"] - line["invoice"].where(matched).map(ordered_on)).dt.days,
        }
    )
    return returns.sort_values(["returned_at", "return_id"], kind="stable", ignore_index=True)


def _adjustments(pieces: pd.DataFrame, rows: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Each part of a credit without goods; without an order it refers to its credit note."""
    credited = rows.loc[pieces["credit"]].reset_index(drop=True)
    credits_ = rows.loc[pieces["credit"].unique()]
    notes = rows.groupby("invoice")["value"].sum().abs()
    notes_of_credits = notes.loc[credits_["invoice"]].to_numpy()
    about = orders_of(credits_.assign(total=notes_of_credits), orders)
    matched = pieces["sale"].ge(0).to_numpy()
    charged = rows.loc[np.where(matched, pieces["sale"], pieces["credit"]), "invoice"]
    order_id = charged.reset_index(drop=True).where(
        matched, pieces["credit"].map(about).reset_index(drop=True)
    )
    piece = pieces.groupby("credit").cumcount().add(1).astype("str").reset_index(drop=True)
    adjustments = pd.DataFrame(
        {
            "adjustment_id": _ids(credited) + "-" + piece,
            "order_id": order_id.fillna(credited["invoice"]),
            "adjusted_at": credited["moment"],
            "amount": pieces["amount"].to_numpy(),
            "kind": np.where(credited["kind"].eq(Kind.CARRIAGE), "shipping", "refund"),
            "reason": reasons(credited["stock_code"]),
            "ingested_at": credited["ingested_at"],
            "day": credited["day"],
            "has_order": order_id.notna(),
        }
    )
    return adjustments.sort_values(
        ["adjusted_at", "adjustment_id"], kind="stable", ignore_index=True
    )


def _customers(rows: pd.DataFrame) -> pd.DataFrame:
    """Each customer at the first invoice; a new version on a day with a change of country."""
    known = rows[rows["customer_id"].notna()]
    created_at = known.groupby("customer_id")["moment"].transform("first")
    seen = known.assign(created_at=created_at).drop_duplicates(["customer_id", "day"], keep="last")
    country = seen["country"].map(_COUNTRY_CODES).fillna("")
    before = country.groupby(seen["customer_id"]).shift()
    return (
        seen[["customer_id", "created_at", "ingested_at", "day"]]
        .assign(country=country)
        .loc[country.ne(before)]
    )


def _products(items: pd.DataFrame) -> pd.DataFrame:
    """Each product's price on a day on which it differs from the last day of sale.

    The price of a day is that of most of its lines (of equals, the last sold), from the first such
    line. Prices of customers count; prices of guests (retail, with tax) count only for a product
    without a sale to a customer, and gifts at price 0 only for one without any sale.
    """
    lines = items[items["price"].ge(0)]
    rank = lines["customer_id"].isna().astype("int64").mask(lines["price"].eq(0), 2)
    best = rank.groupby(lines["stock_code"]).transform("min")
    lines = lines[rank.eq(best)].reset_index(drop=True)
    prices = (
        lines.reset_index(names="place")
        .groupby(["stock_code", "day", "price"])
        .agg(
            lines=("place", "size"),
            last=("place", "last"),
            updated_at=("moment", "first"),
            ingested_at=("ingested_at", "first"),
        )
        .reset_index()
        .sort_values(["stock_code", "day", "lines", "last"])
        .drop_duplicates(["stock_code", "day"], keep="last")
    )
    before = prices.groupby("stock_code")["price"].shift()
    changed = prices[prices["price"].ne(before)]
    named = lines.groupby(["stock_code", "description"]).size().reset_index(name="lines")
    names = (
        named.sort_values(["lines", "description"], ascending=[False, True])
        .drop_duplicates("stock_code")
        .set_index("stock_code")["description"]
    )
    code = changed["stock_code"]
    return changed.rename(columns={"stock_code": "product_id"}).assign(
        name=code.map(names).fillna(code)
    )
