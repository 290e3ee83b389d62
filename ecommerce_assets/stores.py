"""Several stores: each has a file of settings, `<store>.env`, and defaults from its name.

`deployment` writes the files of a deployment from them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from dotenv.parser import Binding, parse_stream
from pydantic import SecretStr, ValidationError
from pydantic_settings import PydanticBaseSettingsSource

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.settings import STORE_ID, STORE_ID_RULE, Settings

_PREFIX = "ECOMMERCE_"
_TAKEN = frozenset({"ecommerce", "postgres", "template0", "template1"})
"""Names of databases that every server has."""
_OF_ALL = frozenset({"store_id", "dagster_database_url", "ui_password", "ui_hosts", "stores"})
"""Settings that a store's file may not set: they hold for all stores, or follow from its name."""


class StoreError(OperatorError):
    """A store's file is invalid, or the store does not exist."""


@dataclass(frozen=True)
class Store:
    """A store: its file, the variables that the file sets, and its settings."""

    file: Path
    variables: Mapping[str, str]
    settings: Settings

    @property
    def name(self) -> str:
        """The store's name: its file's name without `.env`."""
        return self.settings.store_id

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the store's processes: those of its file, and those from its name."""
        of_the_name = {
            "STORE_ID": self.name,
            "STORE": self.settings.store,
            "LANDING": self.settings.landing,
            "HOME": str(self.settings.home),
        }
        for name in ("database_url", "api_database_url", "dagster_database_url"):
            url: SecretStr | None = getattr(self.settings, name)
            if url is not None:
                of_the_name[name.upper()] = url.get_secret_value()
        return {
            **self.variables,
            **{_PREFIX + name: value for name, value in of_the_name.items()},
        }


def read_stores(folder: Path, base: Settings) -> Sequence[Store]:
    """Read the stores of a folder, by name.

    Settings missing in a file are those of `base`, except for those that two stores cannot share:
    the database has the store's name, and its landing zone and home are folders of its name in
    those of `base`.

    Raises:
        StoreError: with the file, the line and the invalid value.
    """
    files = sorted(folder.glob("*.env"))
    if not files:
        raise StoreError(
            f"There is no store in {folder}: write a file `<store>.env` with settings for each."
        )
    stores = [_read_store(file, base) for file in files]
    _require_apart(stores)
    return stores


def find_store(stores: Sequence[Store], name: str) -> Store:
    """Give the store with a name.

    Raises:
        StoreError: the store does not exist.
    """
    for store in stores:
        if store.name == name:
            return store
    known = ", ".join(store.name for store in stores)
    raise StoreError(f"There is no store {name!r}; the stores are {known}.")


class _FileSettings(Settings):
    """Settings that are read from a file only."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: object,
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Ignore the environment."""
        return (dotenv_settings,)


def _read_store(file: Path, base: Settings) -> Store:
    name = file.stem
    if name in _TAKEN or not STORE_ID.fullmatch(name):
        why = "a database has this name" if name in _TAKEN else STORE_ID_RULE
        raise StoreError(f"{file}: {name!r} cannot be the name of a store: {why}.")
    lines = _lines(file)
    try:
        own = _FileSettings(_env_file=file)
    except ValidationError as error:
        fault = error.errors()[0]
        variable = _PREFIX + str(fault["loc"][0]).upper()
        line, value = lines[variable]
        shown = "its value" if _is_secret(variable) else repr(value)
        reason = fault["msg"].removeprefix("Value error, ")
        raise StoreError(f"{file}, line {line}: {variable}: {shown} {reason}.") from None
    settings = base.model_copy(
        update={
            "store_id": name,
            "store": name,
            "landing": f"{base.landing.rstrip('/')}/{name}",
            "home": base.home / name,
            "database_url": _of_database(base.database_url, name),
            "api_database_url": _of_database(base.api_database_url, name),
            "dagster_database_url": base.dagster_database_url or base.database_url,
            **{field: getattr(own, field) for field in own.model_fields_set},
        }
    )
    return Store(file, {variable: value for variable, (_, value) in lines.items()}, settings)


def _lines(file: Path) -> dict[str, tuple[int, str]]:
    """Give the line and the value of each variable that a file sets."""
    lines: dict[str, tuple[int, str]] = {}
    with file.open(encoding="utf-8") as stream:
        for binding in parse_stream(stream):
            line = _line(binding)
            if binding.error or (binding.key is not None and binding.value is None):
                raise StoreError(f"{file}, line {line}: write a setting as NAME=value.")
            if binding.key is None:
                continue
            field = binding.key.removeprefix(_PREFIX).lower()
            if binding.key.startswith(_PREFIX) and field not in Settings.model_fields:
                raise StoreError(f"{file}, line {line}: there is no setting {binding.key}.")
            if binding.key.startswith(_PREFIX) and field in _OF_ALL:
                raise StoreError(
                    f"{file}, line {line}: {binding.key} cannot be a store's own; it is of all"
                    " stores, or follows from the file's name."
                )
            if binding.key in lines:
                raise StoreError(
                    f"{file}, line {line}: {binding.key} was set in line {lines[binding.key][0]}."
                )
            lines[binding.key] = (line, binding.value or "")
    return lines


def _line(binding: Binding) -> int:
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _is_secret(variable: str) -> bool:
    annotation = Settings.model_fields[variable.removeprefix(_PREFIX).lower()].annotation
    return "SecretStr" in str(annotation)


def _of_database(url: SecretStr | None, name: str) -> SecretStr | None:
    """Give the URL with another database of the same server and user."""
    if url is None:
        return None
    return SecretStr(urlunsplit(urlsplit(url.get_secret_value())._replace(path=f"/{name}")))


def _require_apart(stores: Sequence[Store]) -> None:
    """Refuse stores that would overwrite each other's data."""
    seen: dict[tuple[str, object], Store] = {}
    for store in stores:
        for field in ("database_url", "landing_url", "home"):
            value = getattr(store.settings, field)
            if value is None:
                continue
            other = seen.setdefault((field, value), store)
            if other is not store:
                variable = _PREFIX + ("landing" if field == "landing_url" else field).upper()
                raise StoreError(
                    f"{other.file} and {store.file} have the same {variable}; give each its own."
                )
