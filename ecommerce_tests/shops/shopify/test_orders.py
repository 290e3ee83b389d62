"""REST order documents become records; each case with its arithmetic."""

from pathlib import Path

import pytest

from ecommerce_tests.shops.shopify.documents import (
    CHANGED,
    REFUNDED,
    adjustment,
    bag,
    line,
    order,
    refund,
    refund_line,
    shipping,
    transaction,
)
from ecommerce_tests.shops.shopify.shop import Shop, agreed


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


AMOUNTS = ("order_item_id", "quantity", "unit_price", "gross_amount", "discount_amount")


class TestWhatWasSold:
    def test_an_order_lands_on_the_day_of_its_last_change(self, shop: Shop) -> None:
        # 2 × 13.50 = 27.00, shipping 4.90, tax 6.06: 37.96
        document = order(
            1,
            "37.96",
            line(31, "13.50", 2, tax="5.13"),
            shipping_lines=[shipping("4.90", tax="0.93")],
            total_shipping_price_set=bag("4.90"),
            total_tax="6.06",
            discount_codes=[{"code": "SPRING", "amount": "0.00"}],
        )
        assert agreed(shop.take(document))
        assert shop.landed("orders", "order_id", "customer_id", "status", "batch") == [
            ("1", "77", "paid", "2026-03-10")
        ]
        assert shop.landed("orders", "ordered_at", "shipping_amount", "tax_amount") == [
            ("2026-03-02T15:00:00Z", "4.90", "6.06")
        ]
        assert shop.landed("orders", "currency", "channel", "country", "discount_code") == [
            ("EUR", "web", "DE", "SPRING")
        ]
        assert shop.landed("order_items", "product_id", "kind", *AMOUNTS) == [
            ("531", "product", "31", "2", "13.5000", "27.00", "0.00")
        ]
        assert shop.landed("customers", "customer_id", "email", "batch") == [
            ("77", "ada@example.com", "2026-03-10")
        ]

    def test_discounts_of_line_and_order_are_what_shopify_allocates(self, shop: Shop) -> None:
        # 3 × 10.00 − 3.33 = 26.67 and 5.00 − 0.55 = 4.45: 31.12
        assert agreed(
            shop.take(
                order(
                    1,
                    "31.12",
                    line(31, "10.00", 3, discount="3.33"),
                    line(32, "5.00", discount="0.55"),
                )
            )
        )
        assert shop.landed("order_items", "gross_amount", "discount_amount") == [
            ("30.00", "3.33"),
            ("5.00", "0.55"),
        ]

    def test_discounts_without_allocations_are_divided_by_the_subtotal(self, shop: Shop) -> None:
        # 20.00 + 10.00 − 5.00 = 25.00, of which 3.33 on the first and 1.67 on the second
        lines = [line(31, "20.00"), line(32, "10.00")]
        for one in lines:
            del one["discount_allocations"]
        assert agreed(shop.take(order(1, "25.00", *lines, subtotal_price="25.00")))
        assert shop.landed("order_items", "discount_amount") == ["3.33", "1.67"]

    def test_prices_that_include_tax_are_stripped_of_it(self, shop: Shop) -> None:
        # 3 × 9.99 = 29.97 with 4.79 tax: net 25.18, 8.3933 each.
        # 10.00 − 2.00 = 8.00 with 1.28: net 6.72; gross 10.00 × 6.72 ÷ 8.00 = 8.40, discount 1.68.
        # Shipping 4.90 with 0.78: 4.12. Total 29.97 + 8.00 + 4.90 = 42.87, tax 6.85.
        document = order(
            1,
            "42.87",
            line(31, "9.99", 3, tax="4.79"),
            line(32, "10.00", discount="2.00", tax="1.28"),
            shipping_lines=[shipping("4.90", tax="0.78")],
            total_shipping_price_set=bag("4.90"),
            taxes_included=True,
            total_tax="6.85",
        )
        assert agreed(shop.take(document))
        assert shop.landed("order_items", *AMOUNTS) == [
            ("31", "3", "8.3933", "25.18", "0.00"),
            ("32", "1", "8.4000", "8.40", "1.68"),
        ]
        assert shop.landed("orders", "shipping_amount", "tax_amount") == [("4.12", "6.85")]

    def test_a_line_given_away_is_stripped_by_its_tax_rate(self, shop: Shop) -> None:
        # 11.90 ÷ 1.19 = 10.00, all of it discount
        free = line(31, "11.90", discount="11.90", tax="0.00")
        assert agreed(shop.take(order(1, "0.00", free, taxes_included=True)))
        assert shop.landed("order_items", "gross_amount", "discount_amount") == [("10.00", "10.00")]

    def test_amounts_are_the_shops_money_not_the_customers(self, shop: Shop) -> None:
        foreign = line(31, "10.00", price_set=bag("10.00", presentment="11.80"))
        assert agreed(shop.take(order(1, "10.00", foreign)))
        assert shop.landed("order_items", "gross_amount") == ["10.00"]

    def test_shipping_counts_after_its_discount(self, shop: Shop) -> None:
        # 10.00 + 4.90 − 4.90 = 10.00
        free = shipping(
            "4.90", discounted_price="4.90", discount_allocations=[{"amount_set": bag("4.90")}]
        )
        document = order(
            1,
            "10.00",
            line(31, "10.00"),
            shipping_lines=[free],
            total_shipping_price_set=bag("4.90"),
        )
        assert agreed(shop.take(document))
        assert shop.landed("orders", "shipping_amount") == ["0.00"]

    def test_gift_cards_tips_and_duties_are_lines_of_their_own_kind(self, shop: Shop) -> None:
        # 10.00 + 50.00 gift card + 3.00 tip + 2.20 duty = 65.20
        document = order(
            1,
            "65.20",
            line(31, "10.00", duties=[{"id": 41, "price_set": bag("2.20")}]),
            line(32, "50.00", gift_card=True),
            line(33, "3.00", title="Tip", variant_id=None, product_id=None, tip={}),
            total_tip_received="3.00",
        )
        assert agreed(shop.take(document))
        assert shop.landed(
            "order_items", "order_item_id", "product_id", "kind", "gross_amount"
        ) == [
            ("31", "531", "product", "10.00"),
            ("32", "532", "gift_card", "50.00"),
            ("33", "tip", "other", "3.00"),
            ("41", "duty", "other", "2.20"),
        ]

    def test_a_tip_without_a_line_becomes_one(self, shop: Shop) -> None:
        assert agreed(shop.take(order(1, "12.00", line(31, "10.00"), total_tip_received="2.00")))
        assert ("1-tip", "other", "2.00") in shop.landed(
            "order_items", "order_item_id", "kind", "gross_amount"
        )

    def test_a_deleted_product_a_typed_in_line_and_a_guest(self, shop: Shop) -> None:
        document = order(
            1,
            "8.00",
            line(31, "5.00", variant_id=None),
            line(32, "2.00", variant_id=None, product_id=None),
            line(33, "1.00", variant_id=None, product_id=None, sku="", title="Gift wrap"),
            customer=None,
            source_name="pos",
            shipping_address=None,
            billing_address=None,
        )
        assert agreed(shop.take(document))
        assert shop.landed("order_items", "product_id") == [
            "product:331",
            "sku:MUG-B",
            "custom:Gift wrap",
        ]
        assert shop.landed("orders", "customer_id", "channel", "country") == [(None, "pos", None)]


class TestStatus:
    def test_status_follows_the_money_then_the_goods(self, shop: Shop) -> None:
        cases: list[tuple[str, dict[str, str]]] = [
            ("created", {"financial_status": "pending"}),
            ("created", {"financial_status": "authorized"}),
            ("paid", {"financial_status": "partially_paid"}),
            ("paid", {"fulfillment_status": "partial"}),
            ("fulfilled", {"fulfillment_status": "fulfilled"}),
            ("cancelled", {"financial_status": "voided"}),
            ("cancelled", {"financial_status": "pending", "cancelled_at": CHANGED}),
            ("returned", {"financial_status": "paid", "cancelled_at": CHANGED}),
            ("returned", {"financial_status": "refunded"}),
        ]
        shop.take(
            *(
                order(id_, "10.00", line(30 + id_, "10.00"), **fields)
                for id_, (_, fields) in enumerate(cases, start=1)
            )
        )
        assert shop.landed("orders", "status") == [status for status, _ in cases]

    def test_an_order_is_delivered_when_all_its_parcels_are(self, shop: Shop) -> None:
        parcels = [
            {
                "status": "success",
                "created_at": "2026-03-03T08:00:00Z",
                "shipment_status": "delivered",
            },
            {"status": "cancelled", "created_at": "2026-03-05T08:00:00Z"},
        ]
        shop.take(
            order(
                1, "10.00", line(31, "10.00"), fulfillment_status="fulfilled", fulfillments=parcels
            )
        )
        assert shop.landed("orders", "status", "fulfilled_at", "delivered_at") == [
            ("delivered", "2026-03-03T08:00:00Z", None)
        ]

    def test_an_order_paid_seconds_before_shopify_made_it_is_paid_with_it(self, shop: Shop) -> None:
        paid = transaction(1, "sale", "10.00", "2026-03-02T14:59:55Z")
        assert agreed(shop.take(order(1, "10.00", line(31, "10.00"), transactions=[paid])))
        assert shop.landed("orders", "paid_at") == ["2026-03-02T15:00:00Z"]

    def test_an_order_paid_after_it_was_sent_has_no_paid_at(self, shop: Shop) -> None:
        document = order(
            1,
            "10.00",
            line(31, "10.00"),
            fulfillment_status="fulfilled",
            fulfillments=[{"created_at": "2026-03-03T08:00:00Z"}],
            transactions=[transaction(1, "sale", "10.00", "2026-03-06T08:00:00Z")],
        )
        imported = shop.take(document)
        assert agreed(imported)
        assert shop.landed("orders", "paid_at", "fulfilled_at") == [(None, "2026-03-03T08:00:00Z")]
        assert imported.notes["orders paid after they were sent: paid_at is left out"] == 1

    def test_test_and_draft_orders_are_left_out_and_counted(self, shop: Shop) -> None:
        imported = shop.take(
            order(1, "10.00", line(31, "10.00"), test=True),
            {"id": "gid://shopify/DraftOrder/5", "lineItems": {"nodes": []}},
            {"id": 6, "invoice_url": "https://x", "completed_at": None, "line_items": []},
        )
        assert shop.landed("orders", "order_id") == []
        assert imported.left_out == {"draft orders": 2, "test orders": 1}


class TestWhatCameBack:
    def test_a_partial_refund_returns_units_on_its_day_without_tax(self, shop: Shop) -> None:
        # 3 × 10.00 + 5.70 tax = 35.70; one back: 10.00 + 1.90 tax. Kept 23.80, of it 3.80 tax.
        document = order(
            1,
            "35.70",
            line(31, "10.00", 3, tax="5.70"),
            now="23.80",
            total_tax="5.70",
            current_total_tax="3.80",
            financial_status="partially_refunded",
            refunds=[refund(71, refund_line(81, 31, 1, "10.00", "1.90"), note="too small")],
        )
        assert agreed(shop.take(document))
        assert shop.landed(
            "returns",
            "return_id",
            "order_item_id",
            "quantity",
            "refund_amount",
            "returned_at",
            "reason",
        ) == [("81", "31", "1", "10.00", "2026-03-09T21:30:00Z", "too small")]

    def test_a_refund_with_tax_included_gives_back_the_net(self, shop: Shop) -> None:
        # 2 × 11.90 = 23.80 with 3.80: net 20.00; one back at 11.90 with 1.90: net 10.00
        document = order(
            1,
            "23.80",
            line(31, "11.90", 2, tax="3.80"),
            now="11.90",
            total_tax="3.80",
            current_total_tax="1.90",
            taxes_included=True,
            refunds=[refund(71, refund_line(81, 31, 1, "11.90", "1.90"))],
        )
        assert agreed(shop.take(document))
        assert shop.landed("returns", "refund_amount") == ["10.00"]

    def test_shipping_goodwill_and_a_kept_fee_are_adjustments(self, shop: Shop) -> None:
        # 40.00 + 5.00 shipping = 45.00. A line of 20.00 back less a fee of 2.50; the shipping;
        # 3.00 of goodwill: 45.00 − 20.00 + 2.50 − 5.00 − 3.00 = 19.50
        document = order(
            1,
            "45.00",
            line(31, "20.00", 2),
            now="19.50",
            shipping_lines=[shipping("5.00")],
            total_shipping_price_set=bag("5.00"),
            refunds=[
                refund(
                    71,
                    refund_line(81, 31, 1, "20.00"),
                    order_adjustments=[
                        adjustment(91, "2.50"),
                        adjustment(92, "-5.00", "shipping_refund"),
                    ],
                ),
                refund(72, order_adjustments=[adjustment(93, "-3.00")]),
            ],
        )
        assert agreed(shop.take(document))
        assert shop.landed("adjustments", "adjustment_id", "kind", "amount") == [
            ("91", "refund", "-2.50"),
            ("92", "shipping", "5.00"),
            ("93", "refund", "3.00"),
        ]

    def test_shipping_lines_of_a_refund_stand_for_the_older_adjustment(self, shop: Shop) -> None:
        # 10.00 + 5.95 shipping with 0.95 tax in it; the shipping back: 5.00
        document = order(
            1,
            "15.95",
            line(31, "10.00"),
            now="10.00",
            shipping_lines=[shipping("5.95", tax="0.95")],
            taxes_included=True,
            total_tax="0.95",
            refunds=[
                refund(
                    71,
                    refund_shipping_lines=[
                        {
                            "id": 95,
                            "subtotal_amount_set": bag("5.95"),
                            "tax_amount_set": bag("0.95"),
                        }
                    ],
                )
            ],
        )
        assert agreed(shop.take(document))
        assert shop.landed("adjustments", "adjustment_id", "kind", "amount") == [
            ("95", "shipping", "5.00")
        ]

    def test_a_cancelled_paid_order_is_sold_and_given_back(self, shop: Shop) -> None:
        document = order(
            1,
            "10.00",
            line(31, "10.00", current_quantity=0),
            now="0.00",
            financial_status="refunded",
            cancelled_at=CHANGED,
            refunds=[refund(71, refund_line(81, 31, 1, "10.00"))],
        )
        assert agreed(shop.take(document))
        assert shop.landed("orders", "status") == ["returned"]
        assert shop.landed("returns", "refund_amount") == ["10.00"]

    def test_an_order_cancelled_before_it_was_paid_gives_nothing_back(self, shop: Shop) -> None:
        document = order(
            1,
            "10.00",
            line(31, "10.00", current_quantity=0),
            now="0.00",
            financial_status="voided",
            cancelled_at=CHANGED,
            refunds=[refund(71, refund_line(81, 31, 1, "10.00"))],
        )
        imported = shop.take(document)
        assert agreed(imported)
        assert shop.landed("returns", "return_id") == []
        assert imported.notes["refunds of orders cancelled before they were paid"] == 1

    def test_an_edit_that_takes_units_off_without_a_refund_is_undated(self, shop: Shop) -> None:
        # 3 × 10.00 − 1.00 = 29.00; one unit gone: 29.00 ÷ 3 = 9.67
        document = order(
            1, "29.00", line(31, "10.00", 3, discount="1.00", current_quantity=2), now="19.33"
        )
        imported = shop.take(document)
        assert agreed(imported)
        assert shop.landed("returns", "return_id", "refund_amount", "returned_at") == [
            ("31-removed", "9.67", "2026-03-10T14:00:00Z")
        ]
        assert imported.notes["undated removals"] == 1

    def test_a_refund_without_its_adjustments_is_made_whole_by_its_payment(
        self, shop: Shop
    ) -> None:
        # Paid back 12.00, of which the line says 10.00
        back = refund(
            71,
            refund_line(81, 31, 1, "10.00"),
            transactions=[
                transaction(5, "refund", "12.00"),
                transaction(6, "refund", "9.00", status="failure"),
            ],
        )
        del back["order_adjustments"]
        imported = shop.take(order(1, "20.00", line(31, "10.00", 2), now="8.00", refunds=[back]))
        assert agreed(imported)
        assert shop.landed("adjustments", "adjustment_id", "amount") == [("71-rest", "2.00")]
        assert imported.notes["refunds pieced together from transactions"] == 1

    def test_refunds_that_say_only_a_total_are_adjustments_without_the_tax_lost(
        self, shop: Shop
    ) -> None:
        # 30.00 + 5.70. Paid back 11.90 and 5.95, of which tax 2.85 in proportion: 1.90 and 0.95.
        document = order(
            1,
            "35.70",
            line(31, "10.00", 3, tax="5.70", current_quantity=2),
            now="17.85",
            total_tax="5.70",
            current_total_tax="2.85",
            refunds=[
                {"id": 71, "created_at": REFUNDED, "total_refunded_set": bag("11.90")},
                {"id": 72, "created_at": CHANGED, "total_refunded_set": bag("5.95")},
            ],
        )
        assert agreed(shop.take(document))
        assert shop.landed("adjustments", "adjustment_id", "amount", "adjusted_at") == [
            ("71", "10.00", "2026-03-09T21:30:00Z"),
            ("72", "5.00", "2026-03-10T14:00:00Z"),
        ]
        assert shop.landed("returns", "return_id") == []

    def test_the_refund_of_a_return_after_the_window_is_an_adjustment(self, shop: Shop) -> None:
        # The rules refund no return after the window; the shop paid 10.00 for it.
        back = refund(71, refund_line(81, 31, 1, "10.00"))
        document = order(1, "10.00", line(31, "10.00"), now="0.00", refunds=[back])
        assert agreed(shop.take(document, return_days=5))
        assert shop.landed("returns", "return_id", "quantity", "refund_amount") == [
            ("81", "1", "0.00")
        ]
        assert shop.landed("adjustments", "adjustment_id", "amount", "kind", "adjusted_at") == [
            ("81-money", "10.00", "refund", "2026-03-09T21:30:00Z")
        ]

    def test_a_line_that_an_exchange_added_is_sold_on_its_day(self, shop: Shop) -> None:
        # 10.00, exchanged for one of 12.00: 10.00 + 12.00 − 10.00 = 12.00
        document = order(
            1,
            "22.00",
            line(31, "10.00", current_quantity=0),
            line(32, "12.00"),
            now="12.00",
            refunds=[refund(71, refund_line(81, 31, 1, "10.00"))],
            returns=[
                {
                    "id": 61,
                    "created_at": "2026-03-09T21:00:00Z",
                    "exchange_line_items": [{"id": 62, "line_items": [{"id": 32}]}],
                }
            ],
        )
        assert agreed(shop.take(document))
        assert shop.landed("order_items", "order_item_id", "sold_at") == [
            ("31", None),
            ("32", "2026-03-09T21:00:00Z"),
        ]

    def test_a_line_that_an_edit_added_without_a_day_is_counted(self, shop: Shop) -> None:
        document = order(
            1,
            "22.00",
            line(31, "10.00"),
            line(32, "12.00"),
            original_total_price_set=bag("10.00"),
            source_name=None,
            channel_information={"channel_definition": {"handle": "tiktok"}},
        )
        imported = shop.take(document)
        assert agreed(imported)
        assert imported.notes["orders with undated additions: sold with the order"] == 1
        assert shop.landed("orders", "channel") == ["tiktok"]

    def test_what_only_the_totals_say_is_undated(self, shop: Shop) -> None:
        document = order(1, "20.00", line(31, "20.00"), now="14.00")
        del document["refunds"]
        imported = shop.take(document)
        assert agreed(imported)
        assert shop.landed("adjustments", "adjustment_id", "amount", "adjusted_at") == [
            ("1-undated", "6.00", "2026-03-10T14:00:00Z")
        ]
        assert imported.notes["undated refunds"] == 1


class TestReconciliation:
    def test_a_document_that_contradicts_itself_is_told_with_both_amounts(self, shop: Shop) -> None:
        imported = shop.take(
            order(1, "10.00", line(31, "10.00")),
            order(2, "11.00", line(32, "10.00"), now="11.00"),
        )
        result = imported.reconciliation
        assert (result.orders, result.agreeing) == (2, 1)
        assert [str(difference) for difference in result.differences] == [
            "order 2: kept is 11.00 by current_total_price and 10.00 by our rules (not known)",
            "order 2: total is 11.00 by total_price and 10.00 by our rules (not known)",
        ]

    def test_a_record_that_breaks_a_rule_is_named_as_the_cause(self, shop: Shop) -> None:
        result = shop.take(order(1, "10.00", line(31, "10.00"), currency="USD")).reconciliation
        assert {difference.cause for difference in result.differences} == {
            "a record of order_items breaks orphan; a record of orders breaks currency"
        }

    def test_payments_that_leave_another_amount_are_told(self, shop: Shop) -> None:
        document = order(
            1,
            "10.00",
            line(31, "10.00"),
            transactions=[transaction(1, "sale", "9.00")],
            total_outstanding="0.00",
        )
        (difference,) = shop.take(document).reconciliation.differences
        assert (difference.source, difference.own, difference.ours) == (
            "payments and total_outstanding",
            900,
            1000,
        )
