"""The issue page: one issue with everything that its page shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from ims_spiders.exceptions import IssueNotAvailable, MissingField
from ims_spiders.items import Attachment, Comment, HistoryEntry, Issue
from ims_spiders.pages.attachments import parse_attachments, parse_images
from ims_spiders.pages.base import Page
from ims_spiders.pages.comments import comment_bodies, parse_comments
from ims_spiders.pages.document import SECTIONS, has_class, within
from ims_spiders.pages.history import parse_history
from ims_spiders.pages.html import element_to_text
from ims_spiders.pages.javascript import alerts, attribute_calls, calls
from ims_spiders.pages.source import original_inner
from ims_spiders.pages.tables import labelled_values
from ims_spiders.pages.text import label_key, numbered, shown_text
from ims_spiders.pages.urls import tracker_url
from ims_spiders.pages.values import Person, parse_people, parse_time

_NUMBER = f"//*[{has_class('issueNumber')}][not({within(*SECTIONS)})]"
_MARKS = f"//*[{has_class('tableHeaderTitle')}] | //*[" + " or ".join(f"@id='{name}'" for name in SECTIONS) + "]"
_HEADING = re.compile(r"\s*Issue\s+Description\b[ \t]*[:：]?[ \t]*\n*", re.IGNORECASE)
_DOCUMENT = re.compile(r"<(?:!doctype|html|body)\b", re.IGNORECASE)
_PATCH_LIST = "popupPatchList"
_TEXT_FIELDS = {
    "product": ("product",),
    "version": ("version",),
    "module": ("module",),
    "status": ("status",),
    "priority": ("priority",),
    "severity": ("severity",),
    "issue_type": ("category",),
    "project_code": ("project code",),
    "project_name": ("project", "project name"),
    "site": ("site",),
    "customer": ("customer",),
    "build_no": ("build no",),
    "patch_no": ("patch no",),
    "patch_version": ("patch version",),
    "found_version": ("found version",),
    "fixed_version": ("fixed version",),
    "target_version": ("target version",),
    "error_code": ("error code",),
    "bug_number": ("bug number",),
}
"""Fields of the item that are texts, with the labels they may stand under."""

_TIME_FIELDS = {
    "registered_date": ("registered date", "issued date"),
    "modified_date": ("modified date", "last modified date", "updated date"),
    "final_order_date": ("date of final order",),
    "closed_date": ("closed date",),
}
_PEOPLE_FIELDS = ("reporter", "owner", "handler", "manager")


@dataclass(frozen=True, slots=True)
class PatchListCall:
    """What a link to a patch list asks for."""

    project_code: str
    site_code: str
    product_code: str
    project_name: str
    site_name: str

    def url(self, base_url: str) -> str:
        """Where that patch list is."""
        parameters = [
            ("projectCode", self.project_code),
            ("siteCode", self.site_code),
            ("productCode", self.product_code),
            ("projectName", self.project_name),
            ("siteName", self.site_name),
        ]
        return tracker_url(base_url, "/ims/patch/patchList.do", parameters)


def issue_url(base_url: str, issue_id: str) -> str:
    """Where an issue's page is."""
    return tracker_url(base_url, "/ims/issue/issueView.do", [("issueId", issue_id), ("menuCode", "issue_search")])


class IssuePage(Page):
    """An issue's page, its times in the zone `timezone`.

    Raises IssueNotAvailable for the page that says so in an alert, MissingField for an issue page without its
    number, UnexpectedPage for any other page or one that breaks off.
    """

    def __init__(self, html: str, url: str, timezone: str = "Asia/Seoul"):
        self.zone = ZoneInfo(timezone)
        super().__init__(html, url)

    def check(self) -> None:
        """Raise unless this is a whole issue page."""
        if not self.selector.xpath(_NUMBER):
            self._refuse_without_number()
        super().check()

    def _refuse_without_number(self) -> None:
        # A bare script is whole without the end of a document; a document that breaks off says nothing of the issue.
        if _DOCUMENT.search(self.html) or not self.html.strip():
            super().check()
        if self.selector.xpath(_MARKS):
            raise MissingField(f"{self.url}: an issue page without its number (span.issueNumber)")
        messages = alerts(self.selector)
        if messages:
            raise IssueNotAvailable(
                f"{self.url}: the tracker does not show this issue: {messages[0] or 'no reason given'}"
            )
        raise self.unexpected("it has no issue number (span.issueNumber)")

    @cached_property
    def issue_id(self) -> str:
        """The issue's number. Raises MissingField when there are no digits where it belongs."""
        for item in self.selector.xpath(_NUMBER):
            found = re.search(r"(?<!\d)\d{1,12}(?!\d)", shown_text(item.root), re.ASCII)
            if found:
                return found[0]
        raise MissingField(f"{self.url}: span.issueNumber holds no number")

    @cached_property
    def fields(self) -> dict[str, str]:
        """Every label and its value as printed; a label that comes again is kept as `Label (2)`."""
        return numbered(self._labelled)

    @cached_property
    def _labelled(self) -> list[tuple[str, str]]:
        return labelled_values(self.selector)

    @cached_property
    def _by_key(self) -> dict[str, str]:
        """The first value under each label, by the label as it is compared."""
        values: dict[str, str] = {}
        for label, value in self._labelled:
            values.setdefault(label_key(label), value)
        return values

    def value(self, *labels: str) -> str | None:
        """The first value under one of the labels (lower case) that is not empty."""
        return next(filter(None, (self._by_key.get(label) for label in labels)), None)

    def title(self) -> str:
        """The issue's subject. Raises MissingField when it has none."""
        subject = self.value("subject")
        if not subject:
            raise MissingField(f"{self.url}: issue {self.issue_id} has no Subject")
        return subject

    def people(self, label: str) -> Person:
        """Name and address under a label."""
        return parse_people(self.value(label) or "")

    def time(self, *labels: str) -> datetime | None:
        """The time under one of the labels; None when there is none that can be read."""
        return parse_time(self.value(*labels) or "", self.zone)

    def description(self) -> str:
        """The description as text, without the words "Issue Description" that may open it."""
        text = "\n\n".join(filter(None, map(element_to_text, self.document.description)))
        return _HEADING.sub("", text, count=1) if _HEADING.match(text) else text

    def description_html(self) -> str:
        """The content of the description's cell as the tracker sent it."""
        cells = self.document.description
        return "\n".join(original_inner(self.html, cell, after="IssueDescriptionDiv") for cell in cells)

    @cached_property
    def comments(self) -> list[Comment]:
        """The comments, oldest first."""
        return parse_comments(self.document, self.html, self.zone)

    def history(self) -> list[HistoryEntry]:
        """The history, oldest first."""
        return parse_history(self.selector, self.zone)

    def attachments(self) -> list[Attachment]:
        """Files first, then the images of the description and of the comments; each image once."""
        images: dict[str, Attachment] = {}
        for cell in self.document.description:
            for image in parse_images(cell, self.url, "description"):
                images.setdefault(image.file_id, image)
        for number, body in comment_bodies(self.document):
            for image in parse_images(body, self.url, f"comment:{number}"):
                images.setdefault(image.file_id, image)
        return [*parse_attachments(self.selector), *images.values()]

    def patch_lists(self) -> list[PatchListCall]:
        """The patch lists that the page links to, each once."""
        found = [call.arguments for call in attribute_calls(self.selector, _PATCH_LIST)]
        for script in self.selector.xpath("//script/text()").getall():
            found.extend(calls(script, _PATCH_LIST))
        return list(dict.fromkeys(PatchListCall(*arguments) for arguments in found if len(arguments) == 5))

    def to_item(self) -> Issue:
        """The issue; where it was found and what it is related to are for others to add. Raises MissingField."""
        people = {name: self.people(name) for name in _PEOPLE_FIELDS}
        return Issue(
            issue_id=self.issue_id,
            title=self.title(),
            url=self.url,
            description=self.description(),
            description_html=self.description_html(),
            fields=self.fields,
            comments=self.comments,
            history=self.history(),
            attachments=self.attachments(),
            **{name: self.value(*labels) for name, labels in _TEXT_FIELDS.items()},  # type: ignore[arg-type]
            **{name: self.time(*labels) for name, labels in _TIME_FIELDS.items()},  # type: ignore[arg-type]
            **{name: person.name for name, person in people.items()},  # type: ignore[arg-type]
            **{f"{name}_email": person.email for name, person in people.items()},  # type: ignore[arg-type]
        )
