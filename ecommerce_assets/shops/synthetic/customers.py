"""The customers of a synthetic shop, and which of them place a day's orders."""

import datetime as dt

import numpy as np

from ecommerce_assets.shops.synthetic.random_numbers import Ints, RandomNumbers

GUEST = -1
COUNTRIES = ("DE", "FR", "NL", "AT", "IT", "ES", "GB", "PL", "US", "JP")
HOME = 0
"""The country of the shop."""
_COUNTRY_WEIGHTS = (34, 16, 9, 8, 8, 7, 7, 5, 4, 2)

# The tickets of a new customer in the draw for later orders: none, one, four or twelve.
_TICKETS = np.array([0, 1, 4, 12])
_LOYALTY_BY_QUARTER = ((40, 35, 20, 5), (35, 35, 22, 8), (45, 35, 16, 4), (60, 28, 10, 2))
_GUESTS = 120
_MOST_RETURN = 460
"""Orders of returning customers in a thousand; the share grows from the first to the second."""
_DAYS_TO_HALF = 60
_PAUSE_DAYS = 14
"""Most returning customers wait at least this long between orders."""
_LOYALTY_OF_CAMPAIGNS = (75, 20, 4, 1)
"""Customers who first bought in a campaign return less often."""


class Customers:
    """The customers so far, by number from 0: `created_at`, `country` (-1: not given), `email`."""

    def __init__(self, random: RandomNumbers) -> None:
        self._random = random
        self._tickets = np.empty(0, dtype=np.int64)
        self.created_at = np.empty(0, dtype=np.int64)
        self.country = np.empty(0, dtype=np.int64)
        self.email = np.empty(0, dtype=np.int64)

    @property
    def count(self) -> int:
        """The number of customers."""
        return len(self.created_at)

    def buy(self, ordered_at: Ints, day: dt.date, in_campaign: bool) -> tuple[Ints, Ints]:
        """Choose the customer of each order; give them, and the numbers of the new customers."""
        size = len(ordered_at)
        tickets = len(self._tickets)
        again = _MOST_RETURN * tickets // (tickets + _DAYS_TO_HALF * max(size, 1))
        # 0 is a guest, 1 a new customer, 2 a returning customer.
        origin = self._random.pick((_GUESTS, 1000 - _GUESTS - again, again), size)
        paused = max(tickets - _PAUSE_DAYS * size, tickets // 3)
        pool = np.where(self._random.chance(200, size), tickets, paused)
        drawn = self._random.recent(np.maximum(pool, 1), size)
        is_new = origin == 1
        customer = np.full(size, GUEST)
        customer[origin == 2] = self._tickets[drawn[origin == 2]]
        new = self.count + np.arange(is_new.sum())
        customer[is_new] = new
        self._add_customers(new, ordered_at[is_new], day, in_campaign)
        return customer, new

    def _add_customers(self, new: Ints, ordered_at: Ints, day: dt.date, in_campaign: bool) -> None:
        signed_up = ordered_at - self._random.between(60, 1800, len(new))
        midnight = ordered_at // 86_400 * 86_400
        self.created_at = np.append(self.created_at, np.maximum(signed_up, midnight))
        country = self._random.pick(_COUNTRY_WEIGHTS, len(new))
        given = ~self._random.chance(30, len(new))
        self.country = np.append(self.country, np.where(given, country, -1))
        given = ~self._random.chance(20, len(new))
        self.email = np.append(self.email, np.where(given, new * 2, -1))
        quarter = (day.month - 1) // 3
        loyalty = _LOYALTY_OF_CAMPAIGNS if in_campaign else _LOYALTY_BY_QUARTER[quarter]
        tickets = _TICKETS[self._random.pick(loyalty, len(new))]
        self._tickets = np.append(self._tickets, np.repeat(new, tickets))

    def destinations(self, customer: Ints) -> Ints:
        """The shipping country of each order: mostly its customer's country."""
        size = len(customer)
        elsewhere = self._random.pick(_COUNTRY_WEIGHTS, size)
        of_customer = self.country[customer] if self.count else elsewhere
        at_home = (customer != GUEST) & (of_customer >= 0) & ~self._random.chance(25, size)
        return np.where(at_home, of_customer, elsewhere)

    def move(self) -> Ints:
        """Give some customers a new address or country; give their numbers."""
        size = self.count // 1500 + int(self._random.chance(300, 1)[0])
        moved = np.unique(self._random.between(0, max(self.count - 1, 0), min(size, self.count)))
        self.email[moved] = moved * 2 + 1
        self.country[moved] = self._random.pick(_COUNTRY_WEIGHTS, len(moved))
        return moved
