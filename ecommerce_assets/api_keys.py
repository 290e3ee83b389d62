"""Create, list and revoke the API's keys. The API itself only looks them up."""

import datetime as dt
import hashlib
import re
import secrets
from dataclasses import dataclass

import psycopg

from ecommerce_assets.errors import OperatorError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class ApiKeyError(OperatorError):
    """A key's name cannot be used, or there is no such key."""


@dataclass(frozen=True)
class ApiKey:
    """What is known of a key; the key itself is not kept."""

    name: str
    created_at: dt.datetime
    revoked_at: dt.datetime | None


def new_key() -> str:
    """Draw a key of 256 random bits."""
    return f"eck_{secrets.token_urlsafe(32)}"


def create_key(connection: psycopg.Connection, name: str, key: str | None = None) -> str:
    """Make a key and return it; only its SHA-256 is kept, so this is the one time to see it.

    A `key` that is given is one from `new_key`, which several stores are to know.

    Raises:
        ApiKeyError: the name is no name, or there is or was a key of that name.
    """
    if not _NAME.fullmatch(name):
        raise ApiKeyError(
            f"The key name {name!r} cannot be used; "
            "take up to 64 letters, digits, dots, hyphens and underscores."
        )
    key = key or new_key()
    made = connection.execute(
        """
        insert into ops.api_keys (name, key_sha256) values (%s, %s)
        on conflict (name) do nothing returning name
        """,
        [name, key_sha256(key)],
    ).fetchone()
    if made is None:
        raise ApiKeyError(f"There is or was a key named {name}; choose another name.")
    return key


def list_keys(connection: psycopg.Connection) -> list[ApiKey]:
    """Give all keys, revoked ones included, by name."""
    rows = connection.execute("select name, created_at, revoked_at from ops.api_keys order by name")
    return [ApiKey(*row) for row in rows]


def revoke_key(connection: psycopg.Connection, name: str) -> None:
    """Make a key invalid from now on; doing it again changes nothing.

    Raises:
        ApiKeyError: there is no key of that name.
    """
    revoked = connection.execute(
        """
        update ops.api_keys set revoked_at = coalesce(revoked_at, now())
        where name = %s returning name
        """,
        [name],
    ).fetchone()
    if revoked is None:
        raise ApiKeyError(f"There is no key named {name}; `ecommerce api-key list` shows them.")


def key_sha256(key: str) -> str:
    """Give what is kept of a key. It is 256 random bits, so that no salt is needed."""
    return hashlib.sha256(key.encode()).hexdigest()
