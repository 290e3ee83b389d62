"""The whole Online Retail data set loads, and its money is in the warehouse to the penny."""

from decimal import Decimal
from pathlib import Path

import pytest

from ecommerce_assets.dagster_instance.home import open_instance
from ecommerce_assets.loading import load
from ecommerce_assets.settings import load_settings
from ecommerce_assets.shops.online_retail.importing import LandedAs, import_online_retail
from ecommerce_tests.conftest import SHARED
from ecommerce_tests.small_shop import SmallShop

FILE = SHARED / "data" / "online-retail-ii" / "online_retail_II.parquet"


@pytest.mark.slow
@pytest.mark.skipif(not FILE.exists(), reason="the real data is not beside this checkout")
def test_the_money_of_the_file_is_in_the_warehouse(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing = tmp_path / "landing"
    imported = import_online_retail([FILE], landing)
    shop = SmallShop(landing, database_url, timezone="Europe/London", currency="GBP")
    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", database_url)
    for name in ("landing", "home", "timezone", "currency"):
        monkeypatch.setenv(f"ECOMMERCE_{name.upper()}", str(getattr(shop.settings, name)))

    # Dagster's state where `ecommerce load` has it, whose events of 604 days take half the time.
    with open_instance(load_settings()) as instance:
        result = load(shop.shop, instance)

    assert result.failures == []
    assert result.refusals == []
    quarantined = """
        select -sum((record ->> '{amount}')::numeric) from quarantine.records
        where feed = '{feed}' and stage = 'relation'
        """
    lines = "select sum(gross_amount) from analytics.fct_order_items where kind"
    adjustments = "select -sum(amount) from analytics.fct_adjustments where kind"
    returns = "select -sum(requested_amount) from analytics.fct_returns where"
    found = {
        LandedAs.GROSS: f"{lines} = 'product'",
        LandedAs.OTHER_GROSS: f"{lines} <> 'product'",
        LandedAs.SHIPPING: "select sum(shipping_amount) from analytics.fct_orders",
        LandedAs.REFUNDS: f"{returns} is_refundable",
        LandedAs.NOT_REFUNDED: f"{returns} not is_refundable",
        LandedAs.REFUND_ADJUSTMENTS: f"{adjustments} = 'refund'",
        LandedAs.SHIPPING_ADJUSTMENTS: f"{adjustments} = 'shipping'",
        LandedAs.ORPHAN_RETURNS: quarantined.format(feed="returns", amount="refund_amount"),
        LandedAs.ORPHAN_ADJUSTMENTS: quarantined.format(feed="adjustments", amount="amount"),
    }
    money = {part: shop.rows(query)[0][0] for part, query in found.items()}
    assert money == {part: imported.landed[part].money for part in found}
    left_out = sum((part.money for part in imported.left_out.values()), Decimal(0))
    in_warehouse = sum(money.values(), Decimal(0))
    assert in_warehouse + left_out + imported.rounding == imported.money == Decimal("18909744.118")
    assert imported.landed[LandedAs.OUT_OF_RANGE].count == 0
    assert shop.rows("select count(*) from quarantine.records where stage = 'row'") == [(0,)]
