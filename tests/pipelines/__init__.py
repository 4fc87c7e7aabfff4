"""Tests of ims_spiders.pipelines."""
