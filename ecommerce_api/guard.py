"""Which web pages a browser may ask for: by Host and Origin. The API and Dagster's UI share it.

A browser lets any page send requests to this machine, and to any name that the page's owner points
at it. Whether a request has a key or a password is not looked at here.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers

_LONGEST_NAME = 255  # of a DNS name

FRAMES_REFUSED = (
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
)
"""Headers that keep a page out of other pages' frames, where clicks could be led astray."""


def is_loopback(address: str) -> bool:
    """Say whether an address is one that only this machine reaches."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def is_local_name(name: str) -> bool:
    """Say whether a host name, or an address in its place, always means this machine."""
    return name == "localhost" or name.endswith(".localhost") or is_loopback(name)


def host_name(headers: Headers) -> str:
    """Give the name that a request was sent to, in lower case and without its port."""
    host = headers.get("host", "")
    if len(host) > _LONGEST_NAME:
        return ""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower().rstrip(".")


def is_of_another_page(headers: Headers) -> bool:
    """Say whether a browser sent the request for a page of another origin than the request's host.

    A link followed from another page is not meant: it shows its answer to the user alone.
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
