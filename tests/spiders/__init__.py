"""Tests of ims_spiders.spiders."""
