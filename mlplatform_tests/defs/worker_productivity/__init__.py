"""Tests of the use case worker_productivity."""
