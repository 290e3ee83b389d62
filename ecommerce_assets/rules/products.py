"""Products and their price history (docs/reference/rules.md, Products)."""

import numpy as np
import pandas as pd

from ecommerce_assets.rules.versions import latest

PRODUCT_KEY = ["product_id", "updated_at"]


def price_history(products: pd.DataFrame) -> pd.DataFrame:
    """Make `dim_product` from all staged records of some products, one row a version.

    Successive records with the same price and cost (null equals null) are one version. Every
    version has the `name` and `category` of the newest record. Columns as in
    docs/reference/tables.md; price and cost in ten-thousandths.
    """
    records = latest(products, PRODUCT_KEY).sort_values(PRODUCT_KEY)
    cost = _comparable(records["cost"])
    is_first = ~records["product_id"].duplicated()
    starts = is_first | (records["price"] != records["price"].shift()) | (cost != cost.shift())
    versions = records.loc[starts, ["product_id", "price", "cost", "updated_at"]].rename(
        columns={"updated_at": "valid_from"}
    )
    # `last` of a group would skip nulls, but a null of the newest record counts.
    newest = records.drop_duplicates("product_id", keep="last")
    versions = versions.merge(newest[["product_id", "name", "category"]], on="product_id")
    versions["valid_to"] = versions.groupby("product_id")["valid_from"].shift(-1)
    versions["is_current"] = versions["valid_to"].isna()
    versions["product_key"] = product_keys(versions["product_id"], versions["valid_from"])
    return versions


def _comparable(cost: pd.Series) -> pd.Series:
    """Replace a null cost by -1, which is never a cost, so that two nulls are equal."""
    return cost.astype("Int64").fillna(-1).astype("int64")


def product_keys(product_id: pd.Series, valid_from: pd.Series) -> pd.Series:
    """Make the surrogate key of a product version, which is the same in every rebuild.

    It is `product_id`, `@`, and `valid_from` in microseconds since 1970.
    """
    micros = valid_from.astype("datetime64[us, UTC]").astype("int64").astype("str")
    return product_id + "@" + micros


def version_at(versions: pd.DataFrame, product_id: pd.Series, at: pd.Series) -> pd.Series:
    """Give the `product_key` valid at each moment `at`, indexed as `product_id`.

    A moment before the first version gets the first version; an unknown product gets null.
    """
    ordered = versions.sort_values(["product_id", "valid_from"])
    products = pd.Index(ordered["product_id"].unique())
    version_product = products.get_indexer(ordered["product_id"])
    wanted_product = products.get_indexer(product_id)
    # The moments of both are ranked together, so that (product, moment) pairs sort as numbers.
    moments = pd.concat([ordered["valid_from"], at]).astype("int64").to_numpy()
    rank = np.unique(moments, return_inverse=True)[1]
    width = int(rank.max(initial=0)) + 1
    held = version_product * width + rank[: len(ordered)]
    wanted = wanted_product * width + rank[len(ordered) :]
    position = np.searchsorted(held, wanted, side="right") - 1
    first = np.searchsorted(version_product, wanted_product)
    position = np.maximum(position, first)
    known = wanted_product >= 0
    keys = pd.Series(pd.NA, index=product_id.index, dtype="str")
    keys[known] = ordered["product_key"].to_numpy()[position[known]]
    return keys


def unit_costs(versions: pd.DataFrame, product_key: pd.Series) -> pd.Series:
    """Give the cost of each version in ten-thousandths; null if it has none."""
    position = pd.Index(versions["product_key"]).get_indexer(product_key)
    costs = versions["cost"].astype("Int64").array.take(position, allow_fill=True)
    return pd.Series(costs, index=product_key.index)


def changed_spans(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Find the spans in which some products' valid version, or its cost, differs in two histories.

    Gives `product_id`, `starts_at` and `ends_at` (exclusive; an open end is a bound of the
    calendar, not null). The lines and stock levels in these spans need a new product key.
    """
    sides = []
    for side, versions in (("before", before), ("after", after)):
        first = ~versions.sort_values("valid_from")["product_id"].duplicated()
        start = versions["valid_from"].mask(first.reindex(versions.index), _EARLIEST)
        sides.append(
            pd.DataFrame(
                {
                    "product_id": versions["product_id"],
                    "starts_at": start,
                    side: versions["product_key"]
                    + " "
                    + _comparable(versions["cost"]).astype("str"),
                }
            )
        )
    steps = (
        sides[0]
        .merge(sides[1], on=["product_id", "starts_at"], how="outer")
        .sort_values(["product_id", "starts_at"])
        .reset_index(drop=True)
    )
    filled = steps.groupby("product_id")[["before", "after"]].ffill()
    differs = filled["before"].fillna("") != filled["after"].fillna("")
    steps["ends_at"] = steps.groupby("product_id")["starts_at"].shift(-1).fillna(_LATEST)
    return steps.loc[differs, ["product_id", "starts_at", "ends_at"]]


_EARLIEST = pd.Timestamp("0001-01-02", tz="UTC").as_unit("us")
_LATEST = pd.Timestamp("9999-12-30", tz="UTC").as_unit("us")
