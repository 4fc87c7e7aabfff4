"""For scrapyd-client, which builds eggs with nothing else; what is in the package says pyproject.toml."""

from setuptools import setup

setup()
