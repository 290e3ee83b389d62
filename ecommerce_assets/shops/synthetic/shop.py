"""A synthetic shop, simulated day by day. Its export is in `export`."""

import datetime as dt

import numpy as np

from ecommerce_assets.shops.synthetic.aftermath import Returns, adjustments_of, returns_of
from ecommerce_assets.shops.synthetic.broken import Candidates
from ecommerce_assets.shops.synthetic.catalogue import GOODS_CATEGORIES, Catalogue
from ecommerce_assets.shops.synthetic.customers import Customers
from ecommerce_assets.shops.synthetic.export import Export
from ecommerce_assets.shops.synthetic.lines import (
    Lines,
    exchange_line,
    extras_of,
    goods_of,
    gross_of,
    line_discounts,
    taken_off,
)
from ecommerce_assets.shops.synthetic.orders import (
    DAY,
    NEVER,
    Buyers,
    Orders,
    channels_of,
    flow,
    times_of_day,
)
from ecommerce_assets.shops.synthetic.outbox import Outbox, Records
from ecommerce_assets.shops.synthetic.random_numbers import Ints, RandomNumbers
from ecommerce_assets.shops.synthetic.seasons import Campaign, campaign_of, orders_of_days
from ecommerce_assets.shops.synthetic.stock import Stock

_EPOCH = dt.date(1970, 1, 1)
_UNITS_PER_ORDER = 4


class SyntheticShop:
    """The state of the shop, and the records that have not landed yet."""

    def __init__(self, start: dt.date, days: int, orders_per_day: int, seed: int) -> None:
        self._random = RandomNumbers(seed, 0)
        self._dates = [start + dt.timedelta(days=day) for day in range(days)]
        self._midnight = (start - _EPOCH).days * DAY
        self._end = self._midnight + days * DAY
        self._sizes = orders_of_days(self._dates, orders_per_day, GOODS_CATEGORIES, self._random)
        goods = min(max(orders_per_day // 4, 30), 600) // GOODS_CATEGORIES * GOODS_CATEGORIES
        self.catalogue = Catalogue(goods, self._random)
        units = orders_per_day * _UNITS_PER_ORDER
        self._stock = Stock(self.catalogue.popularity, units, self._random)
        self._customers = Customers(self._random)
        self._orders = 0
        self._exchanges = Outbox(days - 1, self._random)
        outbox = Outbox(days - 1, self._random)
        self._export = Export(outbox, self._midnight, self._random)

    def trade(self, day: int) -> Candidates:
        """Simulate a day's orders, with all their later events, and hold the records."""
        midnight = self._midnight + day * DAY
        size = int(self._sizes[day])
        date = self._dates[day]
        campaign = campaign_of(date, GOODS_CATEGORIES)
        changed = self.catalogue.change() if day else np.arange(self.catalogue.count)
        self._export.products(day, midnight, self.catalogue, changed)
        self._stock.receive(day)

        ordered_at = midnight + times_of_day(size, self._random)
        customer, new = self._customers.buy(ordered_at, date, campaign is not None)
        self._export.customers(self._customers, new, self._customers.created_at[new])
        buyers = Buyers(
            customer=customer,
            is_new=np.isin(customer, new),
            country=self._customers.destinations(customer),
            channel=channels_of(size, self._random),
        )
        orders, lines, cell = self._order(buyers, ordered_at, date, campaign)
        returns = returns_of(orders, lines, self.catalogue, self._random)
        self._plan_stock(orders, lines, returns, cell)
        self._plan_exchanges(orders, lines, returns, cell)
        self._export.orders(orders)
        self._export.lines(orders, lines)
        self._export.returns(orders, lines, returns)
        self._export.adjustments(orders, adjustments_of(orders, self._random))
        self._exchange(day)
        moved = self._customers.move()
        self._export.customers(self._customers, moved, np.full(len(moved), midnight + DAY * 3 // 4))

        self._stock.close(day)
        self._export.stock(day, midnight, self._stock)
        return Candidates(orders, lines, returns, self._end)

    def take(self, feed: str, day: int) -> Records | None:
        """Take the records of a feed that land on a day, in the order of their export."""
        return self._export.take(feed, day)

    def _day(self, moment: Ints) -> Ints:
        return (moment - self._midnight) // DAY

    def _order(
        self, buyers: Buyers, ordered_at: Ints, date: dt.date, campaign: Campaign | None
    ) -> tuple[Orders, Lines, Ints]:
        size = len(ordered_at)
        goods = goods_of(size, self.catalogue, self._random)
        warehouse = self._stock.choose_warehouse(size)[goods.order]
        ordered_cell = warehouse * self.catalogue.goods + goods.product
        cell = self._stock.serve(ordered_cell, goods.quantity)
        product = cell % self.catalogue.goods
        extras = extras_of(size, goods, date, self.catalogue, self._random)

        channel = buyers.channel[goods.order]
        price = self.catalogue.price[product]
        gross, given = gross_of(goods.quantity, price, channel, self._random)
        category = self.catalogue.category[product]
        discount = line_discounts(gross, category, campaign, self._random)
        goods_value = np.zeros(size, dtype=np.int64)
        np.add.at(goods_value, goods.order, gross - discount)
        extras_price = self.catalogue.price[extras.product]
        value = goods_value.copy()
        np.add.at(value, extras.order, extras_price)

        number = self._orders + np.arange(size)
        self._orders += size
        orders = flow(number, buyers, value, goods_value, ordered_at, campaign, self._random)
        none = np.zeros(len(extras.order), dtype=np.int64)
        lines = Lines(
            order=np.append(goods.order, extras.order),
            line=np.append(goods.line, extras.line),
            kind=np.append(goods.kind, extras.kind),
            product=np.append(product, extras.product),
            quantity=np.append(goods.quantity, extras.quantity),
            price=np.append(price, extras_price),
            gross=np.append(gross, extras_price),
            gross_given=np.append(given, none > 0),
            discount=np.append(discount, none),
            taken_off_at=np.append(taken_off(orders, goods, self._random), none + NEVER),
        )
        return orders, lines, cell

    def _plan_stock(self, orders: Orders, lines: Lines, returns: Returns, cell: Ints) -> None:
        goods = slice(len(cell))
        order, quantity = lines.order[goods], lines.quantity[goods]
        fulfilled_at = orders.fulfilled_at[order]
        leaves_at = np.minimum(fulfilled_at, orders.cancelled_at[order])
        leaves_at = np.minimum(leaves_at, lines.taken_off_at[goods])
        shipped = np.where(leaves_at == fulfilled_at, quantity, 0)
        self._stock.plan(self._day(leaves_at), cell, shipped, quantity)
        is_goods = returns.row < len(cell)
        back = -returns.quantity[is_goods]
        self._stock.plan(
            self._day(returns.returned_at[is_goods]),
            cell[returns.row[is_goods]],
            back,
            np.zeros_like(back),
        )

    def _plan_exchanges(self, orders: Orders, lines: Lines, returns: Returns, cell: Ints) -> None:
        """Plan exchanges: send the same good again, or another one of its category."""
        chosen = np.flatnonzero(returns.is_exchange)
        row, at = returns.row[chosen], returns.returned_at[chosen]
        warehouse, product = np.divmod(cell[row], self.catalogue.goods)
        other = product + GOODS_CATEGORIES * self._random.between(0, 4, len(row))
        number = orders.number[lines.order[row]]
        self._exchanges.add(
            "exchanges",
            self._day(at),
            {
                "order": number,
                "line": exchange_line(lines.line[row]),
                "cell": warehouse * self.catalogue.goods + other % self.catalogue.goods,
                "quantity": returns.quantity[chosen],
                "sold_at": at,
                "ingested_at": at + self._random.between(60, 3600, len(row)),
            },
            late_per_mille=0,
        )

    def _exchange(self, day: int) -> None:
        """Send the goods that are exchanged on a day, at the day's price."""
        exchanges = self._exchanges.take("exchanges", day)
        if exchanges is None:
            return
        quantity = exchanges["quantity"]
        cell = self._stock.serve(exchanges["cell"], quantity)
        self._stock.plan(np.full(len(cell), day), cell, quantity, quantity)
        product = cell % self.catalogue.goods
        self._export.exchanges(exchanges, product, self.catalogue.price[product])
