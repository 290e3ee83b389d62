import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from ecommerce_assets.errors import OperatorError
from ecommerce_assets.serve import Addresses, serve
from ecommerce_assets.settings import Settings
from ecommerce_tests.small_shop import SmallShop, customer
from ecommerce_tests.waiting import until

SERVE = """
import sys
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.serve import Addresses, serve
from ecommerce_assets.settings import load_settings
addresses = Addresses(ui_port=int(sys.argv[1]), api_port=int(sys.argv[2]))
try:
    serve(
        load_settings(),
        addresses,
        lambda: print("ready", addresses.api, addresses.ui),
        loads_first="--load" in sys.argv,
    )
except OperatorError as error:
    sys.exit(f"stopped: {error}")
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class Served:
    def __init__(self, home: Path, *options: str) -> None:
        self.ports = free_port(), free_port()
        self.output = home / "output"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVE, *map(str, self.ports), *options],
                env={
                    **os.environ,
                    "ECOMMERCE_HOME": str(home),
                    "ECOMMERCE_DATABASE_URL": "",
                    "ECOMMERCE_LANDING": str(home / "landing"),
                    "DAGSTER_HOME": "",
                    "PYTHONUNBUFFERED": "1",
                },
                stdout=output,
                stderr=output,
            )

    def says(self, pattern: str) -> bool:
        assert self.process.poll() is None, self.output.read_text()
        return re.search(pattern, self.output.read_text()) is not None

    def programs(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path)
    yield served
    served.end()


def get(port: int, path: str, method: str = "GET", **headers: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=headers)
    return connection.getresponse().status


def test_both_answer_and_two_interrupts_leave_no_program_behind(served):
    ui_port, api_port = served.ports
    ready = f"ready http://127.0.0.1:{api_port} http://127.0.0.1:{ui_port}\n"
    until(lambda: served.says(ready))
    assert served.output.read_text() == ready  # nothing else is printed
    assert get(ui_port, "/server_info") == 200
    assert get(api_port, "/assets/js/main.js") == 200
    assert get(api_port, "/openapi.json") == 200
    until(lambda: served.says("openapi"))
    (line,) = served.output.read_text().removeprefix(ready).splitlines()
    assert json.loads(line)["path"] == "/openapi.json"  # in a file each other request is a line
    assert get(ui_port, "/graphql?query=%7Bversion%7D", "POST") == 200
    assert get(ui_port, "/graphql?query=%7Bversion%7D") == 405
    assert get(ui_port, "/graphql?query=%7Bversion%7D", "POST", Origin="http://evil.example") == 403
    assert get(ui_port, "/", Host="evil.example") == 403
    assert get(ui_port, "/", Cookie="x" * 40_000) == 431
    programs = served.programs()
    assert "postgres" in {program.name() for program in programs}
    served.process.send_signal(signal.SIGINT)
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(60) == 0
    _, alive = psutil.wait_procs(programs, timeout=0)
    assert alive == []


def test_what_has_landed_is_loaded_before_the_addresses_are_told(tmp_path):
    SmallShop(tmp_path / "landing", "").land("customers", "2024-03-05", customer("C1"))
    served = Served(tmp_path, "--load")
    try:
        until(lambda: served.says("ready"))
        assert re.search(r"customers +│ +1 │ +1 │", served.output.read_text())
        until((tmp_path / "reports" / "2024-03-05" / "report.pdf").exists)
        assert served.process.poll() is None
    finally:
        served.end()


def test_one_that_dies_ends_the_others_and_is_named(served):
    def apis() -> list[psutil.Process]:
        found = []
        for program in served.programs():
            with suppress(psutil.NoSuchProcess):  # others come and go while a database is made
                if "ecommerce_api" in program.cmdline():
                    found.append(program)
        return found

    until(lambda: served.process.poll() is not None or apis())
    programs = served.programs()
    apis()[0].kill()
    assert served.process.wait(60) == 1
    assert "stopped: The API ended by itself" in served.output.read_text()
    _, alive = psutil.wait_procs(programs, timeout=0)
    assert alive == []


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        addresses = Addresses(ui_port=free_port(), api_port=other.getsockname()[1])
        with pytest.raises(OperatorError, match=rf"Port {addresses.api_port} on 127\.0\.0\.1"):
            serve(Settings(home=tmp_path), addresses, lambda: None)
