"""Rich-text bodies as the tracker's editor leaves them: paragraphs, tables, lists, traces, images, entities."""

from __future__ import annotations

import base64
from random import Random

from ims_spiders.demo.markup import editor_text
from ims_spiders.demo.world.images import png
from ims_spiders.demo.world.model import Image, Person, Rich
from ims_spiders.demo.world.texts import phrases


def paragraph(rich: Rich, rng: Random, words: str) -> None:
    """One paragraph, in one of the shapes that editors and mail programs leave behind."""
    escaped = editor_text(words)
    shape = rng.randrange(6)
    if shape == 0:
        escaped = escaped.replace(" ", "&nbsp;", 1)
    elif shape == 1 and " " in escaped:
        first, rest = escaped.split(" ", 1)
        escaped = f'<span style="font-family:&quot;Malgun Gothic&quot;;color:#1f497d">{first}</span> {rest}'
    elif shape == 2 and " " in escaped:
        rest, last = escaped.rsplit(" ", 1)
        escaped = f"{rest} <b>{last}</b>"
    elif shape == 3:
        rich.add(f"<div>{escaped}<br/></div>\n", words)
        return
    rich.add(f'<p style="margin:0cm">{escaped}</p>\n', words)


def trace(rich: Rich, lines: list[str]) -> None:
    """A stack trace or log extract."""
    body = "\n".join(editor_text(line) for line in lines)
    rich.add(f"<pre>{body}</pre>\n", *(" ".join(line.split()) for line in lines))


def bullet_list(rich: Rich, rng: Random, lines: list[str]) -> None:
    """An ordered or unordered list."""
    tag = rng.choice(("ul", "ol"))
    items = "".join(f"<li>{editor_text(line)}</li>" for line in lines)
    rich.add(f"<{tag}>{items}</{tag}>\n", *lines)


def table(rich: Rich, rng: Random, language: str, words: dict[str, str]) -> None:
    """A table of the environment, now and then with another table inside."""
    item, value, environment, _ = phrases.LABELS[language]
    rows = [
        ("OS", rng.choice(("Linux 5.14 x86_64", "AIX 7.2"))),
        ("Version", words["version"]),
        ("Host", words["host"]),
    ]
    fragments = [item, value, *(cell for row in rows for cell in row)]
    inner = "".join(f"<tr><td>{editor_text(a)}</td><td>{editor_text(b)}</td></tr>" for a, b in rows)
    html = f"<tr><th>{item}</th><th>{value}</th></tr>{inner}"
    html = f'<table border="1" cellspacing="0"><tbody>{html}</tbody></table>'
    if rng.random() < 0.4:
        html = f'<table class="data"><tr><td>{environment}</td><td>{html}</td></tr></table>'
        fragments.insert(0, environment)
    rich.add(html + "\n", *fragments)


def image(rich: Rich, rng: Random, issue_id: int, number: int) -> None:
    """An inline image that only somebody who is logged in can load; its address comes in three shapes."""
    name = f"{issue_id}_{number}.png"
    path = f"/tody/upload/editor/{rng.randrange(2014, 2026)}/{name}"
    src = path
    shape = rng.randrange(3)
    if shape == 0:
        src = "../.." + path.removeprefix("/tody")
    elif shape == 1:
        path = src = f"/tody/common/imageView.do?issueId={issue_id}&imageNo={number}"
    rich.images.append(Image(src, path, seed=name))
    rich.add(f'<p><img src="{src.replace("&", "&amp;")}" width="{rng.randrange(200, 800)}" border="0"/></p>\n')


def same_image(rich: Rich, known: Image) -> None:
    """An image that already stands elsewhere in the issue, as in a quoted mail."""
    rich.images.append(known)
    rich.add(f'<p><img src="{known.src.replace("&", "&amp;")}"/></p>\n')


def data_image(rich: Rich, rng: Random) -> None:
    """A small image that stands in the HTML itself."""
    seed = f"data-{rng.randrange(10**9)}"
    src = "data:image/png;base64," + base64.b64encode(png(seed, 4)).decode()
    rich.images.append(Image(src, "", seed))
    rich.add(f'<p><img src="{src}"/></p>\n')


def contact(rich: Rich, language: str, person: Person) -> None:
    """A line with an address, which the editor writes with entities."""
    label = phrases.LABELS[language][3]
    words = f"{label}: {person.name} <{person.email}>"
    rich.add(f"<p>{editor_text(words)}&nbsp;</p>\n", words)


def quote(rich: Rich, words: str) -> None:
    """Words of somebody else, indented."""
    rich.add(f"<blockquote>{editor_text(words)}</blockquote>\n", words)
