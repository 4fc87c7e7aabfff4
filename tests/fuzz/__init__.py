"""Fuzzing: a target takes bytes and fails when something does not hold. Hypothesis and atheris drive the same ones."""
