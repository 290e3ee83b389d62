"""The overlay with the proxy: TLS before both, a log-in before the UI. UI and API are stand-ins."""

import http.client
import shutil
import ssl
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecommerce_tests.docker.compose import Project
from ecommerce_tests.docker.debian import PATH, debian
from ecommerce_tests.docker.image import Image

_SECRETS = """
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=shop.example \
    -keyout tls_key.pem -out tls_certificate.pem
printf 'ana:%s\\n' "$(openssl passwd -6 'of the UI')" > ui_users
chmod a+r tls_key.pem
"""
_STAND_IN = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(self.headers).encode())
HTTPServer(("0.0.0.0", {port}), Answer).serve_forever()
"""


@pytest.fixture
def proxy(image: Image, docker: Path, tmp_path: Path) -> Iterator[Project]:
    for tool in ("nginx", "curl", "openssl"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    nginx = Image(
        (debian("nginx-light", "curl"), tmp_path / "nginx"), {"PATH": PATH}, user="101:101"
    )
    (tmp_path / "nginx").mkdir()
    subprocess.run(
        ["sh", "-euc", _SECRETS], cwd=docker / "secrets", check=True, capture_output=True
    )

    def image_of(name: str) -> Image:
        return nginx if name.startswith("nginxinc/") else image

    overlay = [docker / "compose.yaml", docker / "compose.proxy.yaml"]
    with Project(overlay, image_of, tmp_path / "project") as project:
        for name, port in (("api", 8000), ("webserver", 3000)):
            project.services[name]["command"] = ["python", "-c", _STAND_IN.format(port=port)]
            project.start(name)
        # The command of nginx's image, which compose.proxy.yaml leaves as it is.
        project.services["proxy"]["command"] = ["nginx", "-g", "daemon off;"]
        project.start("proxy")
        project.await_health("proxy")
        yield project


def test_the_ui_asks_for_a_log_in_and_the_api_does_not(proxy):
    assert get(proxy, 8443, "/health/live")[0] == 200
    assert get(proxy, 3443, "/")[0] == 401
    assert get(proxy, 3443, "/", log_in="ana:wrong")[0] == 401
    assert get(proxy, 3443, "/", log_in="ana:of the UI")[0] == 200


def test_the_api_learns_who_asked_and_gets_its_key(proxy):
    status, headers = get(proxy, 8443, "/metrics/daily", key="eck_1")
    assert status == 200
    assert "X-Forwarded-For: " in headers
    assert "X-API-Key: eck_1" in headers
    assert "Host: shop.example" in headers


def test_without_tls_there_is_only_the_way_to_it(proxy):
    def ask() -> tuple[int, str | None]:
        connection = http.client.HTTPConnection(proxy.address("proxy"), 8080, timeout=10)
        connection.request("GET", "/docs", headers={"Host": "shop.example"})
        response = connection.getresponse()
        return response.status, response.getheader("Location")

    assert proxy.inside(ask) == (301, "https://shop.example/docs")


def get(
    proxy: Project, port: int, path: str, *, log_in: str | None = None, key: str | None = None
) -> tuple[int, str]:
    """Ask over TLS; the stand-ins answer with the headers that they were sent."""
    certificate = ssl.create_default_context(cafile=proxy.beside / "secrets/tls_certificate.pem")
    certificate.check_hostname = False
    headers = {"Host": "shop.example"}
    if log_in:
        headers["Authorization"] = f"Basic {b64encode(log_in.encode()).decode()}"
    if key:
        headers["X-API-Key"] = key

    def ask() -> tuple[int, str]:
        connection = http.client.HTTPSConnection(
            proxy.address("proxy"), port, timeout=10, context=certificate
        )
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()

    return proxy.inside(ask)
