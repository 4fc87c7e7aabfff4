"""Target: no secret comes through the redaction in any form that a log may give it, and other text does."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

from ims_spiders.login.redaction import Redaction
from tests.fuzz.source import Source

SHORTEST = 4
SECRETS = (
    "hunter2!",
    "p@ss word",
    "비밀번호",
    "a'b\"c\\d",
    "x+y/z=&?",
    "<&>;'",
    "0123456789abcdef",
    "ſſK\u212a",
    "é\ud83d",
)
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": lambda secret: json.dumps(secret)[1:-1],
    "json as text": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "json in json": lambda secret: json.dumps(json.dumps(secret)[1:-1])[1:-1],
    "html": html.escape,
    "html without quotes": lambda secret: html.escape(secret, quote=False),
    "address": lambda secret: quote(secret, safe=""),
    "path": quote,
    "form": quote_plus,
    "small letters": lambda secret: re.sub("%..", lambda found: found[0].lower(), quote(secret, safe="")),
    "repr": lambda secret: repr(secret)[1:-1],
    "ascii": lambda secret: ascii(secret)[1:-1],
    "bytes": lambda secret: repr(secret.encode())[2:-1],
    "hex": lambda secret: secret.encode().hex(),
}
_ORDINARY = re.compile(r"[^\w .,;()\n-]")


def redaction(data: bytes) -> None:
    """The cleaned text does not hold the secret in the form that it had; ordinary text is left alone."""
    source = Source(data)
    secret = source.text() if source.number(2) else source.choice(SECRETS)
    secret = secret.encode("utf-8", "replace").decode()
    form = source.choice(sorted(FORMS))
    before = source.text() * source.choice((1, 1, 1, 300))
    after = source.text()
    # Stars are what is put in its place: with them in it, text around it could make it up again.
    if len(secret) < SHORTEST or "*" in secret or not secret.strip():
        return
    cleaner = Redaction([secret])
    written = FORMS[form](secret)
    cleaned = cleaner.clean(f"{before}{written}{after}")
    assert written not in cleaned, f"{form} of {secret!r} came through"
    assert secret not in cleaned
    _check_base64(cleaner, secret, before[:40], after[:40])
    _check_ordinary(cleaner, secret, before)


def _check_base64(cleaner: Redaction, secret: str, before: str, after: str) -> None:
    """Those letters that say nothing of what stands around it; fewer than six stand in any long number by chance."""
    raw, lead = secret.encode(), before.encode()
    begin, end = -(-len(lead) * 8 // 6), (len(lead) + len(raw)) * 8 // 6
    if end - begin < 6:
        return
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(lead + raw + after.encode()).decode()
        cleaned = cleaner.clean(f"Basic: {whole}")
        assert whole[begin:end] not in cleaned, f"base64 of {secret!r} came through"


def _check_ordinary(cleaner: Redaction, secret: str, text: str) -> None:
    ordinary = _ORDINARY.sub(" ", text)
    coded = base64.b64encode(secret.encode()).decode()[:5]
    if secret in ordinary or coded in ordinary or any(make(secret) in ordinary for make in FORMS.values()):
        return
    assert cleaner.clean(ordinary) == ordinary, "text without a secret was changed"


def redaction_seeds() -> list[bytes]:
    """Each known secret in each form, between texts that look like the beginning and the end of something."""
    around = ('password="', "'user': '", "http://user:", "Cookie: a=", "x", "\\")
    return [
        b"\x00" + bytes([secret, form]) + text.encode() + b"\xff\x00" + text.encode() + b"\xff"
        for secret in range(len(SECRETS))
        for form in range(len(FORMS))
        for text in around
    ]
