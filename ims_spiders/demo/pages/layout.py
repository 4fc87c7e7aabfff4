"""The frame of every page: head, hidden user inputs, menu; and the files in `static`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from ims_spiders.demo.markup import hidden, text
from ims_spiders.demo.state import User

LOGIN = "/tody/auth/login.do"
START = "/tody/main.do"
SEARCH = "/tody/ims/issue/issueSearchList.do"
ISSUE = "/tody/ims/issue/issueView.do"
RELATIONS = "/tody/ims/issue/findRelationIssues.do"
PATCHES = "/tody/ims/patch/patchList.do"
RESOURCES = "/tody/resources/"
ENDLESS = "/tody/resources/endless.js"


@cache
def static(name: str) -> bytes:
    """A file of the package's `static` folder. Raises FileNotFoundError when there is none."""
    return (files("ims_spiders.demo") / "static" / name).read_bytes()


def bare(title: str, body: str, *, script: str = "") -> str:
    """A page without user and menu."""
    inline = f"<script>\n{script}\n</script>" if script else ""
    return (
        f'<!DOCTYPE html>\n<html lang="ko">\n<head><meta charset="UTF-8"/><title>{text(title)}</title>\n'
        f'<link rel="stylesheet" href="{RESOURCES}ims.css"/>\n<script src="{RESOURCES}ims.js"></script>\n'
        f"{inline}</head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def page(title: str, body: str, user: User, *, script: str = "", endless: bool = False) -> str:
    """A page for somebody who is logged in. `endless` adds a script that never arrives."""
    inputs = hidden("userId", user.user_id) + hidden("userName", user.name) + hidden("userGrade", user.grade)
    menu = (
        f'<div id="menu"><a href="{START}">Home</a> '
        f'<a href="{SEARCH}?searchType=1&amp;menuCode=issue_search">Issue Search</a> <b>{text(user.name)}</b></div>'
    )
    never = f'<script src="{ENDLESS}"></script>' if endless else ""
    return bare(title, f"{inputs}\n{menu}\n{never}\n{body}", script=script)


def alert(message: str) -> str:
    """What the tracker answers, with status 200, instead of something that it will not show."""
    return bare("IMS", f'<script>alert("{text(message)}"); self.close();</script>')
