"""WooCommerce documents become a landing zone; each case with its arithmetic."""

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ecommerce_assets.feeds.contract import Store
from ecommerce_assets.shops.documents import DocumentError
from ecommerce_assets.shops.landing_files import LandingWriteError
from ecommerce_assets.shops.woocommerce.importing import Imported, import_woocommerce
from ecommerce_tests.shops.woocommerce.documents import (
    customer,
    line,
    order,
    product,
    refund,
    refunded,
    variation,
)


class Shop:
    """Imports documents into a folder and tells what landed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, *documents: Any, return_days: int = 30, timezone: str = "UTC") -> Imported:
        path = self.folder / "in.json"
        path.write_text(json.dumps(documents), encoding="utf-8")
        return self.take_files(path, return_days=return_days, timezone=timezone)

    def take_files(self, *paths: Path, return_days: int = 30, timezone: str = "UTC") -> Imported:
        return import_woocommerce(
            paths, self.folder / "out", store=Store(timezone, "EUR"), return_days=return_days
        )

    def landed(self, feed: str, *columns: str) -> list[Any]:
        parts = [
            pd.read_csv(file, dtype="str").assign(batch=file.stem)
            for file in sorted((self.folder / "out" / feed).glob("*.csv"))
        ]
        if not parts:
            return []
        frame = pd.concat(parts)[list(columns)]
        rows = frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None)
        return [row[0] if len(columns) == 1 else row for row in rows]

    def files(self) -> dict[str, bytes]:
        out = self.folder / "out"
        return {str(file.relative_to(out)): file.read_bytes() for file in out.rglob("*.csv")}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def agreed(imported: Imported) -> bool:
    result = imported.reconciliation
    assert [str(difference) for difference in result.differences] == []
    return result.orders == result.agreeing > 0


class TestOrders:
    def test_an_order_lands_on_the_day_it_last_changed(self, shop: Shop) -> None:
        # 2 × 13.50 = 27.00, tax 5.13, shipping 4.90: 37.03
        goods = line(31, "27.00", quantity=2, tax="5.13", variation_id=71)
        imported = shop.take(
            order(1, "37.03", goods, shipping_total="4.90", total_tax="5.13", customer_id=0)
        )

        assert agreed(imported)
        assert shop.landed("orders", "order_id", "customer_id", "status", "batch") == [
            ("1", None, "paid", "2024-03-05")
        ]
        assert shop.landed("orders", "ordered_at", "paid_at", "fulfilled_at", "country") == [
            ("2024-03-05T10:00:00+00:00", "2024-03-05T10:00:05+00:00", None, "DE")
        ]
        assert shop.landed("orders", "shipping_amount", "tax_amount", "channel") == [
            ("4.90", "5.13", "checkout")
        ]
        assert shop.landed(
            "order_items", "order_item_id", "product_id", "quantity", "unit_price", "gross_amount"
        ) == [("31", "71", "2", "13.5000", "27.00")]

    def test_a_coupon_is_the_difference_of_subtotal_and_total(self, shop: Shop) -> None:
        # 100.00 − 15.00 by two coupons = 85.00
        goods = line(31, "85.00", subtotal="100.00")
        coupons = [{"id": 4, "code": "spring"}, {"id": 5, "code": "vip"}]
        assert agreed(shop.take(order(1, "85.00", goods, coupon_lines=coupons)))

        assert shop.landed("order_items", "gross_amount", "discount_amount") == [
            ("100.00", "15.00")
        ]
        assert shop.landed("orders", "discount_code") == ["spring,vip"]

    def test_tax_inclusive_lines_add_up_to_the_shops_own_net(self, shop: Shop) -> None:
        # Three at 9.99 with 20 % within: net 8.325 each, which WooCommerce writes as 8.33.
        # Taxes are rounded over the order: 29.97 ÷ 6 = 4.995, 5.00; net 29.97 − 5.00 = 24.97.
        # 3 × 8.33 = 24.99, so two lines are 8.32.
        goods = [line(id_, "8.33", tax="1.67", price=8.325) for id_ in (31, 32, 33)]
        imported = shop.take(order(1, "29.97", *goods, total_tax="5.00", prices_include_tax=True))

        assert agreed(imported)
        assert shop.landed("order_items", "gross_amount") == ["8.32", "8.32", "8.33"]
        assert imported.left_out["lines rounded to the order's net total"] == 2

    def test_a_line_priced_up_by_hand_has_no_discount_below_0(self, shop: Shop) -> None:
        assert agreed(shop.take(order(1, "12.00", line(31, "12.00", subtotal="10.00"))))
        assert shop.landed("order_items", "gross_amount", "discount_amount") == [("12.00", "0.00")]

    def test_a_fee_is_another_line_and_a_fee_below_0_a_discount(self, shop: Shop) -> None:
        # 50.00 + 2.50 packing − 5.00 credit = 47.50
        fees = [
            {"id": 41, "name": "Packing", "total": "2.50", "total_tax": "0.00"},
            {"id": 42, "name": "Credit", "total": "-5.00", "total_tax": "0.00"},
        ]
        assert agreed(shop.take(order(1, "47.50", line(31, "50.00"), fee_lines=fees)))

        assert shop.landed("order_items", "order_item_id", "kind", "product_id") == [
            ("31", "product", "16"),
            ("41", "other", "fee:Packing"),
        ]
        assert shop.landed("orders", "order_discount") == ["5.00"]

    def test_a_gift_card_that_is_sold_is_no_product_and_one_that_pays_is_no_discount(
        self, shop: Shop
    ) -> None:
        # Lines 30.00 + 25.00 = 55.00; a gift card pays 20.00 of them, and `total` says 35.00.
        card = product(80, "25.00", meta_data=[{"key": "_gift_card", "value": "yes"}])
        goods = [line(31, "30.00"), line(32, "25.00", product_id=80)]
        paid = [{"id": 2, "code": "SU9F", "amount": 20}]
        assert agreed(shop.take(card, order(1, "35.00", *goods, gift_cards=paid)))
        assert shop.landed("order_items", "kind") == ["product", "gift_card"]

    @pytest.mark.parametrize(
        ("status", "dates", "landed"),
        [
            ("pending", {"date_paid_gmt": None}, "created"),
            ("on-hold", {"date_paid_gmt": None}, "created"),
            ("on-hold", {}, "paid"),
            ("failed", {"date_paid_gmt": None}, "created"),
            ("cancelled", {}, "cancelled"),
            ("processing", {}, "paid"),
            ("completed", {"date_completed_gmt": "2024-03-06T10:00:00"}, "fulfilled"),
            ("refunded", {}, "returned"),
            ("wc-partial-shipped", {}, "paid"),
        ],
    )
    def test_a_status_is_one_of_the_feeds(self, shop: Shop, status, dates, landed) -> None:
        shop.take(order(1, "5.00", line(31, "5.00"), status=status, **dates))
        assert shop.landed("orders", "status") == [landed]

    @pytest.mark.parametrize(
        ("paid", "completed", "landed"),
        [
            ("2024-03-05T09:59:59", "2024-03-06T10:00:00", (None, "2024-03-06T10:00:00+00:00")),
            ("2024-03-07T10:00:00", "2024-03-06T10:00:00", (None, "2024-03-06T10:00:00+00:00")),
            ("2024-03-05T10:00:00", "2024-03-04T10:00:00", ("2024-03-05T10:00:00+00:00", None)),
        ],
    )
    def test_a_date_that_stands_the_wrong_way_round_is_left_out_and_told(
        self, shop: Shop, paid, completed, landed
    ) -> None:
        dates = {"date_paid_gmt": paid, "date_completed_gmt": completed}
        imported = shop.take(order(1, "5.00", line(31, "5.00"), status="completed", **dates))
        assert agreed(imported)
        assert shop.landed("orders", "status", "paid_at", "fulfilled_at") == [
            ("fulfilled", *landed)
        ]
        told = "a date of payment or completion that stands the wrong way round"
        assert imported.left_out == {told: 1}

    def test_drafts_and_trash_are_left_out_and_counted(self, shop: Shop) -> None:
        imported = shop.take(
            order(1, "5.00", line(31, "5.00"), status="trash"),
            order(2, "5.00", line(32, "5.00"), status="checkout-draft"),
            order(3, "5.00", line(33, "5.00")),
        )
        assert shop.landed("orders", "order_id") == ["3"]
        assert imported.left_out == {
            "orders with the status checkout-draft": 1,
            "orders with the status trash": 1,
        }

    def test_a_line_of_a_deleted_product_keeps_its_name(self, shop: Shop) -> None:
        shop.take(order(1, "5.00", line(31, "5.00", product_id=0, name="Old mug")))
        assert shop.landed("order_items", "product_id") == ["deleted:Old mug"]

    def test_a_fractional_quantity_is_told_and_does_not_agree(self, shop: Shop) -> None:
        imported = shop.take(order(1, "15.00", line(31, "15.00", quantity=1.5), line(32, "0.00")))
        assert ("31", "1.5") in shop.landed("order_items", "order_item_id", "quantity")
        assert imported.left_out["a fractional quantity, whose line ends in quarantine"] == 1
        assert {d.cause for d in imported.reconciliation.differences} == {
            "a record of order_items breaks type"
        }

    def test_a_local_time_without_gmt_is_of_the_shops_zone(self, shop: Shop) -> None:
        document = order(1, "5.00", line(31, "5.00"), date_created="2024-03-05T00:30:00")
        del document["date_created_gmt"], document["date_modified_gmt"]
        document["date_modified"] = "2024-03-05T11:30:00"
        shop.take(document, timezone="Europe/Berlin")
        assert shop.landed("orders", "ordered_at") == ["2024-03-04T23:30:00+00:00"]

    def test_an_order_that_does_not_add_up_is_told(self, shop: Shop) -> None:
        imported = shop.take(order(1, "9.00", line(31, "5.00")))
        assert [str(d) for d in imported.reconciliation.differences] == [
            "order 1: sold is 9.00 by total less total_tax and shipping_total"
            " and 5.00 by our rules (not known)",
            "order 1: total is 9.00 by total and 5.00 by our rules (not known)",
        ]


class TestRefunds:
    def test_goods_are_a_return_and_carriage_an_adjustment(self, shop: Shop) -> None:
        # 2 × 10.00 + 4.00 shipping, 19 % tax: 24.00 + 4.56 = 28.56.
        # Back: one at 10.00 + 1.90 tax, shipping 4.00 + 0.76 tax: 16.66.
        carriage = refunded(92, "-4.00", of=51, quantity=0, tax="-0.76")
        imported = shop.take(
            order(
                1,
                "28.56",
                line(31, "20.00", quantity=2, tax="3.80"),
                shipping_total="4.00",
                total_tax="4.56",
            ),
            refund(
                9,
                "16.66",
                refunded(91, "-10.00", of=31, tax="-1.90"),
                shipping_lines=[carriage],
                reason="too small",
            ),
        )

        assert agreed(imported)
        columns = ("return_id", "order_item_id", "quantity", "refund_amount", "reason", "batch")
        assert shop.landed("returns", *columns) == [
            ("91", "31", "1", "10.00", "too small", "2024-03-08")
        ]
        assert shop.landed("adjustments", "adjustment_id", "kind", "amount", "adjusted_at") == [
            ("92", "shipping", "4.00", "2024-03-08T09:00:00+00:00")
        ]

    def test_an_amount_without_lines_is_an_adjustment(self, shop: Shop) -> None:
        assert agreed(shop.take(order(1, "50.00", line(31, "50.00")), refund(9, "5.00")))
        assert shop.landed("returns", "return_id") == []
        assert shop.landed("adjustments", "adjustment_id", "kind", "amount") == [
            ("9", "refund", "5.00")
        ]

    def test_what_an_amount_is_above_its_lines_is_an_adjustment(self, shop: Shop) -> None:
        # The line gives back 20.00, the refund 27.50: 7.50 of goodwill.
        imported = shop.take(
            order(1, "50.00", line(31, "50.00", quantity=5)),
            refund(9, "27.50", refunded(91, "-20.00", of=31, quantity=-2)),
        )
        assert agreed(imported)
        assert shop.landed("returns", "quantity", "refund_amount") == [("2", "20.00")]
        assert shop.landed("adjustments", "amount") == ["7.50"]

    def test_money_on_a_line_without_goods_is_an_adjustment(self, shop: Shop) -> None:
        imported = shop.take(
            order(1, "50.00", line(31, "50.00")),
            refund(9, "5.00", refunded(91, "-5.00", of=31, quantity=0)),
        )
        assert agreed(imported)
        assert shop.landed("adjustments", "adjustment_id", "amount") == [("91-money", "5.00")]

    def test_more_than_a_line_holds_is_an_adjustment(self, shop: Shop) -> None:
        # The line is 10.00; back go 12.00 with its only piece, then 1.00 with a second one.
        imported = shop.take(
            order(1, "30.00", line(31, "10.00"), line(32, "20.00")),
            refund(9, "12.00", refunded(91, "-12.00", of=31)),
            refund(10, "1.00", refunded(92, "-1.00", of=31)),
        )
        assert agreed(imported)
        assert shop.landed("returns", "return_id", "refund_amount") == [("91", "10.00")]
        assert shop.landed("adjustments", "adjustment_id", "amount") == [
            ("91-money", "2.00"),
            ("92-money", "1.00"),
        ]

    def test_an_order_set_to_refunded_gives_back_each_part_it_consists_of(self, shop: Shop) -> None:
        # 100.00 + 2.00 fee + 5.00 shipping + 20.33 tax = 127.33; 10.00 of goodwill first, then the
        # status `refunded` makes a refund of the other 117.33 without lines.
        fee = {"id": 41, "name": "Packing", "total": "2.00", "total_tax": "0.38"}
        imported = shop.take(
            order(
                1,
                "127.33",
                line(31, "100.00", tax="19.00"),
                status="refunded",
                shipping_total="5.00",
                total_tax="20.33",
                fee_lines=[fee],
            ),
            refund(9, "10.00"),
            refund(10, "117.33", date_created_gmt="2024-03-09T09:00:00"),
        )

        assert agreed(imported)
        assert shop.landed("returns", "order_item_id", "refund_amount") == [("41", "2.00")]
        # 10.00 + 100.00 − 10.00 = 100.00 of goods, 5.00 of shipping
        assert shop.landed("adjustments", "adjustment_id", "kind", "amount") == [
            ("9", "refund", "10.00"),
            ("10", "refund", "-10.00"),
            ("10-31-money", "refund", "100.00"),
            ("10-shipping", "shipping", "5.00"),
        ]

    def test_a_return_after_the_window_was_refunded_all_the_same(self, shop: Shop) -> None:
        # Ordered on 5 March, returned on 5 April: 31 days.
        back = refund(
            9, "10.00", refunded(91, "-10.00", of=31), date_created_gmt="2024-04-05T09:00:00"
        )
        assert agreed(shop.take(order(1, "10.00", line(31, "10.00")), back))
        assert shop.landed("returns", "quantity", "refund_amount") == [("1", "0.00")]
        assert shop.landed("adjustments", "amount") == ["10.00"]

    def test_a_refund_that_is_only_named_is_undated(self, shop: Shop) -> None:
        named = [{"id": 9, "reason": "broken", "total": "-4.00"}, {"id": 0, "total": "-0.00"}]
        imported = shop.take(order(1, "10.00", line(31, "10.00"), refunds=named))
        assert agreed(imported)
        assert imported.left_out == {"refunds without a document, undated": 1}
        assert shop.landed("adjustments", "adjusted_at", "amount", "reason") == [
            ("2024-03-05T11:00:00+00:00", "4.00", "broken")
        ]

    def test_refunds_of_orders_that_do_not_count_or_are_not_there_are_counted(
        self, shop: Shop
    ) -> None:
        imported = shop.take(
            order(1, "10.00", line(31, "10.00"), status="cancelled"),
            refund(9, "10.00"),
            refund(10, "1.00", order_id=2),
        )
        assert agreed(imported)
        assert shop.landed("adjustments", "amount") == []
        assert imported.left_out == {
            "refunds of orders that are not in the files": 1,
            "refunds of orders that do not count": 1,
        }


class TestCatalogue:
    def test_variations_have_their_own_price_and_their_parents_name(self, shop: Shop) -> None:
        shop.take(
            product(21, "30.00", type="variable", name="Hoodie &amp; hat"),
            variation(71, "31.50", of=21, cost_of_goods_sold={"total_value": 12.5}),
            variation(72, "", of=21),
        )
        assert shop.landed("products", "product_id", "name", "category", "price", "cost") == [
            ("21", "Hoodie & hat", "Posters & prints", "30.0000", None),
            ("71", "Hoodie & hat - Blue, L", "Posters & prints", "31.5000", "12.5000"),
        ]

    def test_counted_stock_is_as_of_the_last_change_of_all(self, shop: Shop) -> None:
        shop.take(
            product(21, "30.00", manage_stock=True, stock_quantity=-2, low_stock_amount=5),
            product(22, "30.00"),
            order(1, "5.00", line(31, "5.00")),
        )
        columns = ("snapshot_date", "product_id", "on_hand", "allocated", "reorder_point", "batch")
        assert shop.landed("inventory", *columns) == [
            ("2024-03-05", "21", "-2", "0", "5", "2024-03-05")
        ]

    def test_a_customer_lands(self, shop: Shop) -> None:
        shop.take(customer(7))
        assert shop.landed("customers", "customer_id", "email", "country", "created_at") == [
            ("7", "ada@example.com", "DE", "2024-01-02T03:04:05+00:00")
        ]


class TestFiles:
    DOCUMENTS = (
        order(1, "30.00", line(31, "30.00", quantity=3)),
        order(2, "7.00", line(32, "7.00")),
        refund(9, "10.00", refunded(91, "-10.00", of=31)),
        product(16, "10.00"),
        customer(7),
    )

    def expected(self, folder: Path) -> dict[str, bytes]:
        folder.mkdir()
        shop = Shop(folder)
        shop.take(*self.DOCUMENTS)
        return shop.files()

    @pytest.mark.parametrize("form", ["lines", "gz", "pages", "airbyte", "singer", "tunnel"])
    def test_every_form_gives_the_same_files(self, shop: Shop, tmp_path: Path, form: str) -> None:
        documents = list(reversed(self.DOCUMENTS))
        path = tmp_path / "documents"
        lines = "\n".join(json.dumps(document) for document in documents)
        match form:
            case "lines":
                path.write_text("\ufeff" + lines + "\n\n", encoding="utf-8")
            case "gz":
                path.write_bytes(gzip.compress(json.dumps(documents).encode()))
            case "pages":
                path.write_text(json.dumps(documents[:3]) + json.dumps(documents[3:]))
            case "airbyte":
                told = [
                    {"_airbyte_raw_id": "x", "_airbyte_data": json.dumps(document)}
                    for document in documents
                ]
                path.write_text("\n".join(json.dumps(record) for record in told))
            case "singer":
                told = [
                    {"type": "SCHEMA", "stream": "orders", "schema": {}},
                    *({"type": "RECORD", "stream": "s", "record": d} for d in documents),
                ]
                path.write_text("\n".join(json.dumps(record) for record in told))
            case "tunnel":
                path.write_text(json.dumps({"data": documents}))
        shop.take_files(path)
        assert shop.files() == self.expected(tmp_path / "expected")

    def test_the_last_change_of_a_document_counts(self, shop: Shop, tmp_path: Path) -> None:
        earlier = order(
            1,
            "40.00",
            line(31, "40.00", quantity=4),
            date_modified_gmt="2024-03-05T10:30:00",
            status="pending",
        )
        first, second = tmp_path / "a.json", tmp_path / "b.json"
        first.write_text(json.dumps([*self.DOCUMENTS, earlier]))
        second.write_text(json.dumps([earlier, self.DOCUMENTS[2]]))
        shop.take_files(first, second)
        assert shop.files() == self.expected(tmp_path / "expected")

    def test_a_broken_file_is_named(self, shop: Shop, tmp_path: Path) -> None:
        path = tmp_path / "broken.json"
        path.write_text('[{"id": 1, ')
        with pytest.raises(DocumentError, match=r"broken\.json"):
            shop.take_files(path)

    def test_a_value_of_no_sense_names_its_document(self, shop: Shop) -> None:
        with pytest.raises(DocumentError, match=r"The order 1 .*'much'"):
            shop.take(order(1, "much", line(31, "5.00")))

    def test_a_landing_zone_with_files_is_left_alone(self, shop: Shop) -> None:
        shop.take(customer(7))
        with pytest.raises(LandingWriteError):
            shop.take(customer(8))
