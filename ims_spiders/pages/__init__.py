"""Page objects, one a kind of page: pure functions and classes from text to items. No network, settings or database."""
