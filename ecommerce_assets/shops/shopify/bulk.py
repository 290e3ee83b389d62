"""Runs a Shopify bulk operation and reads its output, for the history of a shop."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import tenacity

from ecommerce_assets.shops.connecting.client import ShopError
from ecommerce_assets.shops.connecting.source import Progress
from ecommerce_assets.shops.documents import Document, read_documents
from ecommerce_assets.shops.shopify import queries
from ecommerce_assets.shops.shopify.canonical import Json
from ecommerce_assets.shops.shopify.envelopes import WRAPPERS
from ecommerce_assets.shops.shopify.graphql import Admin

Download = Callable[[str, Path], None]
"""Downloads a URL to a file."""

_POLL_SECONDS = 10.0
_RUNNING = ("CREATED", "RUNNING", "CANCELING")
_BUSY = "OPERATION_IN_PROGRESS"
_LONGEST_WAIT_SECONDS = 24 * 3600
_ATTEMPTS = 3
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def bulk_documents(
    admin: Admin, query: str, download: Download, progress: Progress
) -> Iterator[Document]:
    """Run a query as a bulk operation, wait for its end, and give the documents of its output.

    If a fetch that died left an operation with the same query running, its output is taken. The
    query has the window, so it is what a new operation would give.

    Raises:
        ShopError: the operation fails or does not end, or its output is incomplete.
    """
    operation_id = _running(admin, query) or _start(admin, query, progress)
    operation = _finished(admin, operation_id, progress)
    expected = int(operation.get("objectCount") or 0)
    url = operation.get("url")
    if not url:
        if expected:
            raise ShopError(f"{admin.shop} gives no output of its bulk operation; fetch it later.")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bulk.jsonl"
        for _ in range(_ATTEMPTS):
            download(url, path)
            with path.open("rb") as file:
                found = sum(1 for line in file if line.strip())
            if found == expected:
                break
        else:
            raise ShopError(
                f"{admin.shop} wrote {expected:,} objects and gives {found:,}; fetch it later."
            )
        yield from read_documents(path, WRAPPERS)


def _running(admin: Admin, query: str) -> str | None:
    """Give the id of an operation with this query that is already running."""
    for operation in admin.ask(queries.LATEST_BULK)["bulkOperations"]["nodes"]:
        if operation["status"] in ("CREATED", "RUNNING") and _same(operation["query"], query):
            return str(operation["id"])
    return None


def _same(query: str, other: str) -> bool:
    return query.split() == other.split()


def _start(admin: Admin, query: str, progress: Progress) -> str:
    """Start an operation; while the shop runs as many as it allows, wait and report it."""
    waited = 0.0
    while True:
        answer = admin.ask(queries.RUN_BULK, query=query)["bulkOperationRunQuery"]
        errors = answer.get("userErrors") or []
        if not errors:
            return str(answer["bulkOperation"]["id"])
        is_busy = any(
            error.get("code") == _BUSY or "already in progress" in str(error.get("message"))
            for error in errors
        )
        if not is_busy or waited >= _LONGEST_WAIT_SECONDS:
            reasons = "; ".join(str(error.get("message")) for error in errors)
            raise ShopError(f"{admin.shop} starts no bulk operation: {reasons}")
        progress("waiting for other bulk operations", 0, 1)
        admin.wait(_POLL_SECONDS)
        waited += _POLL_SECONDS


def _finished(admin: Admin, operation_id: str, progress: Progress) -> Json:
    waited = 0.0
    while True:
        operation: Json = admin.ask(queries.BULK_STATUS, id=operation_id).get("node") or {}
        count = int(operation.get("objectCount") or 0)
        progress("bulk operation", count, count)
        if operation.get("status") == "COMPLETED":
            return operation
        if operation.get("status") not in _RUNNING or waited >= _LONGEST_WAIT_SECONDS:
            raise ShopError(
                f"{admin.shop} did not complete its bulk operation "
                f"({operation.get('status')}, {operation.get('errorCode')}); fetch it again."
            )
        admin.wait(_POLL_SECONDS)
        waited += _POLL_SECONDS


def https_download(url: str, path: Path) -> None:
    """Download an output from its signed URL, without sending the shop's key.

    Raises:
        ShopError: the download fails.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ShopError("The bulk operation's output is at no https address; fetch it later.")
    try:
        _download(url, path)
    except httpx.HTTPError as error:
        # The URL is a secret while it is valid, so the message does not contain it.
        raise ShopError(
            f"The bulk operation's output on {parts.hostname} cannot be downloaded "
            f"({type(error).__name__}); fetch it later."
        ) from None


@tenacity.retry(
    retry=tenacity.retry_if_exception_type(httpx.HTTPError),
    stop=tenacity.stop_after_attempt(_ATTEMPTS),
    wait=tenacity.wait_exponential(),
    reraise=True,
)
def _download(url: str, path: Path) -> None:
    with httpx.stream("GET", url, timeout=60, follow_redirects=True) as response:
        response.raise_for_status()
        with path.open("wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
