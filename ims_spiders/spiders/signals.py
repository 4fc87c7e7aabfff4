"""Signals of this project, in Scrapy's sense."""

problem = object()
"""Something was not had. Sent with `error` (the exception), `url`, and where known `issue_id`, `severity` (instead of
the error's own) and `response` (the page to keep aside)."""

query_read = object()
"""A query was read, before anything is searched for. Sent with `reading` and `product` (what holds of the argument and
the reading; '' for all)."""

search_ended = object()
"""The last result page was read. Sent with `total` (what the tracker declared, without the issues of other days that
were met), `found` (distinct hits) and `complete` (whether everything that answers the question was listed)."""

unlisted_asked = object()
"""What became of asking for an issue that the search lists no longer. Sent with `issue_id`, `url`, `error` (None: the
issue is there; IssueNotAvailable: the tracker says it is not; any other: nothing is known) and, for a page that could
not be read, `response`."""

session_ended = object()
"""The session's record is final, in its file and as far as possible in the database. Sent with `record`; the crawl
waits for coroutines that handle it."""
