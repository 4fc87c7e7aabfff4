"""Tests of ims_spiders.middlewares."""
