"""Asks a shop's API for JSON, and asks again when a fault may pass.

What is asked belongs to each shop's connector. Keys travel in a header only, so that no URL, log
line or error shows one.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx
import tenacity

from ecommerce_assets.errors import OperatorError

_TRIES = 6
_LONGEST_WAIT = 60
_TIMEOUT = httpx.Timeout(60, connect=10)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

wait_with_jitter = tenacity.wait_random_exponential(multiplier=1, max=_LONGEST_WAIT)


class ShopError(OperatorError):
    """A shop's API cannot be asked, or answers what it should not."""


class NotFoundError(ShopError):
    """What was asked for is not in the shop."""


class _PassingError(ShopError):
    """A fault that may pass by itself; the shop may say after how many seconds."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


@dataclass(frozen=True)
class Answer:
    """An answer's JSON, numbers with a point as decimals, and its headers."""

    value: Any
    headers: Mapping[str, str]


class ShopClient:
    """A client of one shop's API, for one fetch at a time.

    A request that fails by the network, by 429 or by 5xx is sent again up to five times, after the
    time that `Retry-After` gives, or else after a random time that grows to a minute.
    """

    def __init__(
        self,
        shop: str,
        url: str,
        *,
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Open a client; nothing is asked yet.

        Args:
            shop: what errors call the shop.
            url: where its API starts: https, or http on this machine.
            auth: user and password of HTTP's basic authentication.
            headers: other headers of every request.
            transport: what carries requests, instead of the network.
            sleep: waits for some seconds.

        Raises:
            ShopError: the URL would show the key to others.
        """
        parts = urlsplit(url)
        if parts.username or parts.password or parts.query:
            raise ShopError(f"The URL of {shop} holds a key; set the key apart from the URL.")
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ShopError(f"The URL of {shop} must start with https://, for the key's sake.")
        self.shop = shop
        self._sleep = sleep
        self._client = httpx.Client(
            base_url=url.rstrip("/") + "/",
            auth=auth,
            headers={"Accept": "application/json", **(headers or {})},
            timeout=_TIMEOUT,
            transport=transport,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Get a resource; of the errors below the last is of a fault that did not pass."""
        return self.send("GET", path, parameters)

    def send(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Answer:
        """Send a request that may be sent again.

        Raises:
            NotFoundError: 404.
            ShopError: the shop refuses, or a fault did not pass.
        """
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(_TRIES),
            wait=_wait,
            retry=tenacity.retry_if_exception_type(_PassingError),
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._send, method, path, parameters, body)

    def _send(
        self, method: str, path: str, parameters: Mapping[str, Any] | None, body: Any
    ) -> Answer:
        what = f"{self.shop}: {method} /{path}"
        try:
            response = self._client.request(method, path, params=parameters, json=body)
        except httpx.TransportError as error:
            raise _PassingError(f"{what} fails ({type(error).__name__}); is it there?") from None
        status = response.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise _PassingError(
                f"{what} answers {status} again and again; fetch it later.", _seconds(response)
            )
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise ShopError(f"{what} answers {status}: give the key the right to read that.")
        if status == httpx.codes.NOT_FOUND:
            raise NotFoundError(f"{what} answers 404; check the URL of {self.shop}.")
        if response.is_redirect:
            raise ShopError(
                f"{what} answers {status}: it is elsewhere; set the URL that it names in a browser."
            )
        if response.is_error:
            raise ShopError(f"{what} answers {status}; see the log of {self.shop}.")
        try:
            return Answer(json.loads(response.content, parse_float=Decimal), response.headers)
        except ValueError:
            raise _PassingError(
                f"{what} answers something else than JSON; check the URL of {self.shop}."
            ) from None


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.seconds if isinstance(error, _PassingError) else None
    jitter = wait_with_jitter(state)
    return min(asked, _LONGEST_WAIT) + min(jitter, 1) if asked is not None else jitter


def _seconds(response: httpx.Response) -> float | None:
    try:
        return float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        return None
