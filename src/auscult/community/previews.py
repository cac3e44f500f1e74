"""Fetches title and summary of a page that a posting links to: by this server, once, so that its readers are not seen there.

Whoever writes a link must not make this server ask its own network. So every host is resolved once, every address it has must
be a public one, the connection goes to that address and to no other, and each redirect is looked at in the same way.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

TIMEOUT_SECONDS, MOST_BYTES, MOST_REDIRECTS = 5.0, 256_000, 3
#: For one answer as a whole: a page that comes byte by byte would hold the worker up, each byte within its own time.
WHOLE_SECONDS = 10.0
LONGEST_TITLE, LONGEST_SUMMARY = 200, 400
_AGENT = "Auscult (link preview; fetched once, for all readers)"
_PORTS = {"http": 80, "https": 443}


class NoPreviewError(Exception):
    """There is nothing to show of a page, or it may not be asked."""


@dataclass(frozen=True)
class Preview:
    """What a page says of itself; either may be empty."""

    title: str
    summary: str


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet."""
    found = ipaddress.ip_address(address)
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not found.is_multicast


def fetch_preview(url: str, *, allowed: Callable[[str], bool] = is_public) -> Preview:
    """Fetch a page and read its title and summary.

    Args:
        url: http or https, on its usual port.
        allowed: whether an address may be asked; tests let their own server through.

    Raises:
        NoPreviewError: not an address of the public internet, no page, or one that says nothing of itself.
    """
    for _ in range(MOST_REDIRECTS + 1):
        status, headers, body = _ask(url, allowed)
        if status in {301, 302, 303, 307, 308} and headers.get("Location"):
            url = urljoin(url, headers["Location"])
            continue
        if status != 200 or "html" not in headers.get("Content-Type", ""):
            raise NoPreviewError(f"answered {status}, {headers.get('Content-Type', 'no type')}")
        return read_preview(body.decode(headers.get_content_charset() or "utf-8", errors="replace"))
    raise NoPreviewError("too many redirects")


def _ask(url: str, allowed: Callable[[str], bool]) -> tuple[int, http.client.HTTPMessage, bytes]:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise NoPreviewError("no address") from error
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not host or parts.username is not None:
        raise NoPreviewError("no address of a public page")
    if allowed is is_public and port != _PORTS[parts.scheme]:
        raise NoPreviewError("not the usual port")
    connection = _Pinned(host, port, _resolve(host, port, allowed), tls=parts.scheme == "https")
    late = threading.Timer(WHOLE_SECONDS, connection.cut_off)
    late.daemon = True
    late.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={"User-Agent": _AGENT, "Accept": "text/html", "Connection": "close"})
        answer = connection.getresponse()
        body = answer.read(MOST_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoPreviewError("not reached") from error
    finally:
        late.cancel()
        connection.close()
    if connection.is_cut_off:
        # Without a length, a body that was cut off looks like one that ended.
        raise NoPreviewError("not reached")
    return answer.status, answer.msg, body


def _resolve(host: str, port: int, allowed: Callable[[str], bool]) -> str:
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise NoPreviewError("no such host") from error
    if not found or not all(allowed(each) for each in found):
        raise NoPreviewError("not an address of the public internet")
    return min(found)


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever its host's name says a moment later."""

    def __init__(self, host: str, port: int, address: str, *, tls: bool) -> None:
        super().__init__(host, port, timeout=TIMEOUT_SECONDS)
        self._address, self._tls = address, tls
        self._wire: socket.socket | None = None
        self.is_cut_off = False

    def connect(self) -> None:
        """Connect to the address that was looked at."""
        plain = socket.create_connection((self._address, self.port), timeout=TIMEOUT_SECONDS)
        self.sock = plain
        if self._tls:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
        # Kept apart, for http.client lets go of its own as soon as the headers are there.
        self._wire = self.sock
        if isinstance(self._wire, ssl.SSLSocket):
            self._wire.do_handshake()

    def cut_off(self) -> None:
        """End the conversation from another thread: whoever waits for it gets an end of file."""
        self.is_cut_off = True
        if self._wire is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._wire, socket.SHUT_RDWR)


class _Head(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.title, self.meta, self.within = "", dict[str, str](), False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a page says of itself."""
        if tag == "title" and not self.title:
            self.within = True
        elif tag == "meta":
            given = {name: value or "" for name, value in attrs}
            self.meta.setdefault((given.get("property") or given.get("name") or "").lower(), given.get("content", ""))

    def handle_endtag(self, tag: str) -> None:
        """The title ends."""
        self.within = self.within and tag != "title"

    def handle_data(self, data: str) -> None:
        """Words of the title."""
        if self.within:
            self.title += data


def read_preview(html: str) -> Preview:
    """Title and summary of a page.

    Raises:
        NoPreviewError: it has no title.
    """
    head = _Head()
    head.feed(html)
    title = " ".join((head.meta.get("og:title") or head.title).split())
    summary = " ".join((head.meta.get("og:description") or head.meta.get("description", "")).split())
    if not title:
        raise NoPreviewError("it has no title")
    return Preview(_cut(title, LONGEST_TITLE), _cut(summary, LONGEST_SUMMARY))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 2].rsplit(" ", 1)[0] + " …"
