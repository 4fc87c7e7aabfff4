"""Tests of the archive in a browser."""
