"""Tests of the resources, on real files and real processes."""
