"""`python -m ecommerce_api` serves the API; without keys it serves only this machine.

With `ECOMMERCE_STORES` it serves several stores, each to requests with a key of that store.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Mapping

from ecommerce_api.access import NO_KEYS
from ecommerce_api.database import Database, reader_url
from ecommerce_api.guard import is_loopback
from ecommerce_api.problems import UnavailableError
from ecommerce_api.telemetry import configure_log
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.settings import Settings, load_settings


class BindingError(OperatorError):
    """The API may not listen on an address that others reach."""


def main() -> int:
    """Serve until the process is signalled."""
    parser = argparse.ArgumentParser(prog="python -m ecommerce_api", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument(
        "--log-level", choices=("info", "warning"), default="info", help="info: a line a request"
    )
    arguments = parser.parse_args()
    configure_log(logging.getLevelNamesMapping()[arguments.log_level.upper()])
    try:
        settings = load_settings()
        if settings.stores is not None:
            from ecommerce_api.http_limits import run
            from ecommerce_api.stores import Stores, read_routes

            return run(Stores(read_routes(settings.stores)), arguments.host, arguments.port)
        reader_url(settings)  # fails here, with a message, rather than while serving
        require_keys(settings, arguments.host)
    except OperatorError as error:
        print(error, file=sys.stderr)
        return 1
    from ecommerce_api.http_limits import run

    return run("ecommerce_api.main:app", arguments.host, arguments.port)


def require_keys(settings: Settings, host: str) -> None:
    """Refuse an address that others reach while no keys are set.

    Raises:
        BindingError: no key is set, or the database cannot be asked.
    """
    if host == "localhost" or is_loopback(host):
        return
    try:
        key_names = asyncio.run(_key_names(settings))
    except UnavailableError as error:
        raise BindingError(
            f"The API does not listen on {host} before it knows of a key: {error.detail}"
        ) from None
    if not key_names:
        raise BindingError(f"The API does not listen on {host}: {NO_KEYS}")


async def _key_names(settings: Settings) -> Mapping[str, str]:
    database = Database(settings)
    await database.open()
    try:
        return (await database.state()).key_names
    finally:
        await database.close()


if __name__ == "__main__":
    sys.exit(main())
