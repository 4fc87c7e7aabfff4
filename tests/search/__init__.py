"""Tests of the archive search."""
