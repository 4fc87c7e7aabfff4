"""Faults that the demo tracker can be told to have."""
