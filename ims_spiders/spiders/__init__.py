"""The crawl itself: where it starts, what it follows, what it yields."""
