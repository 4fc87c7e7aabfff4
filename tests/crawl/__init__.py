"""Whole crawls against the demo tracker."""
