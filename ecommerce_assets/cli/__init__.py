"""The command `ecommerce`, assembled from the modules of this package.

A command parses its arguments, calls a function from another package, and prints. Slow imports are
inside the commands, so that `--help` is quick.
"""

import gc
import logging
import signal
import sys

import typer

from ecommerce_assets.cli import (
    api_keys,
    comparing,
    connecting,
    inspecting,
    landing_zones,
    loading,
    pruning,
    serving,
    stores,
)
from ecommerce_assets.cli.console import print_error
from ecommerce_assets.errors import OperatorError

app = typer.Typer(
    name="ecommerce",
    help="Daily shop exports in, a warehouse whose numbers can be trusted out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for commands in (landing_zones, connecting, loading, serving, inspecting, comparing, pruning):
    app.add_typer(commands.app)
app.add_typer(api_keys.app, name="api-key", no_args_is_help=True)
app.add_typer(stores.app, name="stores", no_args_is_help=True)


def main() -> None:
    """Run the command; print an `OperatorError` as one sentence, and exit with 1."""
    # What the imports make lives to the end; Python would look for garbage in it again and again.
    gc.set_threshold(50_000)
    # By default Python skips exit handlers on SIGTERM, and one of them stops the embedded server.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    # A lost database is told in one sentence below, not by each library at each attempt.
    logging.basicConfig(level=logging.ERROR)
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    try:
        app()
    except OperatorError as error:
        print_error(str(error))
        sys.exit(1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print_error(f"{where}{error.strerror or error}.")
        sys.exit(1)
    except Exception as error:
        import sqlalchemy.exc

        # Dagster reaches the same database through SQLAlchemy, and wraps some of its errors.
        lost = error if isinstance(error, sqlalchemy.exc.DBAPIError) else error.__cause__
        if not isinstance(lost, sqlalchemy.exc.DBAPIError):
            raise
        from ecommerce_assets.warehouse.session import explained

        sqlstate = getattr(lost.orig, "pgcode", None)
        print_error(str(explained(lost.orig or lost, sqlstate, is_passing=True)))
        sys.exit(1)
