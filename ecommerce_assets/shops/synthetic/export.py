"""The records that a synthetic shop exports, and the days on which they land."""

import numpy as np

from ecommerce_assets.feeds.contract import STATUSES
from ecommerce_assets.shops.synthetic.aftermath import Adjustments, Returns
from ecommerce_assets.shops.synthetic.catalogue import Catalogue
from ecommerce_assets.shops.synthetic.customers import Customers
from ecommerce_assets.shops.synthetic.lines import LINES_PER_ORDER, PRODUCT, Lines
from ecommerce_assets.shops.synthetic.orders import DAY, NEVER, Orders
from ecommerce_assets.shops.synthetic.outbox import Outbox, Records
from ecommerce_assets.shops.synthetic.random_numbers import Ints, RandomNumbers
from ecommerce_assets.shops.synthetic.stock import Stock


class Export:
    """Puts records into the outbox for the days they land on; `midnight` is the first day's."""

    def __init__(self, outbox: Outbox, midnight: int, random: RandomNumbers) -> None:
        self._outbox = outbox
        self._midnight = midnight
        self._random = random
        self._returns = 0
        self._adjustments = 0

    def take(self, feed: str, day: int) -> Records | None:
        """Take the records of a feed that land on a day, in the order of their export."""
        return self._outbox.take(feed, day)

    def products(self, day: int, midnight: int, catalogue: Catalogue, changed: Ints) -> None:
        """Export the products that are new or changed at a day's midnight."""
        size = len(changed)
        self._outbox.add(
            "products",
            np.full(size, day),
            {
                "product": changed,
                "updated_at": np.full(size, midnight),
                "category": catalogue.category[changed],
                "price": catalogue.price[changed],
                "cost": catalogue.cost[changed],
                "ingested_at": midnight + self._random.between(60, 3600, size),
            },
            late_per_mille=100,
        )

    def customers(self, customers: Customers, customer: Ints, at: Ints) -> None:
        """Export the current state of customers, each at a moment."""
        self._outbox.add(
            "customers",
            self._day(at),
            {
                "customer": customer,
                "email": customers.email[customer],
                "country": customers.country[customer],
                "created_at": customers.created_at[customer],
                "ingested_at": at + self._random.between(60, 3600, len(customer)),
            },
        )

    def orders(self, orders: Orders) -> None:
        """Export each order on every day on which its status changes."""
        moments = np.stack(orders.moments)
        days = self._day(moments)
        for status in range(len(STATUSES)):
            at, day = moments[status], days[status]
            # A day's export has the last status that an order reached on the day.
            later_that_day = ((days == day) & (moments > at)).any(axis=0)
            is_exported = (at != NEVER) & ~later_that_day
            so_far = np.where(moments <= at, moments, NEVER)[:, is_exported]
            self._outbox.add(
                "orders",
                day[is_exported],
                {
                    "order": orders.number[is_exported],
                    "customer": orders.customer[is_exported],
                    "status": np.full(is_exported.sum(), status),
                    "ordered_at": so_far[0],
                    "paid_at": so_far[1],
                    "fulfilled_at": so_far[2],
                    "delivered_at": so_far[3],
                    "discount": orders.discount[is_exported],
                    "shipping": orders.shipping[is_exported],
                    "tax": orders.tax[is_exported],
                    "channel": orders.channel[is_exported],
                    "country": orders.country[is_exported],
                    "code": orders.code[is_exported],
                    "ingested_at": (at + orders.read_after)[is_exported],
                },
            )

    def lines(self, orders: Orders, lines: Lines) -> None:
        """Export lines when they are ordered, and with quantity 0 when they are removed."""
        read_after = orders.read_after[lines.order]
        number = orders.number[lines.order]
        off = np.flatnonzero(lines.taken_off_at != NEVER)
        ordered_at = orders.ordered_at[lines.order]
        gross = np.where(lines.gross_given, lines.gross, NEVER)
        for rows, at, keep in (
            (np.arange(len(number)), ordered_at, 1),
            (off, lines.taken_off_at[off], 0),
        ):
            self._outbox.add(
                "order_items",
                self._day(at),
                {
                    "item": number[rows] * LINES_PER_ORDER + lines.line[rows],
                    "order": number[rows],
                    "product": lines.product[rows],
                    "kind": lines.kind[rows],
                    "quantity": lines.quantity[rows] * keep,
                    "price": lines.price[rows],
                    "gross": gross[rows],
                    "discount": lines.discount[rows] * keep,
                    "sold_at": np.full(len(rows), NEVER),
                    "ingested_at": at + read_after[rows],
                },
            )

    def exchanges(self, exchanges: Records, product: Ints, price: Ints) -> None:
        """Export the lines that are sent in exchange for others."""
        size = len(product)
        self._outbox.add(
            "order_items",
            self._day(exchanges["sold_at"]),
            {
                "item": exchanges["order"] * LINES_PER_ORDER + exchanges["line"],
                "order": exchanges["order"],
                "product": product,
                "kind": np.full(size, PRODUCT),
                "quantity": exchanges["quantity"],
                "price": price,
                "gross": np.full(size, NEVER),
                "discount": np.zeros(size, dtype=np.int64),
                "sold_at": exchanges["sold_at"],
                "ingested_at": exchanges["ingested_at"],
            },
        )

    def returns(self, orders: Orders, lines: Lines, returns: Returns) -> None:
        """Export returns on the day they come back."""
        order = orders.number[lines.order[returns.row]]
        size = len(order)
        self._outbox.add(
            "returns",
            self._day(returns.returned_at),
            {
                "return": self._returns + np.arange(size),
                "item": order * LINES_PER_ORDER + lines.line[returns.row],
                "order": order,
                "quantity": returns.quantity,
                "returned_at": returns.returned_at,
                "refund": returns.refund,
                "reason": returns.reason,
                "ingested_at": returns.returned_at + self._random.between(60, 3600, size),
            },
        )
        self._returns += size

    def adjustments(self, orders: Orders, adjustments: Adjustments) -> None:
        """Export adjustments as first entered, and again when they are corrected."""
        size = len(adjustments.order)
        number = self._adjustments + np.arange(size)
        self._adjustments += size
        corrected = np.flatnonzero(adjustments.corrected_at != NEVER)
        for rows, at, amount in (
            (np.arange(size), adjustments.adjusted_at, adjustments.first_amount),
            (corrected, adjustments.corrected_at[corrected], adjustments.amount),
        ):
            self._outbox.add(
                "adjustments",
                self._day(at),
                {
                    "adjustment": number[rows],
                    "order": orders.number[adjustments.order[rows]],
                    "adjusted_at": adjustments.adjusted_at[rows],
                    "amount": amount[rows],
                    "kind": adjustments.kind[rows],
                    "reason": adjustments.reason[rows],
                    "ingested_at": at + self._random.between(60, 3600, len(rows)),
                },
            )

    def stock(self, day: int, midnight: int, stock: Stock) -> None:
        """Export the stock of every product and warehouse at the end of a day."""
        cells = np.arange(stock.cells)
        self._outbox.add(
            "inventory",
            np.full(len(cells), day),
            {
                "snapshot_date": np.full(len(cells), midnight // DAY),
                "product": cells % stock.products,
                "warehouse": cells // stock.products,
                "on_hand": stock.on_hand.copy(),
                "allocated": stock.allocated.copy(),
                "reorder_point": stock.reorder_point,
                "ingested_at": np.full(len(cells), midnight + DAY - 60),
            },
            late_per_mille=2,
        )

    def _day(self, moment: Ints) -> Ints:
        return (moment - self._midnight) // DAY
