"""An HTTP client for shops' JSON APIs that retries transient errors.

Each shop's connector makes the requests. Keys are sent in a header only, so that no URL, log line
or error message contains one.
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
    """A shop's API cannot be reached, or gives an unexpected answer."""


class NotFoundError(ShopError):
    """The shop does not have the requested object."""


class _TransientError(ShopError):
    """An error worth a retry; the shop may say after how many seconds."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


@dataclass(frozen=True)
class Answer:
    """An answer's headers and its JSON, in which numbers with a point are `Decimal`."""

    value: Any
    headers: Mapping[str, str]


class ShopClient:
    """A client of one shop's API, for one fetch at a time.

    A request that fails with a network error, 429 or 5xx is retried up to five times: after the
    time in `Retry-After`, or else after a random time that grows to a minute.
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
        """Open a client, without a request.

        Args:
            shop: the shop's name in error messages.
            url: the API's base URL: https, or http on this machine.
            auth: user and password of HTTP's basic authentication.
            headers: other headers of every request.
            transport: replaces the network in tests.
            sleep: waits for a number of seconds.

        Raises:
            ShopError: the URL would send the key unencrypted.
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
        """Get a resource; the errors are those of `send`."""
        return self.send("GET", path, parameters)

    def send(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Answer:
        """Send a request, and retry it after transient errors.

        Raises:
            NotFoundError: 404.
            ShopError: the shop refuses the request, or all retries failed.
        """
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(_TRIES),
            wait=_wait,
            retry=tenacity.retry_if_exception_type(_TransientError),
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
            raise _TransientError(f"{what} fails ({type(error).__name__}); is it there?") from None
        status = response.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise _TransientError(
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
            raise _TransientError(
                f"{what} answers something else than JSON; check the URL of {self.shop}."
            ) from None


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    retry_after = error.seconds if isinstance(error, _TransientError) else None
    jitter = wait_with_jitter(state)
    if retry_after is None:
        return jitter
    return min(retry_after, _LONGEST_WAIT) + min(jitter, 1)


def _seconds(response: httpx.Response) -> float | None:
    try:
        return float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        return None
