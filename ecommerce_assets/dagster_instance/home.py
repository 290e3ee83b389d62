"""Dagster's home folder, and opening its instance from there."""

import os
from pathlib import Path

from dagster import DagsterInstance

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_assets.settings import Settings, load_settings


def dagster_home(settings: Settings) -> Path:
    """Return Dagster's home, made ready: `DAGSTER_HOME`, or else the folder `dagster` of our home.

    A `dagster.yaml` of one's own in it stays; otherwise it is a link to that of the checkout.

    Raises:
        OperatorError: the folder cannot be written, or there is no `dagster.yaml` to link to.
    """
    home = (
        PROJECT_ROOT
        / Path(os.environ.get("DAGSTER_HOME") or settings.home / "dagster").expanduser()
    )
    link, target = home / "dagster.yaml", PROJECT_ROOT / "dagster.yaml"
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not link.exists() and not target.exists():
            raise OperatorError(f"{target} is missing, which says where Dagster keeps its state.")
        if not link.exists() or (link.is_symlink() and not link.samefile(target)):
            fresh = home / f"dagster.yaml.{os.getpid()}"
            fresh.symlink_to(target)
            fresh.replace(link)
    except OSError as error:
        raise OperatorError(
            f"Dagster's home {home} cannot be written ({error.strerror}); "
            "set ECOMMERCE_HOME, or DAGSTER_HOME, to a folder that can."
        ) from None
    return home


def open_instance(settings: Settings) -> DagsterInstance:
    """Open Dagster's instance, and name its home to the processes that this one starts.

    Raises:
        ValueError: the settings are not those of the environment, which Dagster reads.
        OperatorError: the home cannot be written, or the database cannot be reached.
    """
    if settings != load_settings():
        raise ValueError("Dagster reads its settings from the environment; these are others.")
    home = str(dagster_home(settings))
    os.environ["DAGSTER_HOME"] = home
    return DagsterInstance.from_config(home)
