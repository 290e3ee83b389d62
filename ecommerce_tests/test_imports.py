"""What starting a program imports: a library that only some commands need waits for them."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "left_out"),
    [
        ("ecommerce_assets.cli", ["dagster", "pandas", "psycopg", "pydantic", "sqlalchemy"]),
        (
            "ecommerce_assets.definitions",
            ["alembic", "grpc", "httpx", "matplotlib", "scipy", "sqlalchemy"],
        ),
    ],
)
def test_importing_leaves_out(module: str, left_out: list[str]) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert set(done.stdout.decode().split()).isdisjoint(left_out)
