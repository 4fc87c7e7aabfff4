"""Planted bugs: each is a small change of the product that some test has to notice."""
