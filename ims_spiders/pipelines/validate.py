"""First: is it what an issue must be? What is not goes to quarantine with its reasons, and is never stored."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from scrapy.exceptions import DropItem

from ims_spiders.exceptions import MissingField
from ims_spiders.items import Issue, issue_adapter
from ims_spiders.spiders import signals

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class ValidationPipeline:
    """Checks an issue against the annotations of items.py with pydantic.

    Required: the number, a title that is more than blanks, aware times. Cleaned: blanks around the title, and halves
    of characters (lone surrogates, which no encoding can write). Refused: all else; the issue is then reported as a
    parsing error with each field and reason, and kept in the session's quarantine.
    """

    def __init__(self, crawler: Crawler):
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ValidationPipeline:
        """Made by Scrapy."""
        return cls(crawler)

    def process_item(self, item: Issue) -> Issue:
        """Returns the checked issue. Raises DropItem for one that is refused."""
        try:
            # As plain values: pydantic takes an instance of the very class for checked already.
            checked = issue_adapter().validate_python(_cleaned(asdict(item)))
        except ValidationError as error:
            reasons = "; ".join(_reason(problem) for problem in error.errors(include_input=False, include_url=False))
            refused = MissingField(f"issue {item.issue_id} is not complete: {reasons}")
            self._crawler.signals.send_catch_log(
                signals.problem, error=refused, url=item.url, issue_id=item.issue_id, item=item
            )
            raise DropItem(str(refused)) from error
        return checked


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_cleaned(one) for one in value]
    return value


def _reason(problem: object) -> str:
    assert isinstance(problem, dict)
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
