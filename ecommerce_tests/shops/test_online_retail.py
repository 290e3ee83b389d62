"""Online Retail becomes a landing zone: small files of every form, and the whole data set."""

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest
from typer.testing import CliRunner

from ecommerce_assets.cli import app
from ecommerce_assets.rules.keys import is_in
from ecommerce_assets.shops.landing_files import LandingWriteError
from ecommerce_assets.shops.online_retail.importing import LandedAs, Part, import_online_retail
from ecommerce_assets.shops.online_retail.source import OnlineRetailError
from ecommerce_tests.conftest import SHARED

WHOLE_FILE = SHARED / "data/online-retail-ii/online_retail_II.parquet"
SECOND_EDITION = (
    *("Invoice", "StockCode", "Description", "Quantity"),
    *("InvoiceDate", "Price", "Customer ID", "Country"),
)
FIRST_EDITION = (
    *("InvoiceNo", "StockCode", "Description", "Quantity"),
    *("InvoiceDate", "UnitPrice", "CustomerID", "Country"),
)


def line(
    invoice: str,
    code: str,
    quantity: int,
    price: float,
    at: str = "2010-03-01 10:00",
    customer: int | None = 13085,
    country: str = "United Kingdom",
    description: str | None = "A THING",
) -> tuple[Any, ...]:
    moment = dt.datetime.fromisoformat(at)
    return (invoice, code, description, quantity, moment, price, customer, country)


SMALL = [
    line("489434", "85048", 12, 6.95, "2009-12-01 07:45"),
    line("489434", "POST", 1, 18.0, "2009-12-01 07:45"),
    line("489435", "79323P", 2, 6.75, "2009-12-01 09:00", customer=None),
    line("C489436", "85048", -2, 6.95, "2009-12-02 12:00"),
]


def frame(
    lines: Sequence[tuple[Any, ...]], columns: Sequence[str] = SECOND_EDITION
) -> pd.DataFrame:
    made = pd.DataFrame(lines, columns=columns)
    customer = columns[6]
    return made.astype({customer: "Int64"})


def parquet(path: Path, lines: Sequence[tuple[Any, ...]]) -> Path:
    frame(lines).to_parquet(path)
    return path


def landed(out: Path, feed: str) -> pd.DataFrame:
    files = sorted(out.glob(f"{feed}/*.csv"))
    parts = [pd.read_csv(file, dtype="str").assign(batch=file.stem) for file in files]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def import_lines(tmp_path: Path, *lines: tuple[Any, ...]):
    return import_online_retail([parquet(tmp_path / "in.parquet", lines)], tmp_path / "out")


def returned(tmp_path: Path) -> list[tuple[str, str, str]]:
    returns = landed(tmp_path / "out", "returns")
    return list(
        zip(returns["order_item_id"], returns["quantity"], returns["refund_amount"], strict=True)
    )


def adjusted(tmp_path: Path) -> list[tuple[str, ...]]:
    adjustments = landed(tmp_path / "out", "adjustments")
    columns = ["adjustment_id", "order_id", "amount", "kind", "reason"]
    return [tuple(record) for record in adjustments[columns].to_numpy()]


class TestFiles:
    def of(self, out: Path) -> dict[str, str]:
        return {str(file.relative_to(out)): file.read_text() for file in out.rglob("*.csv")}

    def test_a_sale_a_carriage_line_and_a_return_land_on_their_days(self, tmp_path):
        import_lines(tmp_path, *SMALL)

        files = self.of(tmp_path / "out")
        assert sorted(files) == [
            "customers/2009-12-01.csv",
            "order_items/2009-12-01.csv",
            "orders/2009-12-01.csv",
            "products/2009-12-01.csv",
            "returns/2009-12-02.csv",
        ]
        assert files["orders/2009-12-01.csv"].splitlines() == [
            "order_id,customer_id,status,ordered_at,currency,shipping_amount,country,ingested_at",
            '"489434","13085","fulfilled",2009-12-01 07:45:00Z,"GBP",18.00,"GB",'
            "2009-12-01 23:59:59Z",
            '"489435",,"fulfilled",2009-12-01 09:00:00Z,"GBP",0.00,"GB",2009-12-01 23:59:59Z',
        ]
        assert files["order_items/2009-12-01.csv"].splitlines()[1:] == [
            '"489434-0001","489434","85048","product",12,6.9500,2009-12-01 23:59:59Z',
            '"489435-0001","489435","79323P","product",2,6.7500,2009-12-01 23:59:59Z',
        ]
        assert files["returns/2009-12-02.csv"].splitlines()[1:] == [
            '"C489436-0001-1","489434-0001","489434",2,'
            "2009-12-02 12:00:00Z,13.90,2009-12-02 23:59:59Z"
        ]

    @pytest.mark.parametrize("columns", [SECOND_EDITION, FIRST_EDITION])
    @pytest.mark.parametrize("form", ["csv", "us.csv", "float.csv", "xlsx", "parquet"])
    def test_every_form_of_both_editions_gives_the_same_files(self, tmp_path, columns, form):
        rows = [*SMALL, line("489437", "20713", 1, 0.001, description="GIFT £70, RED")]
        import_lines(tmp_path, *rows)
        given = frame(rows, columns)
        path = tmp_path / f"given.{form}"
        match form:
            case "csv":
                given.to_csv(path, index=False)
            case "us.csv":
                text = given.assign(InvoiceDate=given["InvoiceDate"].dt.strftime("%m/%d/%Y %H:%M"))
                text.to_csv(path, index=False, encoding="cp1252")
            case "float.csv":
                given.astype({columns[6]: "Float64"}).to_csv(
                    path, index=False, encoding="utf-8-sig"
                )
            case "xlsx":
                book = openpyxl.Workbook()
                book.active.append(columns)
                for row in rows:
                    # Excel keeps codes that look like numbers as numbers.
                    book.active.append([int(v) if str(v).isdigit() else v for v in row])
                book.save(path)
            case "parquet":
                given.astype({columns[6]: "Float64"}).to_parquet(path)

        import_online_retail([path], tmp_path / "other")

        assert self.of(tmp_path / "other") == self.of(tmp_path / "out")

    def test_the_overlap_of_two_sheets_stands_once_and_real_duplicates_stay(self, tmp_path):
        twice = line("489434", "85048", 1, 2.0)
        before, shared, after = (
            line("489433", "22041", 1, 2.0, "2010-02-28 10:00"),
            [twice, twice, line("489434", "79323P", 1, 3.0)],
            line("489435", "22041", 1, 2.0, "2010-03-02 10:00"),
        )
        book = openpyxl.Workbook()
        for sheet, rows in (
            (book.active, [before, *shared]),
            (book.create_sheet(), [*shared, after]),
        ):
            sheet.append(SECOND_EDITION)
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / "both.xlsx")

        summary = import_online_retail([tmp_path / "both.xlsx"], tmp_path / "out")

        assert (summary.lines, summary.overlapping_lines) == (5, 3)
        assert list(landed(tmp_path / "out", "order_items")["order_item_id"]) == [
            *("489433-0001", "489434-0001", "489434-0002", "489434-0003", "489435-0001")
        ]

    def test_the_order_of_files_does_not_matter(self, tmp_path):
        first = parquet(tmp_path / "1.parquet", SMALL[:3])
        second = parquet(tmp_path / "2.parquet", SMALL[2:])

        import_online_retail([first, second], tmp_path / "out")
        import_online_retail([second, first], tmp_path / "other")

        assert self.of(tmp_path / "out") == self.of(tmp_path / "other")

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("x.csv", "a,b\n1,2\n", "x.csv is not Online Retail: it has no column Invoice or Inv"),
            ("x.csv", "", "x.csv is no CSV file with a header"),
            ("x.parquet", "no", "x.parquet is no Parquet file"),
            ("x.xlsx", "no", "x.xlsx is no Excel workbook"),
            ("x.txt", "no", "x.txt is no .xlsx, .csv or .parquet file"),
        ],
    )
    def test_a_file_that_is_something_else_is_refused(self, tmp_path, name, content, message):
        (tmp_path / name).write_text(content)

        with pytest.raises(OnlineRetailError, match=re.escape(message)):
            import_online_retail([tmp_path / name], tmp_path / "out")

    @pytest.mark.parametrize(
        ("column", "value", "message"),
        [
            ("Quantity", "1.5", "record 2: Quantity is '1.5', not a whole number"),
            ("Quantity", "many", "record 2: Quantity is 'many', not a number"),
            ("Quantity", "", "record 2: Quantity is '', not a number"),
            (
                "Price",
                "2.00001",
                "record 2: Price or UnitPrice is '2.00001', not at most 4 decimals",
            ),
            ("InvoiceDate", "13/12/2010 08:00", "record 2: InvoiceDate is '13/12/2010 08:00', not"),
            ("Invoice", "", "record 2: Invoice or InvoiceNo is nothing, not a value"),
            ("Price", "me@example.com", "record 2: Price or UnitPrice is an address, not a number"),
        ],
    )
    def test_a_value_that_cannot_be_read_is_named(self, tmp_path, column, value, message):
        given = frame(SMALL).astype("str").fillna("")
        given.loc[1, column] = value
        given.to_csv(tmp_path / "in.csv", index=False)

        with pytest.raises(OnlineRetailError, match=re.escape(message)):
            import_online_retail([tmp_path / "in.csv"], tmp_path / "out")

    def test_a_line_with_too_few_fields_is_named(self, tmp_path):
        frame(SMALL).to_csv(tmp_path / "in.csv", index=False)
        with (tmp_path / "in.csv").open("a") as file:
            file.write("489440,85048\n")

        with pytest.raises(OnlineRetailError, match=r"in\.csv, line 6: not as many fields"):
            import_online_retail([tmp_path / "in.csv"], tmp_path / "out")

    def test_a_missing_file_and_a_file_without_lines_are_refused(self, tmp_path):
        with pytest.raises(OnlineRetailError, match="No such file"):
            import_online_retail([tmp_path / "none.csv"], tmp_path / "out")
        with pytest.raises(OnlineRetailError, match="no invoice lines"):
            import_lines(tmp_path)

    def test_a_folder_with_landing_files_is_refused(self, tmp_path):
        import_lines(tmp_path, *SMALL)

        with pytest.raises(LandingWriteError, match="is there already"):
            import_lines(tmp_path, *SMALL)

    def test_the_command_prints_amounts_with_two_decimals_or_all_that_they_have(self, tmp_path):
        file = parquet(
            tmp_path / "file.parquet",
            [line("489434", "85048", 1, 2.345), line("489435", "TEST001", 1, 4.5)],
        )

        result = CliRunner().invoke(
            app, ["import", "online-retail", str(file), str(tmp_path / "out")]
        )

        rows = [row.replace("│", " ").split() for row in result.output.splitlines()]
        assert ["left", "out:", "test", "lines", "1", "4.50"] in rows
        assert ["rounding", "to", "cents", "-0.005"] in rows
        assert ["the", "file", "2", "6.845"] in rows


class TestReturns:
    def test_the_latest_earlier_line_with_units_left_is_taken_first_and_the_rest_split(
        self, tmp_path
    ):
        import_lines(
            tmp_path,
            line("1", "85048", 5, 2.0, "2010-03-01 10:00"),
            line("2", "85048", 3, 2.0, "2010-03-02 10:00"),
            line("C3", "85048", -2, 2.0, "2010-03-03 10:00"),
            line("C4", "85048", -4, 2.0, "2010-03-04 10:00"),
            line("5", "85048", 9, 2.0, "2010-03-05 10:00"),
        )

        assert returned(tmp_path) == [
            ("2-0001", "2", "4.00"),
            ("2-0001", "1", "2.00"),
            ("1-0001", "3", "6.00"),
        ]

    def test_what_no_line_can_give_names_itself_as_its_line(self, tmp_path):
        summary = import_lines(
            tmp_path,
            line("1", "85048", 3, 2.0),
            line("2", "85048", 9, 2.0, customer=99999),
            line("3", "22041", 9, 2.0),
            line("C4", "85048", -5, 2.0, "2010-03-02 10:00"),
            line("C5", "85048", -1, 2.0, "2010-03-02 11:00", customer=None),
        )

        assert returned(tmp_path) == [
            ("1-0001", "3", "6.00"),
            ("C4-0001", "2", "4.00"),
            ("C5-0001", "1", "2.00"),
        ]
        assert summary.landed[LandedAs.ORPHAN_RETURNS] == Part(2, Decimal("-6.00"))

    def test_a_line_gives_back_no_more_money_than_it_brought(self, tmp_path):
        import_lines(
            tmp_path,
            line("1", "85048", 5, 3.0, "2010-03-01 10:00"),
            line("2", "85048", 5, 1.0, "2010-03-02 10:00"),
            line("C3", "85048", -5, 2.0, "2010-03-03 10:00"),
        )

        assert returned(tmp_path) == [("2-0001", "2", "4.00"), ("1-0001", "3", "6.00")]

    def test_lines_of_the_same_minute_are_told_apart_by_the_invoice_number(self, tmp_path):
        import_lines(tmp_path, line("10", "85048", 5, 2.0), line("C11", "85048", -1, 2.0))
        assert returned(tmp_path) == [("10-0001", "1", "2.00")]

        import_online_retail(
            [
                parquet(
                    tmp_path / "in.parquet",
                    [line("C10", "85048", -1, 2.0), line("11", "85048", 5, 2.0)],
                )
            ],
            tmp_path / "other",
        )
        assert list(landed(tmp_path / "other", "returns")["order_item_id"]) == ["C10-0001"]

    def test_returns_after_the_window_are_a_part_of_their_own(self, tmp_path):
        summary = import_lines(
            tmp_path,
            line("1", "85048", 5, 2.0, "2010-03-01 23:30"),
            line("C2", "85048", -1, 2.0, "2010-03-31 10:00"),
            line("C3", "85048", -1, 2.0, "2010-04-01 00:30"),
        )

        assert summary.landed[LandedAs.REFUNDS] == Part(1, Decimal("-2.00"))
        assert summary.landed[LandedAs.NOT_REFUNDED] == Part(1, Decimal("-2.00"))


class TestOtherLines:
    @pytest.mark.parametrize(
        ("kind", "given"),
        [
            ("bad debt", line("A10", "B", 1, -53594.36, customer=None)),
            ("bad debt", line("A10", "B", 1, 11062.06, customer=None)),
            ("stock movements", line("10", "85048", -40, 0.0, customer=None)),
            ("stock movements", line("10", "85048", 40, 0.0, customer=None, description="found")),
            ("fees", line("C10", "AMAZONFEE", -1, 13541.33, customer=None)),
            ("fees", line("C10", "BANK CHARGES", -1, 15.0, customer=None)),
            ("adjustments", line("10", "ADJUST", 1, 96.46, customer=None)),
            ("samples", line("C10", "S", -1, 61.0, customer=None)),
            ("test lines", line("10", "TEST001", 5, 4.5)),
        ],
    )
    def test_what_is_no_customers_business_is_left_out_and_counted(self, tmp_path, kind, given):
        summary = import_lines(tmp_path, line("1", "85048", 1, 2.0), given)

        value = Decimal(str(given[5])) * given[3]
        assert summary.left_out == {kind: Part(1, value.quantize(Decimal("0.0001")))}
        assert list(landed(tmp_path / "out", "orders")["order_id"]) == ["1"]
        assert landed(tmp_path / "out", "returns").empty
        assert landed(tmp_path / "out", "adjustments").empty

    @pytest.mark.parametrize(
        "given",
        [
            line("1", "M", 1, 20.0),
            line("1", "M", 1, 20.0, customer=None),
            line("1", "BANK CHARGES", 1, 15.0),
            line("1", "CRUK", 1, 15.0),
            line("1", "S", 1, 15.0),
            line("1", "ADJUST", 1, 96.46),
        ],
    )
    def test_what_a_customer_is_charged_without_goods_is_a_line_of_kind_other(
        self, tmp_path, given
    ):
        summary = import_lines(tmp_path, line("1", "85048", 1, 2.0, customer=given[6]), given)

        items = landed(tmp_path / "out", "order_items")
        assert list(items["kind"]) == ["product", "other"]
        price = Decimal(str(given[5]))
        assert summary.landed[LandedAs.OTHER_GROSS] == Part(1, price.quantize(Decimal("0.01")))
        assert summary.left_out == {}
        assert list(landed(tmp_path / "out", "products")["product_id"]) == ["85048"]

    def test_a_gift_voucher_is_a_gift_card(self, tmp_path):
        import_lines(tmp_path, line("1", "gift_0001_20", 1, 17.02, customer=None))

        assert list(landed(tmp_path / "out", "order_items")["kind"]) == ["gift_card"]

    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            (line("C3", "M", -1, 5.0, "2010-03-03 10:00"), "manual entry"),
            (line("C3", "D", -1, 5.0, "2010-03-03 10:00"), "discount"),
            (line("C3", "CRUK", -1, 5.0, "2010-03-03 10:00"), "commission"),
            (line("C3", "BANK CHARGES", -1, 5.0, "2010-03-03 10:00"), "bank charges"),
            (line("C3", "ADJUST", -1, 5.0, "2010-03-03 10:00"), "adjustment"),
        ],
    )
    def test_money_back_without_goods_is_an_adjustment_of_the_customers_latest_order(
        self, tmp_path, given, reason
    ):
        summary = import_lines(
            tmp_path,
            line("1", "85048", 1, 2.0, "2010-03-01 10:00"),
            line("2", "85048", 1, 2.0, "2010-03-02 10:00"),
            given,
            line("4", "85048", 1, 2.0, "2010-03-04 10:00"),
        )

        assert adjusted(tmp_path) == [("C3-0001-1", "2", "5.00", "refund", reason)]
        assert summary.landed[LandedAs.REFUND_ADJUSTMENTS] == Part(1, Decimal("-5.00"))

    def test_a_credit_note_for_the_amount_of_an_earlier_order_is_about_that_order(self, tmp_path):
        import_lines(
            tmp_path,
            line("1", "85048", 3, 2.0, "2010-03-01 10:00"),
            line("1", "POST", 1, 4.0, "2010-03-01 10:00"),
            line("2", "85048", 1, 2.0, "2010-03-02 10:00"),
            line("C3", "M", -1, 10.0, "2010-03-03 10:00"),
        )

        assert adjusted(tmp_path) == [("C3-0001-1", "1", "10.00", "refund", "manual entry")]

    def test_a_discount_taken_back_is_an_amount_below_0(self, tmp_path):
        import_lines(
            tmp_path,
            line("1", "85048", 1, 2.0),
            line("2", "D", 1, 0.5, "2010-03-02 10:00"),
        )

        assert adjusted(tmp_path) == [("2-0001-1", "1", "-0.50", "refund", "discount")]

    def test_a_manual_entry_credited_at_the_same_price_later_takes_that_line_back(self, tmp_path):
        import_lines(
            tmp_path,
            line("1", "M", 1, 5.0),
            line("1", "M", 1, 7.0),
            line("C2", "M", -1, 5.0, "2010-03-02 10:00"),
        )

        assert returned(tmp_path) == [("1-0001", "1", "5.00")]
        assert landed(tmp_path / "out", "adjustments").empty

    def test_an_amount_moved_from_one_account_to_another_on_a_day_is_left_out(self, tmp_path):
        summary = import_lines(
            tmp_path,
            line("1", "85048", 1, 2.0),
            line("C2", "M", -1, 100.0, "2010-03-02 10:00"),
            line("3", "M", 1, 100.0, "2010-03-02 10:05", customer=None),
            line("4", "M", 1, 100.0, "2010-03-02 10:10", customer=99999),
        )

        assert summary.left_out == {
            "manual entries credited and billed again": Part(2, Decimal("0.0000"))
        }
        assert list(landed(tmp_path / "out", "orders")["order_id"]) == ["1", "4"]
        assert landed(tmp_path / "out", "adjustments").empty

    def test_a_credit_of_no_order_names_itself_as_its_order(self, tmp_path):
        summary = import_lines(
            tmp_path,
            line("1", "85048", 1, 2.0),
            line("C2", "POST", -1, 18.0, "2010-03-02 10:00", customer=None),
            line("C3", "M", -1, 5.0, "2010-03-02 10:00", customer=99999),
        )

        assert adjusted(tmp_path) == [
            ("C2-0001-1", "C2", "18.00", "shipping", "carriage"),
            ("C3-0001-1", "C3", "5.00", "refund", "manual entry"),
        ]
        assert summary.landed[LandedAs.ORPHAN_ADJUSTMENTS] == Part(2, Decimal("-23.00"))

    def test_a_gift_within_an_order_is_a_line_at_price_0(self, tmp_path):
        import_lines(
            tmp_path,
            line("1", "85048", 1, 2.0, customer=None),
            line("1", "22041", 4, 0.0, customer=None),
            line("2", "21143", 12, 0.0),
        )

        items = landed(tmp_path / "out", "order_items")
        assert list(items["unit_price"]) == ["2.0000", "0.0000", "0.0000"]
        assert list(landed(tmp_path / "out", "orders")["order_id"]) == ["1", "2"]

    def test_goods_at_a_price_below_0_go_in_as_they_are(self, tmp_path):
        summary = import_lines(tmp_path, line("1", "85048", 1, 2.0), line("1", "22041", 2, -1.5))

        assert list(landed(tmp_path / "out", "order_items")["unit_price"]) == ["2.0000", "-1.5000"]
        assert summary.landed[LandedAs.OUT_OF_RANGE] == Part(1, Decimal("-3.00"))

    def test_a_credit_at_a_price_below_0_takes_nothing_from_a_line(self, tmp_path):
        summary = import_lines(
            tmp_path,
            line("1", "85048", 1, 2.0),
            line("C2", "85048", -1, -2.0, "2010-03-02 10:00"),
            line("C3", "85048", -1, 2.0, "2010-03-03 10:00"),
        )

        assert returned(tmp_path) == [("C2-0001", "1", "-2.00"), ("1-0001", "1", "2.00")]
        assert summary.landed[LandedAs.OUT_OF_RANGE] == Part(1, Decimal("2.00"))

    def test_credited_carriage_adjusts_the_shipping_of_the_order_that_charged_it(self, tmp_path):
        summary = import_lines(
            tmp_path,
            line("1", "85048", 1, 2.0),
            line("1", "POST", 2, 18.0),
            line("2", "85048", 1, 2.0, "2010-03-01 11:00"),
            line("C3", "POST", -1, 18.0, "2010-03-02 10:00"),
            line("C4", "POST", -2, 18.0, "2010-03-03 10:00"),
        )

        orders = landed(tmp_path / "out", "orders")
        assert list(orders["shipping_amount"]) == ["36.00", "0.00"]
        assert adjusted(tmp_path) == [
            ("C3-0001-1", "1", "18.00", "shipping", "carriage"),
            ("C4-0001-1", "1", "18.00", "shipping", "carriage"),
            ("C4-0001-2", "2", "18.00", "shipping", "carriage"),
        ]
        assert summary.landed[LandedAs.SHIPPING] == Part(1, Decimal("36.00"))
        assert summary.landed[LandedAs.SHIPPING_ADJUSTMENTS] == Part(3, Decimal("-54.00"))

    def test_an_invoice_of_carriage_alone_is_an_order_without_lines(self, tmp_path):
        import_lines(tmp_path, line("1", "DOT", 1, 9.5), line("1", "C2", 1, 50.0))

        assert list(landed(tmp_path / "out", "orders")["shipping_amount"]) == ["59.50"]
        assert landed(tmp_path / "out", "order_items").empty

    def test_an_invoice_with_several_moments_is_ordered_at_the_first(self, tmp_path):
        import_lines(
            tmp_path,
            line("1", "85048", 1, 2.0, "2010-07-01 10:00"),
            line("1", "22041", 1, 2.0, "2010-07-01 10:01"),
        )

        orders = landed(tmp_path / "out", "orders")
        assert list(orders["ordered_at"]) == ["2010-07-01 09:00:00Z"]

    def test_prices_of_3_decimals_stay_and_their_lines_round_to_cents(self, tmp_path):
        summary = import_lines(tmp_path, line("1", "PADS", 1, 0.001), line("1", "85048", 3, 0.335))

        assert list(landed(tmp_path / "out", "order_items")["unit_price"]) == ["0.0010", "0.3350"]
        assert summary.landed[LandedAs.GROSS] == Part(2, Decimal("1.01"))
        assert summary.rounding == Decimal("-0.004")


class TestCustomersAndProducts:
    def test_a_customer_lands_when_first_seen_and_when_the_country_changes(self, tmp_path):
        import_lines(
            tmp_path,
            line("1", "85048", 1, 2.0, "2010-03-01 10:00", country="EIRE"),
            line("2", "85048", 1, 2.0, "2010-03-02 10:00", country="EIRE"),
            line("3", "85048", 1, 2.0, "2010-03-03 10:00", country="France"),
            line("4", "85048", 1, 2.0, "2010-03-03 10:00", customer=7, country="Unspecified"),
        )

        customers = landed(tmp_path / "out", "customers").fillna("")
        columns = ["batch", "customer_id", "country", "created_at"]
        assert customers[columns].values.tolist() == [
            ["2010-03-01", "13085", "IE", "2010-03-01 10:00:00Z"],
            ["2010-03-03", "13085", "FR", "2010-03-01 10:00:00Z"],
            ["2010-03-03", "7", "", "2010-03-03 10:00:00Z"],
        ]

    def test_a_product_lands_on_the_days_on_which_its_usual_price_changes(self, tmp_path):
        import_lines(
            tmp_path,
            line("1", "85048", 1, 2.95, "2010-03-01 10:00", description="A THING"),
            line("2", "85048", 1, 2.95, "2010-03-02 10:00", description="A THING"),
            line("3", "85048", 99, 2.55, "2010-03-02 11:00", description=None),
            line("4", "85048", 1, 2.95, "2010-03-02 12:00", description="THING, A"),
            line("5", "85048", 1, 6.04, "2010-03-03 10:00", customer=None),
            line("6", "85048", 1, 3.25, "2010-03-04 10:00"),
            line("7", "22041", 1, 6.04, "2010-03-04 11:00", customer=None, description=None),
        )

        products = landed(tmp_path / "out", "products")
        columns = ["product_id", "updated_at", "name", "price"]
        assert products[columns].values.tolist() == [
            ["85048", "2010-03-01 10:00:00Z", "A THING", "2.9500"],
            ["22041", "2010-03-04 11:00:00Z", "22041", "6.0400"],
            ["85048", "2010-03-04 10:00:00Z", "A THING", "3.2500"],
        ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("online-retail") / "landing"
    return out, import_online_retail([WHOLE_FILE], out)


@pytest.mark.skipif(
    not WHOLE_FILE.exists(), reason="Online Retail is not beside this checkout (../shared)"
)
class TestWholeFile:
    @staticmethod
    def cents(amounts: pd.Series) -> pd.Series:
        return amounts.str.replace(".", "", regex=False).astype("int64")

    def read(self, out: Path, feed: str) -> pd.DataFrame:
        as_text = pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(
                [
                    *("order_id", "order_item_id", "unit_price"),
                    *("shipping_amount", "refund_amount", "amount"),
                ],
                pa.string(),
            )
        )
        files = sorted(out.glob(f"{feed}/*.csv"))
        tables = [pyarrow.csv.read_csv(file, convert_options=as_text) for file in files]
        return pa.concat_tables(tables, promote_options="permissive").to_pandas()

    def test_every_line_is_read_and_every_trading_day_is_a_batch(self, whole):
        out, summary = whole
        given = pd.read_parquet(WHOLE_FILE)

        assert (summary.lines, summary.overlapping_lines) == (len(given), 0)
        assert {file.stem for file in out.glob("orders/*.csv")} == set(
            given["InvoiceDate"].dt.strftime("%Y-%m-%d")
        )

    def test_the_money_of_the_file_is_the_money_landed_and_left_out_and_rounding(self, whole):
        out, summary = whole
        given = pd.read_parquet(WHOLE_FILE)
        money = sum(
            (given["Price"] * 1000).round().astype("int64") * given["Quantity"].astype("int64")
        )
        items, orders, returns, adjustments = (
            self.read(out, feed) for feed in ("order_items", "orders", "returns", "adjustments")
        )
        price = self.cents(items["unit_price"])
        gross = (items["quantity"] * price + 50) // 100
        is_product = items["kind"].eq("product")
        shipping = self.cents(orders["shipping_amount"])
        asked = self.cents(returns["refund_amount"])
        matched = is_in(returns["order_item_id"], items["order_item_id"])
        ordered = returns["order_id"].map(
            orders.drop_duplicates("order_id").set_index("order_id")["ordered_at"]
        )
        days = (
            returns["returned_at"]
            .dt.tz_convert("Europe/London")
            .dt.normalize()
            .dt.tz_localize(None)
            - ordered.dt.tz_convert("Europe/London").dt.normalize().dt.tz_localize(None)
        ).dt.days

        given = self.cents(adjustments["amount"])
        has_order = is_in(adjustments["order_id"], orders["order_id"])
        is_refund = adjustments["kind"].eq("refund")

        def part(amounts: pd.Series) -> Part:
            return Part(len(amounts), Decimal(int(amounts.sum())).scaleb(-2))

        assert summary.money == Decimal(int(money)).scaleb(-3)
        assert summary.landed == {
            LandedAs.GROSS: part(gross[is_product]),
            LandedAs.OTHER_GROSS: part(gross[~is_product]),
            LandedAs.SHIPPING: part(shipping[shipping > 0]),
            LandedAs.REFUNDS: part(-asked[matched & days.le(30)]),
            LandedAs.NOT_REFUNDED: part(-asked[matched & days.gt(30)]),
            LandedAs.REFUND_ADJUSTMENTS: part(-given[has_order & is_refund]),
            LandedAs.SHIPPING_ADJUSTMENTS: part(-given[has_order & ~is_refund]),
            LandedAs.ORPHAN_RETURNS: part(-asked[~matched]),
            LandedAs.ORPHAN_ADJUSTMENTS: part(-given[~has_order]),
            LandedAs.OUT_OF_RANGE: Part(0, Decimal(0)),
        }
        landed_money = sum(part.money for part in summary.landed.values())
        left_out = sum(part.money for part in summary.left_out.values())
        assert summary.money == landed_money + left_out + summary.rounding
        # 18 lines have a price of three decimals.
        assert abs(summary.rounding) <= 18 * Decimal("0.005")

    def test_no_line_gives_back_more_than_it_has(self, whole):
        out, _ = whole
        items, returns = self.read(out, "order_items"), self.read(out, "returns")
        asked = returns.assign(refund=self.cents(returns["refund_amount"]))
        back = asked.groupby("order_item_id")[["quantity", "refund"]].sum()
        lines = items.set_index("order_item_id").loc[
            back.index.intersection(items["order_item_id"])
        ]
        gross = (lines["quantity"] * self.cents(lines["unit_price"]) + 50) // 100
        back = back.loc[lines.index]

        assert len(back) > 10_000
        assert (back["quantity"] <= lines["quantity"]).all()
        assert (back["refund"] <= gross).all()
