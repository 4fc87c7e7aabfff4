"""Second: the files. Each is fetched, told from a page that pretends to be one, counted, hashed and made durable."""

from __future__ import annotations

import asyncio
import hashlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.request import urlopen

from scrapy import Request
from scrapy.http import Response
from scrapy.pipelines.files import FilesPipeline, FSFilesStore

from ims_spiders.config import load_tracker_config
from ims_spiders.db.durable import write_durably
from ims_spiders.exceptions import AttachmentError, AttachmentUnlearned, CrawlEnding, StorageError
from ims_spiders.items import Attachment, Issue
from ims_spiders.login.attachment_requests import AttachmentRequests
from ims_spiders.login.origin import Fence
from ims_spiders.login.redaction import clean_address, configured_redaction
from ims_spiders.pages.urls import clean_url
from ims_spiders.pipelines.file_answers import not_a_file
from ims_spiders.pipelines.names import attachment_path, file_type
from ims_spiders.spiders import signals

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from ims_spiders.extensions.session import CrawlSession


class DurableFilesStore(FSFilesStore):
    """Scrapy's store on disk, with durable writes; a file that already holds these bytes is left alone."""

    async def persist_file(self, path: Any, buf: BytesIO, info: Any, meta: Any = None, headers: Any = None) -> None:  # type: ignore[override]
        """Write off the event loop. Raises StorageError, AttachmentError for a folder that leads elsewhere."""
        await asyncio.to_thread(self._write, Path(self._get_filesystem_path(path)), buf.getvalue())

    def _write(self, path: Path, content: bytes) -> None:
        # The folder of all attachments may be a link, to a larger disk; what is in it is of our making.
        if path.parent.is_symlink():
            raise AttachmentError(f"{path.parent} is a link to another folder, so nothing was written there; remove it")
        plain = path.is_file() and not path.is_symlink()
        if plain and path.stat().st_size == len(content) and path.read_bytes() == content:
            return
        write_durably(path, content)


class AttachmentsPipeline(FilesPipeline):
    """Fetches what the issue names. A file that cannot be had stays in the issue with the reason.

    Scrapy's own pipeline takes any answer with status 200 for the file, names files after their URL alone, and leaves
    failures out of the item: this one checks the answer, names by issue and number, and writes failures down.
    """

    STORE_SCHEMES: ClassVar[dict[str, Any]] = {
        **FilesPipeline.STORE_SCHEMES,
        "": DurableFilesStore,
        "file": DurableFilesStore,
    }

    def __init__(self, store_uri: Any, download_func: None = None, *, crawler: Crawler):
        super().__init__(store_uri, crawler=crawler)
        config = load_tracker_config()
        self._fence = Fence(config.base_url)
        self._secrets = configured_redaction()
        self._requests = AttachmentRequests(config, self._download)
        self._largest = crawler.settings.getint("IMS_ATTACHMENT_MAX_BYTES")
        self._useless_exact_requests = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> AttachmentsPipeline:
        """The store is the data folder, whatever FILES_STORE says: issues name their files relative to it."""
        cls._update_stores(crawler.settings)
        return cls(str(load_tracker_config().data_dir.absolute()), crawler=crawler)

    async def process_item(self, item: Issue) -> Issue:  # type: ignore[override]
        """Fetch all files of the issue that are not durable yet, side by side."""
        before = self._session().reusable_attachments(item)
        wanted = [attachment for attachment in item.attachments if not attachment.downloaded]
        await asyncio.gather(*(self._fetch(item, one, before.get((one.kind, one.file_id))) for one in wanted))
        return item

    async def _fetch(self, item: Issue, attachment: Attachment, stored: Attachment | None) -> None:
        attachment.file_type = file_type(attachment.filename)
        if stored is not None:
            _take_over(attachment, stored)
            self.inc_stats("uptodate")
            return
        if not self._on_tracker(attachment):
            # A picture that somebody linked from elsewhere: asking for it would tell others who reads what.
            attachment.download_error = f"not on the tracker ({self._fence.own}), so not fetched"
            return
        assert item.crawl is not None
        part = f"attachment:{attachment.kind}:{attachment.file_id}"
        if part in item.crawl.missing:
            item.crawl.missing.remove(part)
        try:
            response = await self._answer(item, attachment)
            await self._store(item, attachment, response)
        except StorageError as error:
            self._report(error, item, attachment)
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the issue is kept and the failure written down
            reason = self._secrets.clean(str(error) or type(error).__name__)
            attachment.downloaded = False
            attachment.download_error = reason
            item.crawl.missing.append(part)
            self._report(error, item, attachment)

    def _on_tracker(self, attachment: Attachment) -> bool:
        if attachment.kind != "INLINE" or (attachment.url or "").startswith("data:"):
            return True
        return self._fence.allows(attachment.url or "")

    async def _answer(self, item: Issue, attachment: Attachment) -> Response:
        if attachment.kind == "INLINE" and (attachment.url or "").startswith("data:"):
            return await asyncio.to_thread(_decode_data_uri, attachment.url or "")
        request = await self._requests.request_for(item.issue_id, item.url, attachment)
        response, reason = await self._try(request, item, attachment)
        if reason is None:
            return response
        if self._useless_exact_requests < 3:
            # The learned pattern may not hold for this file: ask its own page how it would be requested.
            exact = await self._exact(item, attachment)
            if exact is not None and (exact.url, exact.body) != (request.url, request.body):
                response, exact_reason = await self._try(exact, item, attachment)
                if exact_reason is None:
                    return response
            self._useless_exact_requests += 1
        raise AttachmentError(reason)

    async def _exact(self, item: Issue, attachment: Attachment) -> Request | None:
        try:
            return await self._requests.exact_request_for(item.issue_id, item.url, attachment)
        except AttachmentUnlearned:
            return None

    async def _try(self, request: Request, item: Issue, attachment: Attachment) -> tuple[Response, str | None]:
        """The answer, and why it is not the file."""
        # For whoever looks at the requests: nothing else says which issue a file is of (extensions/pages.py).
        request.meta["ims_file_of"] = item
        request.meta["download_maxsize"] = self._largest
        # Files are mostly packed already, and their declared length then is the length that was asked for.
        request.headers["Accept-Encoding"] = "identity"
        response = await self._download(request)
        # The request that was answered in the end: a repetition is another one than that which was sent first.
        answered = response.request or request
        return response, not_a_file(response, attachment, answered.meta.get("ims_wire_bytes"))

    async def _store(self, item: Issue, attachment: Attachment, response: Response) -> None:
        path = attachment_path(item.issue_id, attachment, item.attachments)
        await self.store.persist_file(path, BytesIO(response.body), self.spiderinfo)  # type: ignore[misc]
        self.inc_stats("downloaded")
        attachment.downloaded = True
        attachment.download_error = None
        attachment.download_url = None if response.url.startswith("data:") else own_address(response.url)
        attachment.file_path = path
        attachment.file_size = len(response.body)
        attachment.sha256 = hashlib.sha256(response.body).hexdigest()
        self.crawler.stats.inc_value("ims/attachments/downloaded")
        self.crawler.stats.inc_value("ims/attachments/bytes", len(response.body))

    async def _download(self, request: Request) -> Response:
        return await self.crawler.engine.download_async(request)

    def _session(self) -> CrawlSession:
        from ims_spiders.extensions.session import CrawlSession

        session = CrawlSession.of(self.crawler)
        assert session is not None
        return session

    def _report(self, error: Exception, item: Issue, attachment: Attachment) -> None:
        if isinstance(error, CrawlEnding):
            return
        named = error if isinstance(error, StorageError) else _named(error, attachment)
        self.crawler.signals.send_catch_log(
            signals.problem,
            error=named,
            url=attachment.download_url or item.url,
            issue_id=item.issue_id,
            severity="error",
        )


def own_address(url: str) -> str:
    """Where a file was, without the number of the session that asked for it."""
    return clean_address(clean_url(url))


def _take_over(attachment: Attachment, stored: Attachment) -> None:
    for name in (
        "downloaded",
        "download_url",
        "file_path",
        "file_size",
        "sha256",
        "text_extracted",
        "text_status",
        "text_error",
        "extracted_text",
    ):
        setattr(attachment, name, getattr(stored, name))


def _decode_data_uri(uri: str) -> Response:
    with urlopen(uri) as answer:  # noqa: S310 - a data: URI holds its own content, nothing is opened
        return Response("data:,", body=answer.read())


def _named(error: Exception, attachment: Attachment) -> AttachmentError:
    named = AttachmentError(f"{attachment.filename}: {error or type(error).__name__}")
    named.__cause__ = error
    return named
