"""Checks of a request's Host and Origin headers, shared by the API and Dagster's UI.

A browser lets any web page send requests to this machine, also under a host name that the page's
owner points at it. Keys and passwords are checked elsewhere: `access`, `dagster_ui`.
"""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers

_LONGEST_NAME = 255  # of a DNS name

FRAMES_REFUSED = (
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
)
"""Headers that forbid other pages to show this one in a frame (clickjacking)."""


@lru_cache  # of addresses and of host names, which are short: few bytes
def is_loopback(address: str) -> bool:
    """Say whether an address is a loopback address, which only this machine reaches."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def is_local_name(name: str) -> bool:
    """Say whether a host name or address always means this machine."""
    return name == "localhost" or name.endswith(".localhost") or is_loopback(name)


def host_name(headers: Headers) -> str:
    """Give the host name that a request was sent to, in lower case, without its port."""
    host = headers.get("host", "")
    if len(host) > _LONGEST_NAME:
        return ""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower().rstrip(".")


def is_of_another_page(headers: Headers) -> bool:
    """Say whether a browser sent the request for a page of another origin.

    A link that a user follows from another page does not count: only the user sees the answer.
    """
    origin = headers.get("origin")
    if origin is not None:
        return not _is_at(origin, headers.get("host", ""))
    if headers.get("sec-fetch-mode") == "navigate":
        return headers.get("sec-fetch-dest") != "document"
    return headers.get("sec-fetch-site", "none") not in ("none", "same-origin")


def _is_at(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower() != ""
    except ValueError:
        return False
