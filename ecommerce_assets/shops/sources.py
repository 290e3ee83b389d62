"""Opens the connectors of the shops in the settings."""

import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.feeds.contract import Store
from ecommerce_assets.settings import Settings
from ecommerce_assets.shops.connecting.source import Source


def configured_sources(settings: Settings) -> list[str]:
    """Give the names of the sources whose URL is set."""
    return [name for name in SOURCES if _url(settings, name)]


@contextmanager
def open_source(name: str, settings: Settings, store: Store) -> Iterator[Source]:
    """Open the connector of a source.

    Raises:
        OperatorError: a setting is missing, or other users can read the file of its key.
    """
    url = _url(settings, name)
    if not url:
        raise OperatorError(f"Set ECOMMERCE_{name.upper()}_URL to the address of your shop.")
    source = SOURCES[name](url, _key(settings, name), store, settings.return_days)
    try:
        yield source
    finally:
        source.close()


def _shopify(url: str, key: str, store: Store, return_days: int) -> Source:
    from ecommerce_assets.shops.connecting.client import ShopClient
    from ecommerce_assets.shops.shopify.connector import Shopify
    from ecommerce_assets.shops.shopify.graphql import API

    headers = {"X-Shopify-Access-Token": key}
    client = ShopClient("Shopify", f"{url.rstrip('/')}/{API}", headers=headers)
    return Shopify(client, store, return_days)


def _woocommerce(url: str, key: str, store: Store, return_days: int) -> Source:
    from ecommerce_assets.shops.connecting.client import ShopClient
    from ecommerce_assets.shops.woocommerce.connector import API, WooCommerce

    user, colon, password = key.partition(":")
    if not colon:
        raise OperatorError(
            "ECOMMERCE_WOOCOMMERCE_KEY is no consumer key and secret with a colon between them."
        )
    client = ShopClient("WooCommerce", f"{url.rstrip('/')}/{API}", auth=(user, password))
    return WooCommerce(client, store, return_days)


def _medusa(url: str, key: str, store: Store, return_days: int) -> Source:
    from ecommerce_assets.shops.connecting.client import ShopClient
    from ecommerce_assets.shops.medusa.connector import API, Medusa

    client = ShopClient("Medusa", f"{url.rstrip('/')}/{API}", auth=(key, ""))
    return Medusa(client, store, return_days)


SOURCES: Mapping[str, Callable[[str, str, Store, int], Source]] = {
    "shopify": _shopify,
    "woocommerce": _woocommerce,
    "medusa": _medusa,
}
"""The functions that make each shop system's connector from its URL and key."""


def _url(settings: Settings, name: str) -> str | None:
    url: str | None = getattr(settings, f"{name}_url")
    return url


def _key(settings: Settings, name: str) -> str:
    setting = f"ECOMMERCE_{name.upper()}_KEY"
    key: SecretStr | None = getattr(settings, f"{name}_key")
    path: Path | None = getattr(settings, f"{name}_key_file")
    if key is not None:
        return key.get_secret_value()
    if path is None:
        raise OperatorError(f"Set {setting}, or {setting}_FILE to a file that holds the key.")
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise OperatorError(f"{setting}_FILE={path} cannot be read: {error.strerror}.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise OperatorError(f"Others can read {path}, which holds a key; chmod 600 {path}.")
    return text
