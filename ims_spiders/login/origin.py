"""Where a crawl may send a request: to the origin of IMS_BASE_URL, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from scrapy.exceptions import IgnoreRequest

from ims_spiders.exceptions import ConfigurationError

PORTS = {"http": 80, "https": 443}
READING = frozenset({"GET", "HEAD"})
"""Methods that change nothing (RFC 9110, 9.2.1)."""
READ_DIFFERENTLY = frozenset("\\\t\r\n ")
"""What browsers and Python's libraries do not read alike: an address with one of these has no origin here."""


class RequestRefused(IgnoreRequest):
    """A request that would leave the tracker, or change something there. Raised before it is sent."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port, as RFC 6454 has them."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"

    @property
    def netloc(self) -> str:
        """Host and port, also where the port is the scheme's own."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def origin_of(url: str) -> Origin | None:
    """The origin of a web address; None for what is none, or is one in which a user or password stands."""
    try:
        parts = urlsplit(url)
        port = parts.port
        # Requests and browsers write a host of other letters in ASCII.
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError:
        return None
    if parts.scheme not in PORTS or not host or "@" in parts.netloc or READ_DIFFERENTLY & set(url):
        return None
    return Origin(parts.scheme, host, PORTS[parts.scheme] if port is None else port)


class Fence:
    """The origin of `base_url`; for one that is http on port 80 also the same host's https on port 443.

    Raises ConfigurationError for an address without an origin.
    """

    def __init__(self, base_url: str):
        own = origin_of(base_url)
        if own is None:
            raise ConfigurationError("IMS_BASE_URL: must be an address such as https://ims.example.com")
        self.own = own
        self.origins = {own}
        if (own.scheme, own.port) == ("http", PORTS["http"]):
            self.origins.add(Origin("https", own.host, PORTS["https"]))

    def allows(self, url: str) -> bool:
        """Whether a request to this address stays on the tracker."""
        return origin_of(url) in self.origins

    def refusal(self, url: str) -> str:
        """Why it does not, for people: without what may be secret in such an address."""
        return f"{shown_address(url)} is not on the tracker ({self.own}), so it was not asked for"


def shown_address(url: str) -> str:
    """An address as far as it can be shown: without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.partition(';')[0]}"[:200]
