"""The files of an issue page: links that download, and images inside what users wrote."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from parsel import Selector

from ims_spiders.items import Attachment, AttachmentKind
from ims_spiders.pages.document import Element
from ims_spiders.pages.javascript import Call, attribute_calls
from ims_spiders.pages.text import collapse, shown_text
from ims_spiders.pages.urls import absolute_url, clean_url

_FUNCTION = "downloadFileNew"
_SIZE = r"\(\s*(\d[\d.,]*\s*(?:bytes?|[KMGT]?i?B|[KMGT]))\s*\)"
_SIZE_BEHIND = re.compile(rf"[^\w(]*{_SIZE}", re.IGNORECASE)
_SIZE_AT_END = re.compile(rf"\s*{_SIZE}\s*$", re.IGNORECASE)
_FAR = 12
"""How many pieces of text behind a link are looked at for its size."""

_BLANK_IMAGE = re.compile(r"(?:^|/)(?:blank|spacer|pixel|clear|transparent|1x1)\.(?:gif|png)$", re.IGNORECASE)
_NAME_PARAMETER = re.compile(
    r"^(?:(?:orig(?:inal)?|real|save)?_?file_?(?:name|nm)|file|name|img|image)$", re.IGNORECASE
)
_HAS_SUFFIX = re.compile(r"[^/\\]\.[A-Za-z0-9]{1,5}$")
_SCRIPT_SUFFIX = re.compile(r"\.(?:do|jsp|action|php|aspx?|cgi)$", re.IGNORECASE)


def parse_attachments(selector: Selector) -> list[Attachment]:
    """Every file that the page itself links to, in page order; a file with two links counts once."""
    found: dict[tuple[str, str], Attachment] = {}
    for call in attribute_calls(selector, _FUNCTION):
        if not call.arguments or not call.arguments[0].strip():
            continue
        attachment = _attachment(call)
        known = found.setdefault((attachment.kind, attachment.file_id), attachment)
        # An icon may link to the file as well as its name does.
        known.filename = known.filename or attachment.filename
        known.size_label = known.size_label or attachment.size_label
    for attachment in found.values():
        attachment.filename = attachment.filename or f"attachment-{attachment.file_id}"
    return list(found.values())


def _attachment(call: Call) -> Attachment:
    patch = any(element.get("id") == "PatchAttachesDiv" for element in call.element.iterancestors())
    kind = call.arguments[1].strip().upper() if len(call.arguments) > 1 else ("PATCH" if patch else "ISSUE")
    kinds: dict[str, AttachmentKind] = {"PATCH": "PATCH"}
    filename, size = _name_and_size(call.element)
    return Attachment(
        file_id=call.arguments[0].strip(),
        kind=kinds.get(kind, "ISSUE"),
        filename=filename,
        size_label=size,
        source="patch" if patch else "attachments",
    )


def _name_and_size(link: Element) -> tuple[str, str | None]:
    spans = [span for span in link.iter("span") if shown_text(span)]
    name = _file_name(spans[0] if spans else link)
    inside = _SIZE_BEHIND.match(_text_behind(spans[0], within_link=link)) if spans else None
    behind = inside or _SIZE_BEHIND.match(_text_behind(link))
    if behind:
        return name, collapse(behind[1])
    at_end = _SIZE_AT_END.search(name)
    return (name[: at_end.start()], collapse(at_end[1])) if at_end else (name, None)


def _file_name(element: Element) -> str:
    """The text of a link; two spaces in a row may be the name's own, a line break is the template's."""
    text = Selector(root=element, type="html").xpath("string()").get() or ""
    return re.sub(r"\s*[\n\r\t]\s*", " ", text.replace("\xa0", " ")).strip()


def _text_behind(element: Element, within_link: Element = None) -> str:
    """The text that follows an element, as far as the next link that downloads; inside one link if that is given."""
    parts: list[str] = []
    for piece in element.xpath("following::text()[position() <= $far]", far=_FAR):
        owner = piece.getparent() if piece.is_text else piece.getparent().getparent()
        around = [] if owner is None else [owner, *owner.iterancestors()]
        if within_link is not None and within_link not in around:
            break
        if within_link is None and any(_downloads(other) for other in around):
            break
        parts.append(str(piece))
    return collapse("".join(parts))


def _downloads(element: Element) -> bool:
    return any(_FUNCTION in value for value in element.attrib.values())


def parse_images(element: Element, page_url: str, source: str) -> Iterator[Attachment]:
    """The inline images of a description or comment. Blank and tracking images, and what is no web address, are not."""
    for image in element.iter("img"):
        reference = re.sub(r"[\t\n\r]", "", image.get("src") or "").strip()
        url = absolute_url(page_url, reference) if reference else None
        if url is None or not _is_fetchable(url) or _is_blank(image, url):
            continue
        url = url if _is_data(url) else clean_url(url)
        digest = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()
        name = _image_name(url, image.get("alt") or "")
        yield Attachment(f"inline-{digest[:16]}", "INLINE", name, source=source, url=url)


def _is_fetchable(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "data" or (parts.scheme in ("http", "https") and bool(parts.hostname))


def _is_data(url: str) -> bool:
    return url[:5].lower() == "data:"


def _is_blank(image: Element, url: str) -> bool:
    if any((image.get(side) or "").strip().removesuffix("px") in ("0", "1") for side in ("width", "height")):
        return True
    if _is_data(url):
        # A GIF of one pixel, as editors put in the place of images to come.
        return "," not in url or url.partition(",")[2][:14].startswith("R0lGODlhAQABA") or not url.partition(",")[2]
    return bool(_BLANK_IMAGE.search(urlsplit(url).path))


def _image_name(url: str, alt: str) -> str:
    described = collapse(alt)
    if _is_data(url):
        kind = url[5:].partition(",")[0].partition(";")[0].strip().lower()
        return described or f"image{mimetypes.guess_extension(kind) or '.png'}"
    parts = urlsplit(url)
    named = [value for key, value in parse_qsl(parts.query) if _NAME_PARAMETER.match(key) and _HAS_SUFFIX.search(value)]
    last = unquote(parts.path).rpartition("/")[2]
    if _HAS_SUFFIX.search(last) and not _SCRIPT_SUFFIX.search(last):
        return last
    return collapse(named[0]) if named else described or "image.png"
