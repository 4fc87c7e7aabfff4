"""Queries: the syntax, the rules, the readings."""
