"""The login that survives: cookies from a file of the user's, and the saved state of the last login."""

from __future__ import annotations

import hashlib
import json
from http.cookiejar import Cookie, LoadError, MozillaCookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ims_spiders.exceptions import ConfigurationError

CookieDict = dict[str, Any]
"""A cookie in Playwright's form: name, value, domain, path, expires, httpOnly, secure, sameSite."""


def read_cookie_file(path: Path) -> list[CookieDict]:
    """Cookies of a file in Netscape's or Playwright's form (a storage state, or a bare list of cookies).

    Raises ConfigurationError that names the file, never its content, when it is neither.
    """
    try:
        content = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigurationError(f"IMS_COOKIE_FILE {path}: {reason}") from None
    cookies = _read_json(path, content) if content.lstrip()[:1] in {"{", "["} else _read_netscape(path)
    if not cookies:
        raise ConfigurationError(f"IMS_COOKIE_FILE {path} holds no cookie; export it again while logged in")
    return cookies


def _read_json(path: Path, content: str) -> list[CookieDict]:
    try:
        value = json.loads(content)
        cookies = value["cookies"] if isinstance(value, dict) else value
        return [_playwright_cookie(cookie) for cookie in cookies]
    except (ValueError, KeyError, TypeError):
        message = f"IMS_COOKIE_FILE {path} is JSON, but not a Playwright storage state or list of cookies"
        raise ConfigurationError(message) from None


def _playwright_cookie(cookie: dict[str, Any]) -> CookieDict:
    result = {
        "name": str(cookie["name"]),
        "value": str(cookie["value"]),
        "domain": str(cookie["domain"]),
        "path": str(cookie.get("path") or "/"),
        "httpOnly": bool(cookie.get("httpOnly", False)),
        "secure": bool(cookie.get("secure", False)),
        "expires": float(cookie.get("expires") or cookie.get("expirationDate") or -1),
    }
    if cookie.get("sameSite") in {"Strict", "Lax", "None"}:
        result["sameSite"] = cookie["sameSite"]
    return result


def _read_netscape(path: Path) -> list[CookieDict]:
    jar = MozillaCookieJar()
    try:
        jar.load(str(path), ignore_discard=True, ignore_expires=True)
    except (LoadError, OSError):
        message = f"IMS_COOKIE_FILE {path} is neither a Netscape cookie file nor a Playwright storage state"
        raise ConfigurationError(message) from None
    return [from_cookie(cookie) for cookie in jar]


def from_cookie(cookie: Cookie) -> CookieDict:
    """The standard library's cookie in Playwright's form."""
    return {
        "name": cookie.name,
        "value": cookie.value or "",
        "domain": cookie.domain.removesuffix(".local") if cookie.domain.endswith(".local") else cookie.domain,
        "path": cookie.path or "/",
        "httpOnly": cookie.has_nonstandard_attr("HttpOnly"),
        "secure": bool(cookie.secure),
        "expires": float(cookie.expires) if cookie.expires else -1.0,
    }


def to_cookie(cookie: CookieDict) -> Cookie:
    """A cookie in Playwright's form as the standard library's, so that a cookie jar takes it as it is.

    The standard library calls a host without a dot `host.local`; the domain is given in that form.
    """
    domain = str(cookie["domain"])
    if "." not in domain.lstrip(".") and domain:
        domain = f"{domain}.local"
    expires = float(cookie.get("expires") or -1)
    return Cookie(
        version=0,
        name=cookie["name"],
        value=cookie["value"],
        port=None,
        port_specified=False,
        domain=domain,
        domain_specified=domain.startswith("."),
        domain_initial_dot=domain.startswith("."),
        path=cookie.get("path") or "/",
        path_specified=True,
        secure=bool(cookie.get("secure")),
        expires=int(expires) if expires > 0 else None,
        discard=expires <= 0,
        comment=None,
        comment_url=None,
        rest={"HttpOnly": ""} if cookie.get("httpOnly") else {},
    )


def state_path(data_dir: Path, base_url: str, username: str) -> Path:
    """Where the login of this user at this tracker is kept: another user or tracker never gets it."""
    host = urlsplit(base_url).hostname or "tracker"
    account = hashlib.sha256(f"{base_url}\n{username}".encode()).hexdigest()[:12]
    return data_dir / "state" / f"{host}-{account}.json"


def cookie_user_path(data_dir: Path, base_url: str, cookies: list[CookieDict]) -> Path:
    """Where it is kept whose these cookies of a file of the user's are; other cookies may be somebody else's."""
    host = urlsplit(base_url).hostname or "tracker"
    values = sorted(f"{cookie['name']}={cookie['value']}" for cookie in cookies)
    digest = hashlib.sha256("\n".join([base_url, *values]).encode("utf-8", "replace")).hexdigest()[:16]
    return data_dir / "state" / f"{host}-{digest}.user"


def load_state(path: Path) -> list[CookieDict]:
    """The cookies of the saved login; none when there is none or it is unreadable: then one logs in."""
    try:
        return [_playwright_cookie(cookie) for cookie in json.loads(path.read_text("utf-8"))["cookies"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def load_user(path: Path) -> str | None:
    """The userId that pages of the saved login carried; None when that was not kept, or cannot be read."""
    try:
        user_id = json.loads(path.read_text("utf-8"))["userId"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return user_id if isinstance(user_id, str) and user_id else None


def state_document(cookies: list[CookieDict], user_id: str | None = None) -> bytes:
    """The saved form: a Playwright storage state, which `IMS_COOKIE_FILE` also takes, and whose it is once known."""
    return json.dumps({"cookies": cookies, "origins": [], "userId": user_id}, indent=1).encode()
