"""Tells people of a suspicious session, by webhook and mail. What fails is logged, and changes nothing of the crawl."""

from __future__ import annotations

import asyncio
import json
import logging
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from email.message import EmailMessage
from functools import partial
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from ims_spiders.config import LOOPBACK, NotifyConfig

logger = logging.getLogger(__name__)

SECONDS = 10.0
"""For one step of the network's."""
LONGEST = 20.0
"""So long the end of a crawl waits for all of it."""


async def notify(config: NotifyConfig, record: dict[str, Any]) -> None:
    """Tell whoever the settings name; returns after LONGEST seconds at the latest, whatever became of it."""
    told = message(record)
    ways = []
    if config.notify_url is not None:
        ways.append(_in_thread("webhook", partial(post, config, told)))
    if config.notify_mail:
        ways.append(_in_thread("mail", partial(mail, config, told)))
    await asyncio.gather(*ways)


def message(record: dict[str, Any]) -> dict[str, Any]:
    """What is told: which session, and what is doubtful. No query and nothing of an issue: others may read it."""
    suspicions = record["metadata"].get("suspicions") or []
    uuid = record["session_uuid"]
    reasons = "; ".join(one["message"] for one in suspicions)
    product = record.get("product") or "all products"
    return {
        "event": "session_suspicious",
        "text": f"The crawl {uuid[:8]} of {product} is complete, but its figures look wrong: {reasons}.",
        "session_uuid": uuid,
        "product": record.get("product"),
        "host": socket.gethostname(),
        "started_at": record["started_at"],
        "completed_at": record["completed_at"],
        "exit_code": record["exit_code"],
        "issues_crawled": record["issues_crawled"],
        "suspicions": suspicions,
    }


def post(config: NotifyConfig, told: dict[str, Any]) -> None:
    """Send it as JSON. Raises OSError; the address, which may hold a token, is in no message."""
    assert config.notify_url is not None
    url = config.notify_url.get_secret_value()
    body = json.dumps(told, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "ims_spiders"}
    request = Request(url, body, headers)  # noqa: S310 - https or loopback, checked by the settings
    # A company's way out may be a proxy; what stays on this machine needs none.
    direct = [ProxyHandler({})] if urlsplit(url).hostname in LOOPBACK else []
    try:
        build_opener(_NoRedirect, *direct).open(request, timeout=SECONDS).close()
    except HTTPError as error:
        error.close()
        raise OSError(f"it answers with status {error.code}") from None
    except URLError as error:
        raise OSError(f"no answer: {error.reason}") from None


def mail(config: NotifyConfig, told: dict[str, Any]) -> None:
    """Send it to every address. Raises OSError, smtplib.SMTPException."""
    assert config.smtp_url is not None
    server = urlsplit(config.smtp_url.get_secret_value())
    user, password = (unquote(part) if part else None for part in (server.username, server.password))
    letter = _letter(config, told, user)
    context = ssl.create_default_context()
    host = server.hostname or "localhost"
    if server.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(host, server.port or 465, timeout=SECONDS, context=context)
    else:
        connection = smtplib.SMTP(host, server.port or 587, timeout=SECONDS)
    with connection:
        if server.scheme == "smtp":
            connection.ehlo()
            if connection.has_extn("starttls"):
                connection.starttls(context=context)
            elif host not in LOOPBACK:
                raise OSError("it offers no STARTTLS; use smtps://, or a server on this machine")
        if user and password:
            connection.login(user, password)
        connection.send_message(letter)


def _letter(config: NotifyConfig, told: dict[str, Any], user: str | None) -> EmailMessage:
    letter = EmailMessage()
    letter["Subject"] = f"ims_spiders: crawl {told['session_uuid'][:8]} looks suspicious"
    letter["To"] = ", ".join(config.addresses)
    letter["From"] = user if user and "@" in user else config.addresses[0]
    lines = [told["text"], "", *(f"- {one['monitor']}: {one['message']}" for one in told["suspicions"])]
    lines += ["", f"Session {told['session_uuid']} on {told['host']}, begun {told['started_at']}."]
    lines += ["`ims status` shows it. Compare an issue of it with its page in a browser."]
    letter.set_content("\n".join(lines))
    return letter


async def _in_thread(name: str, send: Callable[[], None]) -> None:
    """In a thread that nobody waits for at the end of the process: a server may drip its answer for hours."""
    loop = asyncio.get_running_loop()
    sent: asyncio.Future[None] = loop.create_future()

    def settle(error: BaseException | None) -> None:
        if not sent.done():
            sent.set_result(None) if error is None else sent.set_exception(error)

    def work() -> None:
        outcome: BaseException | None = None
        try:
            send()
        except Exception as error:  # noqa: BLE001 - whatever it is, the crawl has ended well
            outcome = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=work, name=f"notify-{name}", daemon=True).start()
    try:
        async with asyncio.timeout(LONGEST):
            await sent
        logger.info("Told by %s", name)
    except TimeoutError:
        logger.error("Nobody could be told by %s: no answer in %.0f s", name, LONGEST)
    except Exception as error:  # noqa: BLE001 - as above
        logger.error("Nobody could be told by %s: %s", name, error or type(error).__name__)


class _NoRedirect(HTTPRedirectHandler):
    """What is sent goes where it was sent to, and nowhere else."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Follow none: urllib then raises HTTPError."""
        return
