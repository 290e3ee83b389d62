"""Every setting of the platform, from `ECOMMERCE_*` variables and `.env`.

Nothing else reads them; what a setting does stands where it is used.
"""

import datetime as dt
import re
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.root import PROJECT_ROOT

STORE_ID = re.compile(r"[a-z][a-z0-9-]{0,30}(?<!-)")
STORE_ID_RULE = "take up to 31 of a to z, 0 to 9 and hyphens, a letter first and no hyphen last"


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("is no IANA time zone, such as Europe/London") from None
    return name


def _currency(code: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ValueError("is no ISO 4217 code of three capital letters, such as EUR")
    return code


def _store_id(store_id: str) -> str:
    if store_id and not STORE_ID.fullmatch(store_id):
        raise ValueError(f"is no id of a store: {STORE_ID_RULE}")
    return store_id


def _tolerated(rules: str) -> str:
    if rules not in ("", "order_flow"):
        raise ValueError("is not order_flow, the one row rule that can be tolerated")
    return rules


def _blank_is_unset(value: object) -> object:
    return None if value == "" else value


def _from_root(path: Path) -> Path:
    return PROJECT_ROOT / path.expanduser()


def _from_root_if_set(path: Path | None) -> Path | None:
    return None if path is None else _from_root(path)


KeyFile = Annotated[
    Path | None, BeforeValidator(_blank_is_unset), AfterValidator(_from_root_if_set)
]
"""The file of a key, from the root of the checkout; a blank value means no file."""


_NULL_SHARES = {
    "customers.email_sha256": 0.5,
    "customers.country": 0.5,
    "products.category": 0.5,
    "products.cost": 0.5,
    "orders.customer_id": 0.9,
    "returns.reason": 0.9,
}
"""The columns that are optional and yet seldom empty; the others depend on how far an order is."""


def _shares(shares: dict[str, float]) -> dict[str, float]:
    for column, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(f"gives {column} a share that is not between 0 and 1")
    return shares


class Settings(BaseSettings):
    """The settings, each documented in `docs/settings.md`."""

    model_config = SettingsConfigDict(
        env_prefix="ECOMMERCE_", env_file=PROJECT_ROOT / ".env", extra="ignore", frozen=True
    )

    store: str = "Shop"
    """The shop's name, for its reports and its page."""
    store_id: Annotated[str, AfterValidator(_store_id)] = ""
    """What tells the store from the others of one Dagster; it begins the keys of its assets."""
    landing: str = "landing"
    database_url: Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)] = None
    api_database_url: Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)] = None
    api_pooled: bool = False
    """Whether the API's URL leads to PgBouncer in transaction mode."""
    dagster_database_url: Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)] = None
    """Where Dagster keeps its state; unset, it is the warehouse's database."""
    home: Annotated[Path, AfterValidator(_from_root)] = Field(
        default=Path(".ecommerce"), validate_default=True
    )
    timezone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    source_timezone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    """The zone of the feeds' moments that have no offset."""
    currency: Annotated[str, AfterValidator(_currency)] = "USD"
    return_days: int = Field(default=30, ge=0, le=36_500)
    first_day: Annotated[dt.date | None, BeforeValidator(_blank_is_unset)] = None
    refuse_share: float = Field(default=0.5, ge=0, le=1)
    refuse_gone_share: float = Field(default=0.5, ge=0, le=1)
    tolerate: Annotated[str, AfterValidator(_tolerated)] = ""
    stores: KeyFile = None
    """The file of the stores that one API serves; unset, it serves the one of these settings."""
    hash_key: Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)] = None
    load_at: dt.time = dt.time(3)
    webhook_url: Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)] = None
    ui_password: Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)] = None
    ui_hosts: str = ""
    shopify_url: Annotated[str | None, BeforeValidator(_blank_is_unset)] = None
    shopify_key: Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)] = None
    shopify_key_file: Annotated[Path | None, BeforeValidator(_blank_is_unset)] = None
    woocommerce_url: Annotated[str | None, BeforeValidator(_blank_is_unset)] = None
    woocommerce_key: Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)] = None
    woocommerce_key_file: KeyFile = None
    medusa_url: Annotated[str | None, BeforeValidator(_blank_is_unset)] = None
    medusa_key: Annotated[SecretStr | None, BeforeValidator(_blank_is_unset)] = None
    medusa_key_file: KeyFile = None
    warn_quarantine_share: float = Field(default=0.05, ge=0, le=1)
    warn_volume_change: float = Field(default=0.5, ge=0)
    warn_null_share: Annotated[dict[str, float], AfterValidator(_shares)] = Field(
        default_factory=_NULL_SHARES.copy
    )
    warn_duplicate_share: float = Field(default=0.05, ge=0, le=1)
    warn_backward_share: float = Field(default=0, ge=0, le=1)
    warn_list_price_change: float = Field(default=0.5, ge=0)
    warn_list_price_share: float = Field(default=0.05, ge=0, le=1)
    warn_allocated_change: float = Field(default=0.25, ge=0)

    @property
    def landing_url(self) -> str:
        """The landing zone as a path from the root of the file system, or as the URL it is."""
        if "://" in self.landing:
            return self.landing
        return str(PROJECT_ROOT / Path(self.landing).expanduser())


class SettingsError(OperatorError):
    """A setting has an invalid value."""


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: names each variable that is wrong, its value and the reason.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(
            f"ECOMMERCE_{str(fault['loc'][0]).upper()}={fault['input']!r}: "
            f"{fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        )
        raise SettingsError(f"Correct the environment or .env: {faults}.") from None
