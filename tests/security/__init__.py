"""What a crawl refuses: to go elsewhere, to change anything, to tell what is secret."""
