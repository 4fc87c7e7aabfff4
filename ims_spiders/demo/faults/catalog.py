"""Every fault that there is: name, what it does, which requests it concerns, its parameters."""

from __future__ import annotations

from dataclasses import dataclass, field

ANYWHERE = r"^/tody/(?!auth/|resources/|loop/)"
ISSUE = r"/issueView\.do"
RESULTS = r"/issueSearchList\.do.*reSearchYN=Y"
LOGIN = r"^/tody/auth/login\.do"
FILES = r"(?i)^/tody/.*(download|/files/)"

Default = str | int | float


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault. `path` is the regular expression that it is limited to unless a rule says otherwise."""

    name: str
    summary: str
    path: str = ANYWHERE
    parameters: dict[str, Default] = field(default_factory=dict)
    count: int | None = None
    """How often it happens when a rule does not say when; None: to every request."""


_ALL = (
    Fault(
        "status",
        "answers with an HTTP error; `retry_after` in seconds, or with a plus as the date in so many seconds",
        parameters={"code": 503, "retry_after": ""},
    ),
    Fault("reset", "resets the connection in the middle of the body"),
    Fault(
        "short_body",
        "sends half of the body, then closes; the end is marked by length, by chunks, or by none but the closing",
        parameters={"end": "length"},
    ),
    Fault("hang", "never answers", parameters={"seconds": 3600.0}),
    Fault("drip", "sends the body byte by byte", parameters={"interval": 1.0}),
    Fault("outage", "stops listening for a while, cutting every connection", parameters={"seconds": 5.0}, count=1),
    Fault("redirect_loop", "redirects in a circle"),
    Fault("stack_trace", "answers 200 with a Java stack trace"),
    Fault("slow", "answers late", parameters={"seconds": 2.0}),
    Fault("expire_at", "ends all sessions just before the request is looked at", count=1),
    Fault("login_form_200", "ends all sessions; whoever is not logged in gets the login form with status 200", count=1),
    Fault("login_refuse", "refuses every login", path=LOGIN),
    Fault("login_refuse_later", "refuses logins after the first ones", path=LOGIN, parameters={"accept": 1}),
    Fault(
        "swap_user",
        "pages carry another user's name from then on",
        parameters={"user": "intruder", "name": "Mallory Swapped"},
        count=1,
    ),
    Fault("missing_field", "an issue page without one of its labels", path=ISSUE, parameters={"label": "Subject"}),
    Fault("no_number", "an issue page without its number", path=ISSUE),
    Fault(
        "wrong_charset",
        "a body in another encoding than declared; with an empty `declared` the page declares none",
        path=ISSUE,
        parameters={"encoding": "cp949", "declared": "utf-8"},
    ),
    Fault("nul_bytes", "NUL bytes in the description", path=ISSUE),
    Fault("empty_page", "a result page without rows although its total says otherwise", path=RESULTS),
    Fault("no_results", "a result page with its form alone: no total, no rows", path=RESULTS),
    Fault("hide_rows", "the first rows of a result page are not shown", path=RESULTS, parameters={"rows": 1}),
    Fault(
        "vanish_rows",
        "the first issues of the list are listed no longer just before the page is made; they are still there",
        path=RESULTS,
        parameters={"rows": 1},
        count=1,
    ),
    Fault(
        "shift_rows",
        "new issues arrive just before the page is made",
        path=RESULTS,
        parameters={"rows": 1, "scenario": "tpetime"},
        count=1,
    ),
    Fault(
        "edit_between",
        "the issue is edited just before its page is made",
        path=ISSUE,
        parameters={"label": "Subject"},
        count=1,
    ),
    Fault("html_attachment", "an HTML page with status 200 in place of a file", path=FILES),
    Fault("empty_attachment", "no bytes in place of a file", path=FILES),
    Fault("endless_script", "a page whose script never arrives: the navigation does not end", path=ISSUE),
    Fault(
        "same_names",
        "new issues with two files of one name, and with a file and a patch file of one number",
        parameters={"issues": 1},
    ),
    Fault("xss", "new issues at the top with script in every text", parameters={"issues": 3}),
    Fault("hostile_names", "new issues with attachments whose names are traps", parameters={"issues": 2}),
    Fault("hostile_links", "new issues whose images lie on other hosts or in local files", parameters={"issues": 2}),
    Fault("bombs", "a new issue with zip, gzip and PDF bombs attached", parameters={"megabytes": 200}),
)
FAULTS: dict[str, Fault] = {fault.name: fault for fault in _ALL}
