"""The page of an owner of several stores: a row each, and the way to a store's own page."""

import psycopg

from ecommerce_api.stores import Stores
from ecommerce_assets.api_keys import create_key, new_key
from ecommerce_assets.settings import Settings
from ecommerce_tests import postgres
from ecommerce_tests.api.live import serving
from ecommerce_tests.page.conftest import Visit
from ecommerce_tests.page.looks import rows, until


def test_a_key_of_two_stores_shows_two_rows_and_leads_to_each_page(
    visit: Visit, winter_template: str
) -> None:
    key = new_key()
    with postgres.database(winter_template) as north, postgres.database(winter_template) as south:
        stores = {"north": ("Garden & Home", north), "south": ("<b>South</b>", south)}
        routes = {}
        for store_id, (name, url) in stores.items():
            with psycopg.connect(url) as connection:
                create_key(connection, "owner", key)
            routes[store_id] = Settings(
                database_url=url, store=name, store_id=store_id, _env_file=None
            )
        with serving(Stores(routes)) as api:
            page = visit(api)
            page.locator("#key").fill(key)
            page.get_by_role("button", name="Show the figures").click()
            until(page, lambda: page.locator("#stores").is_visible())
            shown = rows(page, "Stores")
            assert [row[0] for row in shown] == ["Garden & Home", "<b>South</b>"]
            assert all("€" in row[3] or "EUR" in row[3] for row in shown)

            page.get_by_role("link", name="Garden & Home").click()
            until(page, lambda: page.locator("#store").inner_text() == "Garden & Home figures")
            assert page.url.endswith("/stores/north/")
