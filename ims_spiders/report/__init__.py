"""Reports on the archive: what a search found and how it developed, and what the archive is used for."""
