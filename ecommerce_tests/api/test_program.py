"""`python -m ecommerce_api`: the API as a program."""

import json
import socket
import subprocess
import sys
import time

import httpx
import psycopg
import pytest

from ecommerce_api.__main__ import BindingError, main, require_keys
from ecommerce_assets.api_keys import create_key
from ecommerce_assets.settings import Settings


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["ecommerce_api", *arguments])
    return main()


def test_it_refuses_to_listen_elsewhere_without_keys(plain_url: str) -> None:
    settings = Settings(database_url=plain_url, _env_file=None)  # type: ignore[call-arg]
    for host in ("127.0.0.1", "::1", "localhost"):
        require_keys(settings, host)
    for host in ("0.0.0.0", "192.0.2.1", "shop.example.com", "::"):
        with pytest.raises(BindingError, match="ecommerce api-key create"):
            require_keys(settings, host)
    with psycopg.connect(plain_url) as connection:
        create_key(connection, "page")
    require_keys(settings, "0.0.0.0")


def test_a_refusal_is_one_sentence(
    plain_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", plain_url)
    assert run(monkeypatch, "--host", "0.0.0.0") == 1
    assert capsys.readouterr().err == (
        "The API does not listen on 0.0.0.0: No API key is set, so that only this machine "
        "is answered; make a key with `ecommerce api-key create NAME`.\n"
    )

    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", plain_url.replace("/test_", "/none_"))
    assert run(monkeypatch, "--host", "0.0.0.0") == 1
    assert "does not exist yet; run `ecommerce load`" in capsys.readouterr().err

    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", "mysql://db")
    assert run(monkeypatch) == 1
    assert "is no PostgreSQL URL" in capsys.readouterr().err


def test_it_serves_until_it_is_told_to_end(plain_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOMMERCE_DATABASE_URL", plain_url)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "-m", "ecommerce_api", "--port", str(port)], stdout=subprocess.PIPE
    ) as program:
        deadline = time.monotonic() + 30
        while True:
            try:
                ready = httpx.get(f"http://127.0.0.1:{port}/health/ready")
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the API did not start"
                assert program.poll() is None, "the API ended"
                time.sleep(0.05)
        httpx.get(f"http://127.0.0.1:{port}/metrics")
        program.terminate()
        output, _ = program.communicate(timeout=30)

    assert ready.json()["as_of"] == "2024-03-29"
    (line,) = output.splitlines()
    assert json.loads(line)["path"] == "/metrics"
