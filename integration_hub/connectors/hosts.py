"""Where connectors may call: the hosts an operator lists, else public ones, never the inside of the house."""

import ipaddress
import socket
from urllib.parse import urlsplit

from django.conf import settings

from integration_hub.kernel.decision import ALLOW, Decision, deny


def may_call(url: str, schemes: tuple[str, str] = ("http", "https")) -> Decision:
    """Whether an address may be called. THROUGHLINE_OUTBOUND_HOSTS lists hosts, `*.example.com` their subdomains.

    When hosts are listed, only these. When none are, any in development, and in production any host over TLS whose
    addresses are all public. `schemes` are those of the protocol: in the clear, and encrypted.
    """
    plain, encrypted = schemes
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme not in {plain, encrypted} or not host:
        return deny(f"{url!r} is not an {plain} or {encrypted} address.")
    if settings.OUTBOUND_HOSTS:
        if any(_matches(host, allowed.lower()) for allowed in settings.OUTBOUND_HOSTS):
            return ALLOW
        return deny(f"Host {host} is not listed in THROUGHLINE_OUTBOUND_HOSTS.")
    if not settings.PRODUCTION:
        return ALLOW
    if parts.scheme != encrypted:
        return deny(f"{url} is not encrypted. Use {encrypted}, or list the host in THROUGHLINE_OUTBOUND_HOSTS.")
    if not _is_public(host, parts.port or 443):
        return deny(f"Host {host} is not public. List it in THROUGHLINE_OUTBOUND_HOSTS if it is meant.")
    return ALLOW


def _matches(host: str, allowed: str) -> bool:
    return host == allowed or (allowed.startswith("*.") and host.endswith(allowed[1:]))


def _is_public(host: str, port: int) -> bool:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return True  # a host that does not resolve cannot be reached either; the call reports it
    return all(ipaddress.ip_address(str(address[4][0]).partition("%")[0]).is_global for address in found)
