"""A report as Markdown: for an assistant to read, or a wiki to show."""

from __future__ import annotations

import re

from ims_spiders.report.model import Report
from ims_spiders.report.templates import markdown_environment


def report_markdown(report: Report) -> str:
    """The Markdown, ending with a line end."""
    text = markdown_environment().get_template("report.md.j2").render(report=report)
    return re.sub(r"\n+\Z", "\n", text)
