"""Settings of the property tests of this folder."""

from hypothesis import settings

# Two cores are shared by all that runs: how long one example takes says nothing about the code.
settings.register_profile("pages", deadline=None)
settings.load_profile("pages")
