"""Faults that are content: issues that are put into the world as soon as a rule asks for them."""

from __future__ import annotations

from collections.abc import Callable

from ims_spiders.demo.faults.plan import Rule
from ims_spiders.demo.markup import attribute
from ims_spiders.demo.world.build import World
from ims_spiders.demo.world.model import File, Issue

_PAYLOADS = (
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "\"'><svg/onload=window.hacked=1>",
    "{{7*7}} ${7*7} javascript:alert(1)",
)
_NAMES = (
    "../../../../tmp/escaped.txt", "..\\..\\escaped.txt", "/etc/cron.d/escaped", "C:\\Windows\\escaped.txt", "..",
    ".", "con.txt", "a" * 4096 + ".txt", "가" * 300 + ".txt", "rtl\u202etxt.exe", "%00null.txt",
    "-rf", "~root", "$(id).txt", "<script>window.hacked=1</script>.txt", "CASE.txt", "case.TXT",
)  # fmt: skip
_LINKS = (
    "http://169.254.169.254/latest/meta-data/", "//cdn.example.net/tracker.png", "file:///etc/passwd",
    "https://images.example.org/pixel.png", "ftp://ftp.example.net/a.png", "http://127.0.0.1:9/x.png",
    "\\\\fileserver.example.net\\share\\a.png", "http://user:word@example.net/a.png",
)  # fmt: skip


def install(world: World, rule: Rule) -> None:
    """Put what the rule asks for into the world; nothing for other faults. It stays when the rule goes."""
    put = _CONTENT.get(rule.fault.name)
    if put:
        put(world, rule)


def _file(world: World, issue: Issue, name: str, recipe: str = "log", topic: tuple[str, ...] = ()) -> None:
    file_id = world.new_file_id()
    issue.files.append(File(file_id, "ISSUE", name, recipe, f"hostile-{file_id}", topic))


def _xss(world: World, rule: Rule) -> None:
    for number in range(rule.parameters["issues"]):
        issue = world.insert()
        payload = _PAYLOADS[number % len(_PAYLOADS)]
        issue.subject = f"{issue.subject} {payload}"
        issue.fields |= {"Subject": issue.subject, "Customer": payload, "Module": payload}
        body = "<script>window.hacked=1</script>"
        body += "<p onclick=\"window.hacked=1\">click <a href='javascript:alert(1)'>here</a></p>\n"
        issue.description.add(body, "click here")
        for comment in issue.comments:
            comment.body.add(body, "click here")
        _file(world, issue, f"{payload.replace('/', '')}.txt")
        world.touch(issue)


def _hostile_names(world: World, rule: Rule) -> None:
    for _ in range(rule.parameters["issues"]):
        issue = world.insert()
        for name in _NAMES:
            _file(world, issue, name)
        world.touch(issue)


def _hostile_links(world: World, rule: Rule) -> None:
    for _ in range(rule.parameters["issues"]):
        issue = world.insert()
        for link in _LINKS:
            issue.description.add(
                f'<p><img src="{attribute(link)}"/><a href="{attribute(link)}">link</a></p>\n', "link"
            )
            issue.description.foreign_images.append(link)
        world.touch(issue)


def _bombs(world: World, rule: Rule) -> None:
    issue = world.insert()
    size = (str(rule.parameters["megabytes"]),)
    for name, recipe in (
        ("bomb.zip", "zip_bomb"),
        ("bomb.log.gz", "gzip_bomb"),
        ("bomb.pdf", "pdf_bomb"),
        ("bomb.docx", "docx_bomb"),
    ):
        _file(world, issue, name, recipe, size)
    world.touch(issue)


def _same_names(world: World, rule: Rule) -> None:
    for _ in range(rule.parameters["issues"]):
        issue = world.insert()
        for name, recipe in (
            ("same.log", "log"),
            ("same.log", "txt"),
            ("같은 이름.csv", "csv"),
            ("같은 이름.csv", "log"),
        ):
            _file(world, issue, name, recipe)
        # A patch file has a number of its own series, which may be the number of another file of the issue.
        twin = issue.files[-1]
        issue.files.append(File(twin.file_id, "PATCH", twin.filename, "zip", f"patch-{twin.file_id}"))
        world.touch(issue)


_CONTENT: dict[str, Callable[[World, Rule], None]] = {
    "xss": _xss, "hostile_names": _hostile_names, "hostile_links": _hostile_links, "bombs": _bombs,
    "same_names": _same_names,
}  # fmt: skip
NAMES = frozenset(_CONTENT)
"""The faults that are content."""
