"""Scrapyd as this project runs it: its configuration, password, services and jobs, and how a version gets there."""
