"""Getting in: the browser, the login, the saved state, and how attachments are requested."""
