"""Makes the feeds out of the lines of Online Retail. Files are not touched here."""

import numpy as np
import pandas as pd

from ecommerce_assets.shops.online_retail_lines import Kind, cents, match_credits

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


def feeds(lines: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Make the five feeds of the shop; it has no stock.

    Args:
        lines: one row per invoice line in order of time, with the columns of
            `online_retail_source.read_files`, `kind` and `value` (quantity × price).

    Returns:
        For each feed its records in order, amounts in cents and prices in ten-thousandths, and
        `day`, the batch they land in. `returns` has `days` since the order too, null for a return
        of no line.
    """
    rows = _dated(lines)
    goods, carriage = rows["kind"].eq(Kind.GOODS), rows["kind"].eq(Kind.CARRIAGE)
    items = rows[goods & rows["quantity"].ge(0)]
    charges = rows[carriage & rows["value"].ge(0)]
    goods_back = _pieces(items, rows[goods & rows["quantity"].lt(0)])
    carriage_back = _pieces(charges, rows[carriage & rows["value"].lt(0)])
    has_sale = carriage_back["sale"].ge(0)
    orders = _orders(items, charges, carriage_back[has_sale], rows)
    return {
        "customers": _customers(rows),
        "products": _products(items),
        "orders": orders,
        "order_items": _order_items(items),
        "returns": _returns(pd.concat([goods_back, carriage_back[~has_sale]]), rows, orders),
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


def _pieces(sales: pd.DataFrame, credits_: pd.DataFrame) -> pd.DataFrame:
    """Find what each credit takes back: `credit`, `sale` (rows, or -1), `quantity`, `amount`."""
    # Goods come back as a quantity below 0, carriage perhaps as a price below 0.
    credits_ = credits_.assign(
        quantity=credits_["quantity"].abs(),
        price=credits_["price"].abs() * -np.sign(credits_["value"]),
    )
    matchable = credits_["price"].ge(0)
    broken = credits_[~matchable]
    pieces = pd.concat(
        [
            match_credits(
                sales[sales["price"].ge(0) & sales["quantity"].gt(0)], credits_[matchable]
            ),
            pd.DataFrame({"credit": broken.index, "sale": -1, "quantity": broken["quantity"]}),
        ],
        ignore_index=True,
    )
    price = credits_["price"].loc[pieces["credit"]].to_numpy()
    return pieces.assign(amount=cents(pieces["quantity"].to_numpy() * price))


def _orders(
    items: pd.DataFrame, charges: pd.DataFrame, credited: pd.DataFrame, rows: pd.DataFrame
) -> pd.DataFrame:
    """Each invoice that sells or ships; a new version on each day that credits its carriage."""
    lines = rows.loc[items.index.union(charges.index)]
    invoices = lines.groupby("invoice").agg(
        customer_id=("customer_id", "first"),
        ordered_at=("moment", "first"),
        ordered_on=("day", "first"),
    )
    day = ["day", "ingested_at"]
    changes = pd.concat(
        [
            items[["invoice", *day]].assign(shipping_amount=0),
            charges[["invoice", *day]].assign(shipping_amount=cents(charges["value"].to_numpy())),
            rows.loc[credited["credit"], day].assign(
                invoice=rows.loc[credited["sale"], "invoice"].to_numpy(),
                shipping_amount=-credited["amount"].to_numpy(),
            ),
        ]
    )
    versions = changes.groupby(["invoice", *day], as_index=False)["shipping_amount"].sum()
    versions["shipping_amount"] = versions.groupby("invoice")["shipping_amount"].cumsum()
    orders: pd.DataFrame = versions.join(invoices, on="invoice").rename(
        columns={"invoice": "order_id"}
    )
    orders = orders.sort_values(["ordered_at", "order_id"], kind="stable", ignore_index=True)
    return orders.assign(status="fulfilled", currency="GBP")


def _order_items(items: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "order_item_id": _ids(items),
            "order_id": items["invoice"],
            "product_id": items["stock_code"],
            "quantity": items["quantity"],
            "unit_price": items["price"],
            "ingested_at": items["ingested_at"],
            "day": items["day"],
        }
    )


def _returns(pieces: pd.DataFrame, rows: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """Each piece of a credit; one of no line names itself as its line, which there is not."""
    credited = rows.loc[pieces["credit"]].reset_index(drop=True)
    matched = pieces["sale"].ge(0).to_numpy()
    line = rows.loc[np.where(matched, pieces["sale"], pieces["credit"])].reset_index(drop=True)
    piece = pieces.groupby("credit").cumcount().add(1).astype("str").reset_index(drop=True)
    ordered_on = orders.drop_duplicates("order_id").set_index("order_id")["ordered_on"]
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


def _customers(rows: pd.DataFrame) -> pd.DataFrame:
    """Each customer when first seen; a new version on a day that ends in another country."""
    known = rows[rows["customer_id"].notna()]
    created_at = known.groupby("customer_id")["moment"].first()
    seen = known.drop_duplicates(["customer_id", "day"], keep="last")
    country = seen["country"].map(_COUNTRY_CODES).fillna("")
    before = country.groupby(seen["customer_id"]).shift()
    return (
        seen[["customer_id", "ingested_at", "day"]]
        .assign(country=country, created_at=seen["customer_id"].map(created_at))
        .loc[country.ne(before)]
    )


def _products(items: pd.DataFrame) -> pd.DataFrame:
    """Each product's price of a day where it is not the one of its last day of sale.

    The price of a day is that of most of its lines (of equals, the last sold), from the first of
    them on. What customers pay counts; what guests pay (retail, with tax) only for a product that
    no customer bought, and gifts at price 0 only for one that nobody did.
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
