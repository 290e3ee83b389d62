"""Where relative paths count from. Everything else that may be set is in `settings`."""

from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[1]

PROJECT_ROOT = _CHECKOUT if (_CHECKOUT / "pyproject.toml").exists() else Path.cwd()
"""The checkout, or the working directory of an installed wheel."""
