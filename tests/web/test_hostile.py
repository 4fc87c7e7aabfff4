"""Text of people who mean harm, in every field of an issue and a session, stays text on every page that shows it."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from lxml import html

from ims_spiders.report.text import one_line
from tests.web.archive import EVIL, LEE
from tests.web.serving import Site

ALLOWED = {"src": ("/issue/",), "href": ("/", "#", "https://ims.example.com/"), "action": ("/",)}
PATHS = [
    *(f"/issue/{number}" for number in range(11, 11 + len(EVIL))),
    "/", "/?q=title", "/?product=javascript", "/sessions", f"/session/{LEE}", "/products",
    *(f"/?{name}={quote(evil)}" for evil in EVIL for name in ("q", "product", "status", "since", "page", "meaning")),
    *(f"/products?product={quote(evil)}" for evil in EVIL), *(f"/{quote(evil, safe='')}" for evil in EVIL),
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_nothing_of_it_becomes_part_of_the_page(lee: Site, path: str) -> None:
    answer = lee.get(path)
    assert answer.status in {200, 404}
    assert "517937" not in answer.text  # what the template in it would come to
    page = html.document_fromstring(answer.body)
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page.text_content()
    assert (
        page.xpath("//script | //iframe | //object | //embed | //base | //img[not(starts-with(@src, '/issue/'))]") == []
    )
    for element in page.iter():
        for name, value in element.attrib.items():
            assert not name.startswith("on"), (name, value)
            assert name != "style"
            if name in ALLOWED:
                assert value.startswith(ALLOWED[name]), (name, value)


def test_it_can_be_read(lee: Site) -> None:
    for number, evil in enumerate(EVIL, 11):
        page = html.document_fromstring(lee.get(f"/issue/{number}").body)
        shown = one_line(evil)
        assert page.xpath("string(//h1/bdi)") == shown
        assert page.xpath("string(//title)") == f"{number} {shown} · IMS archive"
        assert page.xpath("count(//dl[@class='facts']//dd/bdi)") >= 14
        assert page.text_content().count(shown) > 20


def test_its_link_to_the_tracker_is_none(lee: Site) -> None:
    assert "At the tracker" not in lee.get("/issue/11").text
    assert "At the tracker" in lee.get("/issue/1").text
