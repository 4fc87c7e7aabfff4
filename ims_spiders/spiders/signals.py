"""Signals of this project, in Scrapy's sense."""

problem = object()
"""Something was not had. Sent with `error` (the exception), `url`, and where known `issue_id`, `severity` (instead of
the error's own) and `response` (the page to keep aside)."""

search_ended = object()
"""The last result page was read. Sent with `total` (what the tracker declared) and `found` (distinct hits)."""
