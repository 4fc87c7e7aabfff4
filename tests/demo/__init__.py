"""Tests of the demo tracker."""
