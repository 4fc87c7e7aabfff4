"""Tests of ims_spiders.extensions."""
