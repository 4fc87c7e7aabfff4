"""Reads pages in the encoding that their bytes are in, where that is not the one that the tracker declares."""

from __future__ import annotations

from scrapy import Request
from scrapy.http import Response, TextResponse

LIKELY = ("utf-8", "cp949")
"""What the tracker's pages may be in, whatever they say: cp949 is what Korean systems used before."""
ANYTHING = frozenset({"ascii", "cp1252", "iso8859-1", "latin-1"})
"""Encodings in which every byte means something; Scrapy takes cp1252 where nothing is declared."""


class CharsetMiddleware:
    """Stands behind whatever unpacks answers, and before whatever reads them.

    The bytes stay as they came: a page that is kept aside is kept as it was sent.
    """

    def process_response(self, request: Request, response: Response) -> Response:
        """The answer with the encoding that it is in. Files are not read here."""
        if not isinstance(response, TextResponse) or not response.body or request.meta.get("ims_file_of"):
            return response
        encoding = encoding_of(response.body, response.encoding)
        return response if encoding == response.encoding else response.replace(encoding=encoding)


def encoding_of(body: bytes, declared: str) -> str:
    """The encoding to read the bytes in: the declared one where they fit it, otherwise the likeliest one.

    A few broken characters in UTF-8 do not make it another encoding: trackers cut texts at a number of bytes. In
    cp949 hardly any character is one of UTF-8 by chance.
    """
    if body.isascii():
        return declared
    candidates = list(dict.fromkeys([*([] if declared in ANYTHING else [declared]), *LIKELY]))
    fitting = next((one for one in candidates if _broken(body, one) == 0), None)
    if fitting is not None:
        return fitting
    best = min(candidates, key=lambda one: _broken(body, one))
    return best if _broken(body, best) < 0.5 else declared


def _broken(body: bytes, encoding: str) -> float:
    """The share of the characters beyond ASCII that are none in that encoding; 1 for an unknown encoding."""
    try:
        body.decode(encoding)
    except UnicodeDecodeError:
        text = body.decode(encoding, "replace")
    except LookupError:
        return 1.0
    else:
        return 0.0
    beyond = sum(not char.isascii() for char in text)
    return max(text.count("\ufffd"), 1) / max(beyond, 1)
