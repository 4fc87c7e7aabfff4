"""Brings pages.jsonl of a session into the table `pages`, in parts, as often as one likes."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice

from ims_spiders.db.files import SessionFolder
from ims_spiders.db.files_pages import LONGEST_LINE, read_lines
from ims_spiders.db.projection import Projection
from ims_spiders.db.rows import Row
from ims_spiders.db.sessions import page_row

BATCH = 2000


@dataclass(slots=True)
class PagesWritten:
    """`pages`: how many lines are in the table now. `refused`: which lines are not, and
    why. `offset`: how far the file was read."""

    offset: int = 0
    pages: int = 0
    refused: list[str] = field(default_factory=list)


def write_pages(projection: Projection, folder: SessionFolder, session_uuid: str, done: PagesWritten) -> bool:
    """Bring in one batch of lines from `done.offset` on, and note it there. False when there were no more then.

    The session must be in the database. A line that is no answer is refused; one that is no JSON, torn by a crash or
    still being written, is left out without a word, as in errors.jsonl. Raises OSError when the file cannot be read,
    sqlalchemy.exc.OperationalError when the database goes away.
    """
    rows: list[Row] = []
    read = list(islice(read_lines(folder, done.offset), BATCH))
    offset, refused = done.offset, []
    for behind, line, value in read:
        if not line.endswith(b"\n") and len(line) < LONGEST_LINE:
            # The last one. A part of one that is too long is no JSON, and passed over like any such line.
            break
        offset = behind
        try:
            if value is not None:
                rows.append(page_row(value))
        except ValueError as error:
            refused.append(f"before byte {behind}: {error}")
    late = projection.write_pages(session_uuid, rows)
    done.offset, done.pages = offset, done.pages + len(rows) - len(late)
    done.refused += [*refused, *(f"{one.issue_id}: {one.reason}" for one in late)]
    # Less than a batch was all; what a crawl adds meanwhile is not run after.
    return len(read) == BATCH and behind == offset
