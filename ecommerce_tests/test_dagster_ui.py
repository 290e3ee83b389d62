"""Access control of Dagster's UI; `test_serve` tests that `serve` starts it."""

from base64 import b64encode
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from ecommerce_assets.dagster_ui import Guarded, require_password
from ecommerce_assets.errors import OperatorError
from ecommerce_assets.settings import Settings

LOCAL = "http://localhost:3000"


async def _follow(socket: WebSocket) -> None:
    await socket.accept()
    await socket.close()


async def _answer(request: Any) -> PlainTextResponse:
    return PlainTextResponse("Dagster")


def ui(base_url: str = LOCAL, **settings: Any) -> TestClient:
    """Guard an app with the routes of Dagster's."""
    methods = ["GET", "POST"]
    routes = [
        Route("/graphql", _answer, methods=methods),
        WebSocketRoute("/graphql", _follow),
        Route("/{path:path}", _answer, methods=methods),
    ]
    guarded = Guarded(Starlette(routes=routes), Settings(_env_file=None, **settings))
    return TestClient(guarded, base_url=base_url)


def basic(log_in: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(log_in.encode()).decode()}"}


@pytest.mark.parametrize(
    "host",
    ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "LOCALHOST", "shop.localhost", "127.8.8.8"],
)
def test_it_answers_under_this_machines_names(host: str) -> None:
    assert ui().get("/runs", headers={"Host": host}).text == "Dagster"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "localhost.evil.example", "", "192.0.2.1"]
)
def test_it_does_not_answer_under_a_name_that_anyone_can_point_here(host: str) -> None:
    response = ui().get("/runs", headers={"Host": host})

    assert response.status_code == 403
    assert "ECOMMERCE_UI_HOSTS" in response.text


def test_further_names_are_a_setting() -> None:
    named = ui(ui_hosts="shop.example, Figures.example")

    for host, status in [
        ("shop.example:3443", 200),
        ("figures.example", 200),
        ("localhost", 200),
        ("evil.example", 403),
    ]:
        assert named.get("/", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:8000"},
        {"Origin": "null"},
        {"Origin": "http://[broken"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ],
)
def test_requests_of_other_pages_are_refused(headers: dict[str, str]) -> None:
    for method in ("GET", "POST"):
        assert ui().request(method, "/graphql", headers=headers).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        ui().websocket_connect("/graphql", headers=headers),
    ):
        pass


def test_its_own_page_is_answered() -> None:
    own = {"Origin": LOCAL, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}

    assert ui().post("/graphql", json={"query": "{ version }"}, headers=own).status_code == 200
    with ui().websocket_connect("/graphql", headers={**own, "Host": "localhost:3000"}) as socket:
        assert socket.receive()["type"] == "websocket.close"
    followed = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert ui().get("/runs", headers=followed).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/graphql", "/%67raphql", "/graphql?x=1"])
def test_nothing_is_changed_by_reading(method: str, path: str) -> None:
    joined = "&" if "?" in path else "?"
    mutation = "mutation{stopSensor(id:%22x%22){__typename}}"

    response = ui().request(method, f"{path}{joined}query={mutation}")

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert ui().request(method, f"{path}{joined}%71uery={mutation}").status_code == 405


def test_with_a_password_who_has_it_is_answered_under_any_name() -> None:
    guarded = ui("http://shop.example:3000", ui_password="päss:word")

    for headers, status in [
        (basic("ana:päss:word"), 200),
        (basic(":päss:word"), 200),
        ({**basic("ana:päss:word"), "Origin": "http://shop.example:3000"}, 200),
        ({**basic("ana:päss:word"), "Origin": "http://evil.example"}, 403),
        (basic("ana:wrong"), 401),
        (basic("ana"), 401),
        ({"Authorization": "Basic ????"}, 401),
        ({b"Authorization": "Bearer päss:word".encode()}, 401),
        ({}, 401),
    ]:
        response = guarded.get("/runs", headers=headers)
        assert response.status_code == status
        if status == 401:
            assert response.headers["www-authenticate"].startswith('Basic realm="Dagster"')
    assert guarded.get("/server_info").status_code == 200
    with pytest.raises(WebSocketDisconnect), guarded.websocket_connect("/graphql"):
        pass


def test_no_other_page_shows_it_in_a_frame() -> None:
    headers = ui().get("/runs").headers

    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["content-security-policy"] == "frame-ancestors 'self'"


def test_an_address_that_others_reach_wants_a_password() -> None:
    without, has_one = Settings(_env_file=None), Settings(_env_file=None, ui_password="x")
    for host in ("127.0.0.1", "::1", "localhost"):
        require_password(without, host)
    for host in ("0.0.0.0", "192.0.2.1", "shop.example", "::"):
        require_password(has_one, host)
        with pytest.raises(OperatorError, match=r"set ECOMMERCE_UI_PASSWORD"):
            require_password(without, host)
