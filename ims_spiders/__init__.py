"""Copies an IMS issue tracker into files and a PostgreSQL archive."""
