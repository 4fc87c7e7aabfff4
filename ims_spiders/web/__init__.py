"""The archive in a browser: pages rendered here, of which no script is needed, for one user of the archive."""
