"""Servers that a crawl must not talk to, and a tracker that leads there."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.crawl.other_tracker import OtherTracker

PASSWORD = "gil dong&1"


class Stranger:
    """Listens on a port of its own, over TCP and UDP; `heard` counts whatever reaches either."""

    def __init__(self) -> None:
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Stranger:
        return self

    def __exit__(self, *_: object) -> None:
        self._tcp.close()
        self._udp.close()

    @property
    def heard(self) -> int:
        """Connections and datagrams since the last look: the system keeps both until they are taken."""
        count = 0
        for taking in (self._tcp.accept, lambda: self._udp.recv(4096)):
            for listener in (self._tcp, self._udp):
                listener.settimeout(0)
            while True:
                try:
                    taken = taking()
                except BlockingIOError:
                    break
                count += 1
                if isinstance(taken, tuple):
                    taken[0].close()
        return count


class LoginOnly:
    """A server with a login form and nothing else. `forms` holds what was posted, `asked` every request's line."""

    def __init__(self, action: str = "/tody/auth/login.do", redirect: str | None = None) -> None:
        self.forms: list[bytes] = []
        self.asked: list[str] = []
        page = (
            f"<html><body><form method=post action='{action}'><input id=id name=id><input type=password name=password>"
            "<input type=submit></form></body></html>"
        ).encode()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                owner.asked.append(f"{self.command} {self.path}")
                self._send(200, page)

            def do_POST(self) -> None:
                owner.asked.append(f"{self.command} {self.path}")
                owner.forms.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                self._send(307 if redirect else 200, b"" if redirect else page)

            def _send(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(content)))
                if status == 307 and redirect:
                    self.send_header("Location", redirect)
                self.end_headers()
                self.wfile.write(content)

        self.server = _Quiet(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def encrypted(self, folder: Path) -> LoginOnly:
        """The same over TLS, with a certificate that only it itself has signed."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self_signed(folder))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = self.url.replace("http:", "https:")
        return self

    def __enter__(self) -> LoginOnly:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that ends the handshake is no error here."""


class LeadingAway(OtherTracker):
    """A tracker some of whose addresses redirect: `away` says which, by a part of them, and where to. `user` is whom
    its pages are made for, `methods` what it was asked. With `tells_session` each page of an issue begins another
    session, whose number stands in its links; the page of issue `broken` lacks a field, and holds the password."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.away: dict[str, str] = {}
        self.methods: list[str] = []
        self.user = "hong"
        self.tells_session = False
        self.broken = ""
        owner = self
        base: Any = self._server.RequestHandlerClass

        class Handler(base):  # type: ignore[misc]
            def parse_request(self) -> bool:
                good = bool(super().parse_request())
                upgrade = f" {self.headers['Upgrade']}" if good and "Upgrade" in self.headers else ""
                owner.methods.append(f"{self.command}{upgrade} {self.path.partition('?')[0]}")
                return good

            def _page(self, path: str, query: dict[str, list[str]]) -> None:
                target = next((owner.away[part] for part in owner.away if part in self.path), None)
                if target is None and "seq" in query:
                    target = owner.away.get(query["seq"][0])
                if target is not None:
                    self._redirect(target)
                else:
                    super()._page(path, query)

            def _html(self, body: str) -> None:
                body = body.replace("NAME=userId VALUE=hong", f"NAME=userId VALUE={owner.user}")
                self.new = ""
                if owner.tells_session and "issueNumber" in body:
                    self.new = token_hex(16).upper()
                    owner.sessions.add(self.new)
                    link = f"<A HREF='/tody/x.do;jsessionid={self.new}?a=1'>x</A><IMG SRC='/tody/y.do?s={self.new}'>"
                    body = body.replace("<P>설명", f"<P>{link}설명")
                if owner.broken and f"issueId={owner.broken}" in self.path:
                    body = body.replace("Subject", f"<INPUT VALUE='{escape(PASSWORD)}'>")
                super()._html(body)

            def end_headers(self) -> None:
                if getattr(self, "new", ""):
                    self.send_header("Set-Cookie", f"JSESSIONID={self.new}; Path=/tody; HttpOnly")
                super().end_headers()

        self._server.RequestHandlerClass = Handler


def self_signed(folder: Path) -> Path:
    """A file with a key and a certificate for 127.0.0.1 that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "self-signed.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
