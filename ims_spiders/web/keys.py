"""What the application holds for its pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from ims_spiders.web.search import OwnWords

from ims_spiders.web.database import ArchiveDatabase

DATABASE = web.AppKey("database", ArchiveDatabase)
OWN_WORDS: web.AppKey[OwnWords] = web.AppKey("own_words")
