"""The page on settings describes each of them, and nothing else."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from ecommerce_assets.root import PROJECT_ROOT
from ecommerce_assets.settings import Settings
from ecommerce_tests.docs.pages import DOCS, names, rows

PAGE = DOCS / "settings.md"


def described() -> dict[str, list[str]]:
    """The cells after the name of each setting."""
    return {
        names(cells[0])[0]: cells[1:]
        for cells in rows(PAGE.read_text())
        if "ECOMMERCE_" in cells[0]
    }


def as_written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Path):
        value = value.relative_to(PROJECT_ROOT)
    return json.dumps(value) if isinstance(value, dict | bool) else f"{value}"


def test_every_setting_is_described_with_its_default() -> None:
    defaults = Settings(_env_file=None)
    settings = {
        f"ECOMMERCE_{name.upper()}": as_written(getattr(defaults, name))
        for name in Settings.model_fields
    }
    assert {name: "".join(names(cells[0])) for name, cells in described().items()} == settings


@pytest.mark.parametrize("setting", described())
def test_the_example_of_a_setting_can_be_set(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [example] = names(described()[setting][1])
    monkeypatch.setenv(setting, example)
    field = setting.removeprefix("ECOMMERCE_").lower()
    value = getattr(Settings(_env_file=None), field)
    shown = value.get_secret_value() if isinstance(value, SecretStr) else value
    assert shown != getattr(Settings.model_construct(), field)
