"""Tests of the page objects."""
