"""What watches the crawl: the session's record, errors, progress, the feed's form."""
