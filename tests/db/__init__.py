"""Tests of where the archive lies: files, server, schema, projection, load, writer."""
