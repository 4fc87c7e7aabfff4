"""Brings the files of synonyms into the database, the packaged one and the user's own, when they have changed."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

from ims_spiders.db.schema import load_packaged_synonyms
from ims_spiders.exceptions import ConfigurationError

OWN = "own"


def load_own_synonyms(engine: Engine, schema: str, path: Path) -> None:
    """Have searches know what these files say now; without a file of the user's own, nothing of it stays.

    A login that may not change the synonyms leaves them as they are. Raises ConfigurationError for a file that is no
    UTF-8 or has a line that is none, with its number.
    """
    content = _checked(path) if path.exists() else ""
    try:
        with engine.begin() as connection:
            load_packaged_synonyms(connection, schema)
            connection.exec_driver_sql(f'SELECT "{schema}".load_synonyms(%s, %s)', (content, OWN))
    except ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) != "42501":
            raise


def _checked(path: Path) -> str:
    try:
        content = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    for number, line in enumerate(content.splitlines(), start=1):
        for part in line.split("#")[0].split("|"):
            language, colon, terms = part.partition(":")
            if part.strip() and (language.strip() not in {"en", "ko", "ja"} or not colon or not terms.strip()):
                raise ConfigurationError(
                    f"{path}, line {number}: {part.strip()!r} is none of en: …, ko: … or ja: …; "
                    "a line is `en: timeout, time out | ko: 타임아웃 | ja: タイムアウト`"
                )
    return content
